"""Every object name that RongCloud's SDKs register, and what becomes of a message of it: printed into docs/fidelity.md.

Source: the web engine 5.38 (its list of kinds), the iOS frameworks and kits of 2026, the Android kits of 2026, the wrappers for
Flutter and Unity, "RongCloud: Message types". The decoder asks this table what to pass by; the rest of it is held by a test.
"""

IGNORED = {
    "RC:SRSMsg": "sync", "RC:RSMsg": "sync", "RC:RRReqMsg": "receipt-request", "RC:Delivered": "delivery-receipt", "RC:DRMsg": "delivery-receipt",
    "RC:RRMsg": "sdk-internal", "RC:LogCmdMsg": "sdk-internal", "RC:InterceptMsg": "sdk-internal", "RC:CCConfigChangeRequestMsg": "sdk-internal",
    "RC:RcNtf": "recall-notice", "RC:OldMsgNtf": "local-notice", "RC:ProfileNtf": "profile", "RC:UIUMsg": "profile", "RC:MsgExMsg": "expansion",
    "RC:chrmKVNotiMsg": "room-attribute", "RC:ChrmMemChange": "room-event", "RC:ChrmSyncMsg": "room-event", "RC:ChrmBlockMsg": "room-event",
    "RC:ChrmBanMsg": "room-event", "RC:DizNtf": "discussion", "RC:PSCmd": "public-account", "RC:VCInvite": "signalling", "RC:VCAccept": "signalling",
    "RC:VCRinging": "signalling", "RC:VCHangup": "signalling", "RC:VCModifyMedia": "signalling", "RC:VCModifyMem": "signalling",
    "RC:RLJoin": "live-location", "RC:RLQuit": "live-location", "RC:RLEnd": "live-location", "RC:RL": "live-location", "RCJrmf:RpOpendMsg": "red-packet",
    "RC:CsLM": "customer-service", "RC:CsPLM": "customer-service", "RC:CsPullEva": "customer-service", "RC:CSCha": "customer-service", "RC:CsCha": "customer-service",
    "RC:CsChaR": "customer-service", "RC:CsContact": "customer-service", "RC:CsEnd": "customer-service", "RC:CsEva": "customer-service",
    "RC:CsHs": "customer-service", "RC:CsHsR": "customer-service", "RC:CsSp": "customer-service", "RC:CsUpdate": "customer-service",
    "RCRTC:ModifyResource": "signalling", "RCRTC:PublishResource": "signalling", "RCRTC:RoomNtf": "signalling", "RCRTC:TotalContentResources": "signalling",
    "RCRTC:UnpublishResource": "signalling", "RCRTC:UserNtf": "signalling", "RCRTC:answerInvite": "signalling", "RCRTC:cancelInvite": "signalling",
    "RCRTC:endInvite": "signalling", "RCRTC:invite": "signalling", "RCRTC:inviteTimeout": "signalling", "RCRTC:kick": "signalling",
    "RCRTC:otherRoomOffline": "signalling", "RCRTC:state": "signalling",
}  # fmt: skip
"""What people do not see in a chat, and the word under which it is counted."""

READ = {
    "RC:TxtMsg": "text", "RC:StreamMsg": "text", "RC:ReferenceMsg": "text", "RC:ImgMsg": "image", "RC:GIFMsg": "gif", "RC:VcMsg": "voice",
    "RC:HQVCMsg": "voice", "RC:SightMsg": "video", "RC:FileMsg": "file", "RC:LBSMsg": "location", "RC:ImgTextMsg": "link", "RC:CardMsg": "card",
    "RC:CombineMsg": "forwarded", "RC:CombineV2Msg": "forwarded", "RC:StkMsg": "sticker", "RC:CmdMsg": "command", "RC:CmdNtf": "command", "RC:InfoNtf": "notice",
    "RC:VCSummary": "call", "RC:VSTMsg": "call", "RC:VideoSummary": "call", "RC:CallAISummary": "notice", "RC:RLStart": "notice", "RC:PSImgTxtMsg": "link",
    "RC:PSMultiImgTxtMsg": "link", "RC:IWNormalMsg": "custom", "RC:IWStorageMsg": "custom", "RC:IWCmdMsg": "command", "RC:IWStatusMsg": "command",
    "RCJrmf:RpMsg": "text", "RCBQMM:EmojiMsg": "text", "RCBQMM:GifMsg": "sticker", "RC:UnknownMsg": "unknown",
    "RC:RcCmd": "recall", "RC:ReadNtf": "read", "RC:RRRspMsg": "read", "RC:TypSts": "typing", "RC:ContactNtf": "friend-changed", "RC:GrpNtf": "notice",
}  # fmt: skip
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


def kinds() -> str:
    """The part of the page that is about them."""
    return (
        "Every object name that RongCloud's SDKs register: the web engine 5.38, the iOS frameworks and kits of 2026, the Android kits of 2026, the wrappers for "
        "Flutter and Unity. A name that does not begin with `RC:` and is not in the table is the customer's own kind; one that does is shown by its name.\n\n"
        "Not called back, as far as is known: receipts of version 5, which client SDKs from 5.20 on send in no message; reactions, which the kits of 2026 have. "
        "A message in a form that nobody escaped is read, and what its signs `+` became is mended where that can be told: in voices and thumbnails.\n\n"
        f"{table()}"
    )


def table() -> str:
    """Rows for the page, by name."""
    rows = [(name, f"read as {READ[name]}" + (f": {NOTES[name]}" if name in NOTES else "")) for name in READ]
    rows += [(name, f"passed by, counted as `{word}`") for name, word in IGNORED.items()]
    listed = "".join(f"| {name} | {fate} |\n" for name, fate in sorted(rows, key=lambda row: row[0].lower()))
    return f"| object name | what becomes of it |\n| --- | --- |\n{listed}"
