"""Every object name that RongCloud's SDKs register has a fate, and it is the one that the table says."""

import json
from typing import Any

import pytest

from converters import PLATFORMS
from converters.core.operations import kind_of
from converters.platform import Callback, DecodedEvent, Ignored
from converters.platforms.rongcloud.object_names import IGNORED, NOTES, NOTES_CHINESE, READ, table
from tests.converters.shapes import NOW, body, message

ACCOUNT = PLATFORMS["rongcloud"].example()

WEB = """
RC:CCConfigChangeRequestMsg RC:CSCha RC:ChrmBanMsg RC:ChrmBlockMsg RC:ChrmMemChange RC:ChrmSyncMsg RC:CmdMsg RC:CmdNtf RC:CombineMsg RC:CombineV2Msg RC:ContactNtf
RC:CsChaR RC:CsContact RC:CsEnd RC:CsEva RC:CsHs RC:CsHsR RC:CsSp RC:CsUpdate RC:DRMsg RC:Delivered RC:FileMsg RC:GIFMsg RC:GrpNtf RC:HQVCMsg RC:ImgMsg RC:ImgTextMsg
RC:InfoNtf RC:InterceptMsg RC:LBSMsg RC:LogCmdMsg RC:MsgExMsg RC:PSCmd RC:PSImgTxtMsg RC:PSMultiImgTxtMsg RC:ProfileNtf RC:RL RC:RLEnd RC:RLJoin RC:RLQuit RC:RLStart
RC:RRMsg RC:RRReqMsg RC:RRRspMsg RC:RSMsg RC:RcCmd RC:RcNtf RC:ReadNtf RC:ReferenceMsg RC:SRSMsg RC:SightMsg RC:StreamMsg RC:TxtMsg RC:TypSts RC:VCAccept RC:VCHangup
RC:VCInvite RC:VCModifyMedia RC:VCModifyMem RC:VCRinging RC:VCSummary RC:VcMsg RC:chrmKVNotiMsg RCJrmf:RpMsg RCJrmf:RpOpendMsg
"""
"""The web engine, 5.38.0."""
RTC = """
RCRTC:ModifyResource RCRTC:PublishResource RCRTC:RoomNtf RCRTC:TotalContentResources RCRTC:UnpublishResource RCRTC:UserNtf RCRTC:answerInvite RCRTC:cancelInvite
RCRTC:endInvite RCRTC:invite RCRTC:inviteTimeout RCRTC:kick RCRTC:otherRoomOffline RCRTC:state
"""
"""The web plug-in for rooms of sound and pictures, 5.4.1."""
NATIVE = """
RC:CardMsg RC:StkMsg RC:CallAISummary RC:CsCha RC:CsLM RC:CsPLM RC:CsPullEva RC:DizNtf RC:OldMsgNtf RC:UIUMsg RC:UnknownMsg RC:VSTMsg RC:IWNormalMsg RC:IWStorageMsg
RC:IWCmdMsg RC:IWStatusMsg
"""
"""The iOS frameworks and the kits of iOS and Android of 2026, and the wrappers for Flutter and Unity."""

FILE = {"name": "a.pdf", "size": 10, "type": "pdf", "fileUrl": "https://x.example/a.pdf"}
SAMPLES: dict[str, Any] = {
    "RC:ImgMsg": {"content": "", "imageUri": "https://x.example/1.jpg"},
    "RC:GIFMsg": {"remoteUrl": "https://x.example/1.gif"},
    "RC:VcMsg": {"content": "IyFBTVIK", "duration": 1},
    "RC:HQVCMsg": {"remoteUrl": "https://x.example/1.aac", "duration": 1},
    "RC:SightMsg": {"sightUrl": "https://x.example/1.mp4"},
    "RC:FileMsg": FILE,
    "RC:LBSMsg": {"latitude": 1, "longitude": 2},
    "RC:ImgTextMsg": {"title": "t", "url": "https://x.example"},
    "RC:CardMsg": {"userId": "u2"},
    "RC:CombineMsg": {"summaryList": ["bob: hi"]},
    "RC:CombineV2Msg": {"summaryList": ["bob: hi"]},
    "RC:StreamMsg": {"content": "x", "complete": True},
    "RC:PSImgTxtMsg": {"articles": [{"title": "t", "url": "https://x.example"}]},
    "RC:PSMultiImgTxtMsg": {"articles": [{"title": "t", "url": "https://x.example"}]},
    "RC:RcCmd": {"messageUId": "A", "conversationType": 1, "targetId": "bob"},
    "RC:ReadNtf": {"messageUId": "A", "lastMessageSendTime": 1},
    "RC:RRRspMsg": {"receiptMessageDic": {"bob": ["A"]}},
    "RC:ContactNtf": {"operation": "Request", "sourceUserId": "alice", "targetUserId": "bob"},
    "RC:GrpNtf": {"operation": "Rename", "message": "renamed"},
    "RC:UnknownMsg": {"x": 1},
}


def decoded(name: str) -> Any:
    content = SAMPLES.get(name, {"content": "hi", "message": "hi", "bqmmContent": "hi"})
    said = message("rongcloud") | {"objectName": name, "content": json.dumps(content)}
    (one,) = PLATFORMS["rongcloud"].decode(Callback("app", body("rongcloud", said), NOW), ACCOUNT)
    return one


def test_every_name_of_the_sdks_has_one_fate() -> None:
    named = set((WEB + RTC + NATIVE).split())
    assert named - set(READ) - set(IGNORED) == set()
    assert not set(READ) & set(IGNORED)
    assert set(NOTES) == set(NOTES_CHINESE)
    assert set(NOTES) <= set(READ)


@pytest.mark.parametrize("name", sorted(READ))
def test_what_is_said_to_be_read_is(name: str) -> None:
    one = decoded(name)
    assert isinstance(one, DecodedEvent), one
    assert kind_of(one.event.operation) == READ[name]


@pytest.mark.parametrize("name", sorted(IGNORED))
def test_what_is_said_to_be_passed_by_is(name: str) -> None:
    assert decoded(name) == Ignored(IGNORED[name])


def test_the_table_has_a_row_for_each() -> None:
    rows = table("en").splitlines()[2:]
    assert len(rows) == len(READ) + len(IGNORED)
    assert "| RC:RLJoin | passed by, counted as `live-location` |" in rows
