"""Answers of Yunxin's REST API, v1 and v2, read into outcomes. Source: "Yunxin: Server API status codes"."""

import re
from typing import Any

from msgspec import Struct

from converters.core import wire
from converters.core.lenient import Word, milliseconds, word
from converters.core.outcome import Delivered, NotSent, Outcome, Refused, Unsure
from converters.core.quoted import quoted_text
from converters.platform import Answered, Partial, Reply, Request
from converters.platforms.yunxin.batches import apart, asked, failed, halved, lost
from converters.platforms.yunxin.register import ALREADY, REGISTER

_BLOCKED = 10.0  # seconds for which the API stays closed after too many calls

_LATER = {449, 503}
# Refused as busy, before any work; and the repeat goes under the same RequestId, within the 60 s in which a first one
# that did arrive after all is only answered again.
_UNKNOWN = {408, 415, 500, 514}
_REPEATED = {431, 107306}
_OURS = {315, 402, 101303, 102434, 107410}
_PERHAPS = {403, 414}
"""About the message or about us: their text decides. Nothing is published of the texts but "CurTime not long"; a message that is
refused names a parameter or a user."""
_ABOUT_US = re.compile(
    r"check ?sum|cur ?time|nonce|signature|http header|app[ _]?(key|secret)|white ?list|\bip (is|not|address|forbid)|arrears|overdue"
    r"|(app|package|service|license) (is |has |was )?(been )?(expired|disabled|closed|suspended|forbidden)|欠费|到期|白名单|签名|校验",
    re.IGNORECASE,
)
_GATEWAY = {401, 402, 403, 407}
"""The API itself answers 200; these come from what stands before it, and are about who calls."""
_WORDS = {
    315: "our address is not allowed",
    402: "bad checksum",
    403: "forbidden",
    404: "no such account or team",
    414: "bad parameter",
    422: "account disabled",
    423: "account muted",
    463: "refused by the app's callback",
    7101: "blocked by the receiver",
    508: "too late",
    801: "team is full",
    802: "no permission in the team",
    803: "no such team",
    804: "not in the team",
    806: "too many teams",
    814: "no receipts in the team",
    815: "too many managers",
    812: "team muted",
    13004: "muted in the room",
    101303: "unknown AppKey",
    102404: "no such account",
    102421: "account muted",
    102422: "account disabled",
    102426: "blocked by the receiver",
    102434: "the plan's accounts are used up",
    107410: "messaging disabled for the app",
    107451: "refused by moderation",
    107302: "no receipts in the team",
    107314: "too late",
    107315: "recall not allowed",
    107404: "no such message",
    109306: "no permission in the team",
    109427: "not the owner",
    109432: "not a manager",
    108404: "no such team",
    108423: "team muted",
    109404: "not in the team",
    109424: "member muted",
}


# What is asked for is so already, or there is nothing left to do it to.
_MESSAGE_GONE = {404, 107404}
_DONE: dict[str, set[int]] = {
    "msg/recall": _MESSAGE_GONE,
    "superteam/recallMsg": _MESSAGE_GONE,
    "chatroom/recall": _MESSAGE_GONE,
    "v2/recall": _MESSAGE_GONE,
    "v2/quick_comment": {107404},
    "team/add": {808, 809, 810, 813, 109311},
    "superteam/invite": {808, 809, 810, 813, 109311},
    "team/kick": {804, 109404},
    "superteam/kick": {804, 109404},
    "team/leave": {803, 804, 108404, 109404},
    "superteam/leave": {803, 804, 108404, 109404},
    "team/remove": {803, 108404},
    "superteam/dismiss": {803, 108404},
    "friend/add": {104405},
    "friend/delete": {104404},
}
_ONE_OF_THEM = {404, 414, 422, 801, 804, 806, 102404, 102422, 109404}
"""What one of several users can be refused for, and all of them with that one: who it is stands in no field of its own."""
_ACTS = _DONE.keys() | {
    "msg/sendAttachMsg",
    "superteam/sendAttachMsg",
    "v2/custom_notification",
    "v2/modifyMsg",
    "msg/markReadMsg",
    "msg/markReadTeamMsg",
    "v2/quick_comment",
    "v2/p2p_read_receipt",
    "v2/team_read_receipt",
    "user/setSpecialRelation",
    "team/update",
    "superteam/updateTinfo",
    "team/changeOwner",
    "superteam/changeOwner",
    "team/addManager",
    "superteam/addManager",
    "team/removeManager",
    "superteam/removeManager",
    "team/muteTlist",
    "superteam/muteTlist",
    "team/muteTlistAll",
    "superteam/mute",
    "chatroom/toggleCloseStat",
    "chatroom/muteRoom",
    "chatroom/setMemberRole",
    "chatroom/update",
    "chatroom/kickMember",
    REGISTER,
}
"""Calls that add no message, and whose answer holds no id."""
_EDITED_TOO_OFTEN = 107449
_REPEATABLE = _ACTS - {"msg/sendAttachMsg", "superteam/sendAttachMsg", "v2/custom_notification"}


