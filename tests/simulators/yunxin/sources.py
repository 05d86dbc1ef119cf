"""Where what the Yunxin simulator does comes from."""

from tests.simulators.sourced import Guess, Known, Page, Sources


def classic(title: str) -> Page:
    return Page(f"Yunxin: {title}", "2025-2026")


def newer(title: str) -> Page:
    return Page(f"Yunxin: Server API v2, {title}", "2025-08")


SDK = Page("yunxin-server-sdk-java 1.2.0", "2025-12-30", "Java")
GO = Page("yunxin-server-sdk-golang 1.0.0", "2025")
EXT = Guess("whether items carry `ext`", "条目是否带 `ext`", "Do messages of a history carry")
SESSIONS = Guess("whether sessions lie within `data`", "会话是否位于 `data` 之内", "Does the list of sessions")
SUPERTEAMS = Guess("whether the list is named `tinfos`", "列表名是否为 `tinfos`", "Is the list of a user's superteams")
SPELLING = Guess("how the time limit is spelt", "时限参数的拼写", "Which spelling does the recall")
COMMENTS = Guess("that `PATCH` adds", "`PATCH` 为添加", "Is a quick comment added by")
COPIED = Guess("whether recalls, closing and mutes are copied", "撤回、关闭和禁言是否抄送", "Are recalls, closing and mutes")
ANSWERED = Guess("whether 500 counts as taken", "500 是否算作接收成功", "Does an answer of 500")
MUTED = Guess("how a mute is told", "禁言如何通知", "How is the mute of a member")
THREADS = Guess("whether a thread reply names what it answers", "Thread 回复是否指明所回复的消息", "Does the copy of a thread reply")
WORDS = Guess("whether `body` of a file holds words", "文件消息的 `body` 是否含文字", "Does `body` of a picture")

SOURCES = Sources(
    name=("Yunxin", "云信"),
    endpoints=(
        Known(
            r"POST /nimserver/msg/(sendMsg|sendAttachMsg)\.action",
            (classic("msg/sendMsg.action"), classic("msg/sendAttachMsg.action"), SDK),
        ),
        Known(r"POST /nimserver/msg/(upload|fileUpload)\.action", (classic("msg/upload.action"), classic("msg/fileUpload.action"), SDK)),
        Known(r"POST /nimserver/msg/recall\.action", (classic("msg/recall.action"), SDK)),
        Known(r"POST /nimserver/(msg/markRead.*|team/getMarkReadInfo)\.action", (classic("read receipts"), SDK)),
        Known(r"POST /nimserver/user/(setSpecialRelation|listBlackAndMuteList)\.action", (classic("black list and mute list"), SDK)),
        Known(r"POST /nimserver/user/.*", (classic("Server API, users"), SDK)),
        Known(r"POST /nimserver/friend/.*", (classic("friend/add.action and its neighbours"), SDK)),
        Known(r"POST /nimserver/superteam/(sendMsg|sendAttachMsg|recallMsg)\.action", (classic("Server API, superteams"), SDK)),
        Known(
            r"POST /nimserver/(history/(querySessionMsg|queryTeamMsg)|superteam/queryHistoryMsg)\.action",
            (classic("history/querySessionMsg.action"), SDK),
            (EXT,),
        ),
        Known(r"POST /nimserver/history/querySessionList\.action", (classic("history/querySessionList.action"), SDK), (SESSIONS,)),
        Known(r"POST /nimserver/superteam/joinTeams\.action", (classic("Server API, superteams"), SDK), (SUPERTEAMS,)),
        Known(r"POST /nimserver/superteam/.*", (classic("Server API, superteams"), SDK)),
        Known(r"POST /nimserver/team/.*", (classic("Server API, teams"), SDK)),
        Known(r"POST /nimserver/history/queryChatroomMsg\.action", (classic("history/queryChatroomMsg.action"), SDK)),
        Known(r"POST /nimserver/chatroom/.*", (classic("Server API, chat rooms"), SDK)),
        Known(r"(POST|DELETE) /im/v2/conversations/.*", (newer("send message"), newer("withdraw message"), SDK), (SPELLING,)),
        Known(r"POST /im/v2/messages/actions/modifyMsg", (newer("modify message"), SDK)),
        Known(r"(PATCH|DELETE|POST) /im/v2/messages/actions/quick_comment", (SDK, GO), (COMMENTS,)),
        Known(r"POST /im/v2/messages/actions/.*_read_receipt", (newer("read receipts"), SDK)),
        Known(r"POST /im/v2/custom_notification", (newer("custom notification"), SDK)),
        Known(r"GET /im/v2/(accounts|users)(/.*)?", (newer("accounts and users"), SDK)),
        Known(r"GET /im/v2/(block|mute)_contacts", (newer("block and mute contacts"), SDK)),
        Known(r"GET /im/v2\.1/friends", (newer("friends"), SDK)),
        Known(r"GET /im/v2\.1/(teams|team_members).*", (newer("teams"), SDK)),
        Known(r"GET /im/v2\.1/conversations.*", (newer("conversations and messages"), SDK)),
    ),
    callbacks={
        "message": ("a message of two, of a team or of a superteam", "单聊、群或超大群消息"),
        "notification": ("what becomes of a team", "群的变动通知"),
        "room": ("a message of a chat room", "聊天室消息"),
        "custom": ("a custom notification", "自定义系统通知"),
        "recall": ("a message taken back", "撤回消息"),
        "edit": ("a message changed", "编辑消息"),
        "receipt": ("a message read", "消息已读回执"),
    },
    told=(
        Known("message", (classic("Message copy"), classic("Message formats")), (ANSWERED, THREADS, WORDS)),
        Known("notification", (classic("Message copy, notifications"),), (MUTED,)),
        Known("room", (classic("Message copy"),), (COPIED,)),
        Known("custom|recall|edit|receipt", (classic("Message copy"),)),
    ),
)
