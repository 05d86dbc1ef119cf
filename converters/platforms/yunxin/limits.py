"""What Yunxin takes from one app by default. Source: "Yunxin: API frequency limits"; the plan may raise it.

Calls are counted, whatever the number of receivers. Beyond a limit the answer is code 416, and the API stays closed for about
ten seconds. The limit of the message class is one for the whole class: old and new form of sending are taken as one. What is
not named here (recalls, receipts, edits, notifications, teams, rooms, friends) has 100 calls a second for each API; that one message
takes one edit a second comes back as code 107449.
"""

from converters.platform import OTHERS, Limit

LIMITS = (
    Limit("messages", ("msg/sendMsg", "superteam/sendMsg", "v2/messages"), 100),
    Limit("batches", ("msg/sendBatchMsg",), 120, 60.0),
    Limit("batch-notices", ("msg/sendBatchAttachMsg",), 120, 60.0),
    Limit("broadcasts", ("msg/broadcastMsg",), 10, 60.0),
    Limit("room-history", ("history/queryChatroomMsg",), 1200, 60.0),
    Limit("others", (OTHERS,), 100),
)
