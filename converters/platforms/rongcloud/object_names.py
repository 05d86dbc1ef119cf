"""Every object name that RongCloud's SDKs register, and what becomes of a message of it: printed into docs/fidelity.md.

Source: the web engine 5.38 (its list of kinds), the iOS frameworks and kits of 2026, the Android kits of 2026, the wrappers for
Flutter and Unity, "RongCloud: Message types". The decoder asks this table what to pass by; the rest of it is held by a test.
"""

from converters.text.fallback_text import Language

IGNORED = {
    "RC:SRSMsg": "sync",
    "RC:RSMsg": "sync",
    "RC:RRReqMsg": "receipt-request",
    "RC:Delivered": "delivery-receipt",
    "RC:DRMsg": "delivery-receipt",
    "RC:RRMsg": "sdk-internal",
    "RC:LogCmdMsg": "sdk-internal",
    "RC:InterceptMsg": "sdk-internal",
    "RC:CCConfigChangeRequestMsg": "sdk-internal",
    "RC:RcNtf": "recall-notice",
    "RC:OldMsgNtf": "local-notice",
    "RC:ProfileNtf": "profile",
    "RC:UIUMsg": "profile",
    "RC:MsgExMsg": "expansion",
    "RC:chrmKVNotiMsg": "room-attribute",
    "RC:ChrmMemChange": "room-event",
    "RC:ChrmSyncMsg": "room-event",
    "RC:ChrmBlockMsg": "room-event",
    "RC:ChrmBanMsg": "room-event",
    "RC:DizNtf": "discussion",
    "RC:PSCmd": "public-account",
    "RC:VCInvite": "signalling",
    "RC:VCAccept": "signalling",
    "RC:VCRinging": "signalling",
    "RC:VCHangup": "signalling",
    "RC:VCModifyMedia": "signalling",
    "RC:VCModifyMem": "signalling",
    "RC:RLJoin": "live-location",
    "RC:RLQuit": "live-location",
    "RC:RLEnd": "live-location",
    "RC:RL": "live-location",
    "RCJrmf:RpOpendMsg": "red-packet",
    "RC:CsLM": "customer-service",
    "RC:CsPLM": "customer-service",
    "RC:CsPullEva": "customer-service",
    "RC:CSCha": "customer-service",
    "RC:CsCha": "customer-service",
    "RC:CsChaR": "customer-service",
    "RC:CsContact": "customer-service",
    "RC:CsEnd": "customer-service",
    "RC:CsEva": "customer-service",
    "RC:CsHs": "customer-service",
    "RC:CsHsR": "customer-service",
    "RC:CsSp": "customer-service",
    "RC:CsUpdate": "customer-service",
    "RCRTC:ModifyResource": "signalling",
    "RCRTC:PublishResource": "signalling",
    "RCRTC:RoomNtf": "signalling",
    "RCRTC:TotalContentResources": "signalling",
    "RCRTC:UnpublishResource": "signalling",
    "RCRTC:UserNtf": "signalling",
    "RCRTC:answerInvite": "signalling",
    "RCRTC:cancelInvite": "signalling",
    "RCRTC:endInvite": "signalling",
    "RCRTC:invite": "signalling",
    "RCRTC:inviteTimeout": "signalling",
    "RCRTC:kick": "signalling",
    "RCRTC:otherRoomOffline": "signalling",
    "RCRTC:state": "signalling",
}
"""What people do not see in a chat, and the word under which it is counted."""

READ = {
    "RC:TxtMsg": "text",
    "RC:StreamMsg": "text",
    "RC:ReferenceMsg": "text",
    "RC:ImgMsg": "image",
    "RC:GIFMsg": "gif",
    "RC:VcMsg": "voice",
    "RC:HQVCMsg": "voice",
    "RC:SightMsg": "video",
    "RC:FileMsg": "file",
    "RC:LBSMsg": "location",
    "RC:ImgTextMsg": "link",
    "RC:CardMsg": "card",
    "RC:CombineMsg": "forwarded",
    "RC:CombineV2Msg": "forwarded",
    "RC:StkMsg": "sticker",
    "RC:CmdMsg": "command",
    "RC:CmdNtf": "command",
    "RC:InfoNtf": "notice",
    "RC:VCSummary": "call",
    "RC:VSTMsg": "call",
    "RC:VideoSummary": "call",
    "RC:CallAISummary": "notice",
    "RC:RLStart": "notice",
    "RC:PSImgTxtMsg": "link",
    "RC:PSMultiImgTxtMsg": "link",
    "RC:IWNormalMsg": "custom",
    "RC:IWStorageMsg": "custom",
    "RC:IWCmdMsg": "command",
    "RC:IWStatusMsg": "command",
    "RCJrmf:RpMsg": "text",
    "RCBQMM:EmojiMsg": "text",
    "RCBQMM:GifMsg": "sticker",
    "RC:UnknownMsg": "unknown",
    "RC:RcCmd": "recall",
    "RC:ReadNtf": "read",
    "RC:RRRspMsg": "read",
    "RC:TypSts": "typing",
    "RC:ContactNtf": "friend-changed",
    "RC:GrpNtf": "notice",
}
"""What is read, and the kind that it is to us: a row of the tables above."""

