"""What is particular about some kinds of message. Source: "RongCloud: message types"."""

WORDS = {"RC:TxtMsg": "content", "RC:InfoNtf": "message", "RC:ReferenceMsg": "content"}
"""Where a message keeps what a person reads."""
STATUS = frozenset({"RC:TypSts"})
"""Kinds that are status messages whoever sends them."""
PASSING = STATUS | {"RC:CmdMsg", "RC:RcCmd", "RC:ReadNtf", "RC:RRReqMsg", "RC:RRRspMsg", "RC:SRSMsg", "RC:chrmKVNotiMsg"}
"""Kinds that history does not keep."""
