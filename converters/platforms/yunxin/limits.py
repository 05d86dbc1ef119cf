"""What Yunxin takes from one app by default. Source: "Yunxin: API frequency limits"; the plan may raise it.

Calls are counted, whatever the number of receivers. Beyond a limit the answer is code 416, and the API stays closed for about
ten seconds. The limit of the message class is one for the whole class: old and new form of sending are taken as one. What is
not named here (recalls, receipts, edits, notifications, teams, rooms, friends) has 100 calls a second for each API; that one message
takes one edit a second comes back as code 107449.
"""

from converters.platform import OTHERS, RateLimit

LIMITS = (
    RateLimit("messages", ("msg/sendMsg", "superteam/sendMsg", "v2/messages"), 100),
    RateLimit("batches", ("msg/sendBatchMsg",), 120, 60.0),
    RateLimit("batch-notices", ("msg/sendBatchAttachMsg",), 120, 60.0),
    RateLimit("broadcasts", ("msg/broadcastMsg",), 10, 60.0),
    RateLimit("room-history", ("history/queryChatroomMsg",), 1200, 60.0),
    RateLimit("others", (OTHERS,), 100),
)