class _Answer(Struct, frozen=True):
    code: Word = None
    desc: Any = None
    msg: Any = None
    """What v2 calls `desc`."""
    data: Any = None
    tid: Word = None
    faccid: Any = None
    """Who could not be added, and why."""
    accids: Any = None
    """The same, in another word."""


def read_reply(request: Request, reply: Reply) -> Answered:
    """What became of one call; of a send v1 puts a room's answer into `desc`, everything else lies in `data`."""
    if reply.status != 200:
        return _not_answered(reply.status)
    try:
        answer = wire.load(reply.body, _Answer)
        code = int(word(answer.code))
    except (wire.Malformed, ValueError):
        return Unsure("unreadable answer")
    if code != 200:
        if request.api == REGISTER and answer.desc == ALREADY:
            return Delivered("")
        return _refused(request, code, next((text for text in (answer.desc, answer.msg) if isinstance(text, str)), ""))
    if request.api in _ACTS:
        return _acted(request, answer, Delivered(""))
    if request.api == "team/create":
        made = word(answer.tid)
        return _acted(request, answer, Delivered(made)) if made else Unsure("unreadable answer")
    held = answer.desc if request.api == "chatroom/sendMsg" else answer.data
    if not isinstance(held, dict):
        return Unsure("unreadable answer")
    remote_id = next((held[name] for name in ("msgid", "message_server_id", "msgid_client") if held.get(name)), None)
    if not isinstance(remote_id, str | int):
        return Unsure("unreadable answer")
    at = milliseconds(held.get("timetag") or held.get("create_time") or held.get("time"), 0)
    return Delivered(word(remote_id), at or None)


def _acted(request: Request, answer: _Answer, done: Delivered) -> Answered:
    """200, and perhaps not for each of whom it is about."""
    refused = failed(answer.faccid) | failed(answer.accids)
    if isinstance(answer.data, dict):
        if answer.data.get("errMsgIds"):
            return Refused("code 200: the message is not marked")
        refused |= failed(answer.data.get("failed_list"))
    if not refused:
        return done
    users = asked(request)
    some = request.api == "team/create" or not users or any(user.lower() not in refused for user in users)
    return Partial(done=done if some else None, losses=lost(users, refused), reason="code 200: not for all")


def _refused(request: Request, code: int, desc: str) -> Answered:
    users = asked(request)
    stranger = desc.removesuffix("not register").strip() if desc.endswith("not register") else ""
    if stranger and (without := apart(request, stranger, "account not registered")) is not None:
        return without
    if len(users) > 1 and code in _ONE_OF_THEM and (halves := halved(request)) is not None:
        return halves
    if code in _DONE.get(request.api, ()) or (code == 417 and request.api in _REPEATABLE):
        return Delivered("")
    outcome = _failed(request, code, desc)
    if len(users) == 1 and code in _ONE_OF_THEM and isinstance(outcome, Refused) and request.api != "team/create":
        return Partial(losses=lost(users), reason=outcome.reason)
    return outcome


def _not_answered(status: int) -> Outcome:
    if status == 429:
        return NotSent("http 429", _BLOCKED, throttled=True)
    if status in _GATEWAY:
        return NotSent(f"http {status}: who calls is refused", ours=True)
    if 400 <= status < 500 and status != 408:
        return Refused(f"http {status}")
    return Unsure(f"http {status}")


def _failed(request: Request, code: int, desc: str) -> Outcome:
    if code == 416:
        return NotSent("code 416: too many calls", _BLOCKED, throttled=True)
    if code == _EDITED_TOO_OFTEN:
        return NotSent(f"code {code}: edited too often", 1.0, alone=True)
    if code in _LATER or code == 107323 or (code > 100_000 and code % 1000 == 449):
        return NotSent(f"code {code}: busy", throttled=code == 107323)
    if code in _REPEATED:
        return Unsure("repeated")  # an earlier one was taken; what became of it is not said
    if code in _UNKNOWN:
        return Unsure(f"code {code}")
    said = _WORDS.get(code)
    if desc.endswith("not register"):
        said = "account not registered"  # the text itself begins with the user's id
    elif code in _PERHAPS and quoted_text(_ABOUT_US, desc, request):
        return NotSent(f"code {code}: our key, signature, clock, address or plan", ours=True)
    reason = f"code {code}: {said}" if said else f"code {code}"
    return NotSent(reason, ours=True) if code in _OURS else Refused(reason)
