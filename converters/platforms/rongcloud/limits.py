"""What RongCloud takes from one App Key by default. Source: "RongCloud: API limits"; much of it can be raised.

Each receiver of a call is a message. Beyond a limit the answer is HTTP 429, code 1008. An ultra group's channel has 20 a second
for itself, which is not kept here. What is not named has 100 calls a second for each API.
"""

from converters.platform import OTHERS, RateLimit

LIMITS = (
    RateLimit("private", ("message/private/publish",), 6000, 60.0, "messages"),
    RateLimit("groups", ("message/group/publish",), 20, 1.0, "messages"),
    RateLimit("rooms", ("message/chatroom/publish",), 100, 1.0, "messages"),
    RateLimit("system", ("message/system/publish",), 100, 1.0, "messages"),
    RateLimit("private-status", ("statusmessage/private/publish",), 6000, 60.0, "messages"),
    RateLimit("group-status", ("statusmessage/group/publish",), 20, 1.0, "messages"),
    RateLimit("ultra-groups", ("message/ultragroup/publish",), 100, 1.0, "messages"),
    RateLimit("ultra-edits", ("ultragroup/msg/modify",), 100, 60.0),
    RateLimit("others", (OTHERS,), 100),
)