NOTES = {
    "RC:StreamMsg": "once it is complete; its parts are passed by",
    "RC:ReferenceMsg": "with its quote",
    "RC:CombineV2Msg": "title and lines, of the summary or of the messages in it",
    "RC:StkMsg": "its digest, as a name",
    "RC:VCSummary": "with how long, and why it ended",
    "RC:VSTMsg": "of Android's call kit before 2018",
    "RC:VideoSummary": "of the vendor's own web client",
    "RC:CallAISummary": "that there is one; its text lies at RongCloud",
    "RC:RLStart": "that it began; who joins and quits is passed by",
    "RC:PSMultiImgTxtMsg": "the first as a link, the others named in its text",
    "RCJrmf:RpMsg": "its words; it cannot be opened elsewhere",
    "RC:RRRspMsg": "one for each message that it names",
    "RC:GrpNtf": "or, from the server, what became of the group",
    "RC:ReadNtf": "receipts of version 5 (SDK 5.20 and later) are sent in no message, and are not seen",
}
NOTES_CHINESE = {
    "RC:StreamMsg": "完整后读取；分段忽略",
    "RC:ReferenceMsg": "连同引用",
    "RC:CombineV2Msg": "标题和各行，取自摘要或其中的消息",
    "RC:StkMsg": "其摘要作为名称",
    "RC:VCSummary": "连同时长和结束原因",
    "RC:VSTMsg": "2018 年以前的 Android 通话组件",
    "RC:VideoSummary": "厂商自己的 Web 客户端",
    "RC:CallAISummary": "仅说明有总结；内容在融云",
    "RC:RLStart": "仅开始；加入和退出忽略",
    "RC:PSMultiImgTxtMsg": "第一篇作为链接，其余在其文字中列出",
    "RCJrmf:RpMsg": "其文字；在其他平台无法打开",
    "RC:RRRspMsg": "所列每条消息各一个",
    "RC:GrpNtf": "来自服务端时，读作群组变更",
    "RC:ReadNtf": "第 5 版回执（SDK 5.20 及以后）不以消息发送，因此看不到",
}


def kinds(language: Language) -> str:
    """The part of the page of fidelity that is about them."""
    return _ABOUT[language] + table(language)


_ABOUT: dict[Language, str] = {
    "en": (
        "Every object name that RongCloud's SDKs register: the web engine 5.38, the iOS frameworks and kits of 2026, the Android kits of 2026, the wrappers for "
        "Flutter and Unity. A name that does not begin with `RC:` and is not in the table is the customer's own kind; one that does is shown by its name.\n\n"
        "Not called back, as far as is known: receipts of version 5, which client SDKs from 5.20 on send in no message; reactions, which the kits of 2026 have. "
        "A message in a form that nobody escaped is read, and what its signs `+` became is mended where that can be told: in voices and thumbnails.\n\n"
    ),
    "zh": (
        "融云 SDK 注册的全部 objectName：Web 引擎 5.38、2026 年的 iOS 框架与 UIKit、2026 年的 Android UIKit，以及 Flutter 和 Unity 封装。不以 `RC:` 开头且不在表中的名称是客户自己的类型；"
        "以 `RC:` 开头的显示其名称。\n\n"
        "据目前所知没有回调：5.20 及以后客户端 SDK 的第 5 版已读回执（不以消息发送），以及 2026 年 UIKit 的消息回应。未转义的表单也会读取；其中 `+` 变成的空格在能够判断时还原：语音和缩略图。\n\n"
    ),
}
_WORDS: dict[Language, tuple[str, str, str]] = {
    "en": ("| object name | what becomes of it |", "read as {}", "passed by, counted as `{}`"),
    "zh": ("| objectName | 处理方式 |", "读作 {}", "忽略，计为 `{}`"),
}


def table(language: Language) -> str:
    """Rows for the page, by name."""
    head, read, passed = _WORDS[language]
    notes = NOTES if language == "en" else NOTES_CHINESE
    colon = ": " if language == "en" else "："
    rows = [(name, read.format(READ[name]) + (f"{colon}{notes[name]}" if name in notes else "")) for name in READ]
    rows += [(name, passed.format(word)) for name, word in IGNORED.items()]
    listed = "".join(f"| {name} | {fate} |\n" for name, fate in sorted(rows, key=lambda row: row[0].lower()))
    return f"{head}\n| --- | --- |\n{listed}"
