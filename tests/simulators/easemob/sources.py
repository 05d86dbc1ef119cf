"""Where what the Easemob simulator does comes from."""

from tests.simulators.sourced import Guess, Known, Page, Sources

NOW = "2025-2026"


def documented(title: str, date: str = NOW) -> Page:
    return Page(f"Easemob: {title}", date)


SDK = Page("im-sdk-core 0.6.6", "2022-12-02", "Java")
APP = r"/\{org\}/\{app\}/"
ZONE = Guess("which hour a file's name counts from", "文件名的小时按哪个时区计", "Which hour do history files")
UNITS = Guess("whether 10 MB are 10,000,000 bytes", "10 MB 是否为 10,000,000 字节", "Are 10 MB of a file")
IMPORT = Guess("what becomes of a time that comes twice", "重复的时间如何处理", "What becomes of an import")
LIMIT = Guess("whether 5 KB are 5,000 bytes", "5 KB 是否为 5,000 字节", "Are 5 KB of a message")
NAMES = Guess("users who do not exist are left out", "不存在的用户被略过", "Does setting the names of pushes")
RECALL = Guess("whether the callback names the group", "回调是否带群组 ID", "A recall's callback names neither")
AUTHOR = Guess("who the author of an edit is", "编辑者是哪个字段", "Is `payload.from` or the top level's")
DISSOLVED = Guess("whether a deleted user leaves so too", "被删除的用户是否也如此退出", "Is `LEAVE` with type `DELETE`")
ACCEPT = Guess("whom the acceptor's copy names", "接受者一方的副本写的是谁", "Whom do `accept` and `decline`")
ACK = Guess("whether a group's receipt always says so", "群回执是否总有标志", "Does a receipt in a group")
UNSIGNED = Guess("whether they are signed", "是否签名", "Are the samples right")
FRIENDS = Guess("whether friends made by REST are called back", "通过 REST 添加好友是否回调", "Are friends who are made by REST")

SOURCES = Sources(
    name=("Easemob", "环信"),
    endpoints=(
        Known(rf"POST {APP}messages", (SDK,), (LIMIT,)),
        Known(rf"POST {APP}messages/recall", (SDK,)),
        Known(rf"GET {APP}users/\{{user\}}/joined_chatgroups", (documented("manage groups", "2023"), SDK)),
        Known(rf"POST {APP}messages/(users|chatgroups|chatrooms)", (documented("send messages"),), (LIMIT,)),
        Known(rf"POST {APP}messages/(users|chatgroups)/import", (documented("import messages"),), (IMPORT,)),
        Known(rf"POST {APP}messages/(msg_recall|batch_recall)", (documented("recall messages"),)),
        Known(rf"PUT {APP}messages/rewrite/.*", (documented("modify messages"),)),
        Known(rf"(GET|POST|DELETE) {APP}reaction/.*", (documented("reactions"),)),
        Known(rf"POST {APP}token", (documented("obtain an app token"), documented("obtain a user token"), SDK)),
        Known(rf"PUT {APP}users/\{{user\}}", (documented("push display"), SDK)),
        Known(rf"(GET|POST|DELETE) {APP}users(/\{{user\}})?", (documented("manage users"), SDK)),
        Known(rf"(PUT|POST) {APP}users/\{{user\}}/(password|activate|deactivate)", (documented("manage users"), SDK)),
        Known(rf"(GET|POST) {APP}users/(\{{user\}}/(status|disconnect)|batch/status)", (documented("manage users"), SDK)),
        Known(rf"GET {APP}users/\{{user\}}/offline_msg_.*", (documented("offline messages"), SDK)),
        Known(rf"DELETE {APP}users/\{{user\}}/user_channel", (documented("delete a conversation"), SDK)),
        Known(rf"PUT {APP}push/nickname", (documented("push display"),), (NAMES,)),
        Known(rf"(GET|POST) {APP}mutes(/.*)?", (documented("global mute"), SDK)),
        Known(rf"(GET|PUT) {APP}users/\{{user\}}/notification/.*", (documented("set up offline push"), SDK)),
        Known(rf"(GET|PUT|POST|DELETE) {APP}metadata/user/.*", (documented("set user attributes"), SDK)),
        Known(rf"(GET|PUT|POST) {APP}metadata/chatgroup/.*", (documented("group member attributes"),)),
        Known(rf"(PUT|POST) {APP}metadata/chatroom/.*", (documented("chat room attributes"), SDK)),
        Known(rf"(GET|POST|PUT|DELETE) {APP}users?/\{{owner\}}/contacts.*", (documented("manage contacts"), SDK)),
        Known(rf"(GET|POST|DELETE) {APP}users/\{{owner\}}/blocks/.*", (documented("manage block lists"), SDK)),
        Known(rf"(GET|POST|DELETE) {APP}chatrooms/super_admin.*", (documented("chat room super admins"), SDK)),
        Known(rf"GET {APP}users/\{{user\}}/joined_chatrooms", (documented("manage chat rooms"), SDK)),
        Known(
            rf"(GET|POST|DELETE) {APP}(chatgroups|chatrooms)/\{{group\}}/(admin|mute|ban|blocks|white)(/.*)?",
            (documented("manage group members"), documented("manage chat room members"), SDK),
        ),
        Known(rf"(GET|POST) {APP}(chatgroups|chatrooms)/\{{group\}}/announcement", (documented("group announcements"), SDK)),
        Known(
            rf"(GET|POST|DELETE) {APP}(chatgroups|chatrooms)/\{{group\}}/users?(/.*)?",
            (documented("manage group members"), documented("manage chat room members"), SDK),
        ),
        Known(
            rf"(GET|POST|PUT|DELETE) {APP}(chatgroups|chatrooms)(/.*)?", (documented("manage groups"), documented("manage chat rooms"), SDK)
        ),
        Known(rf"(GET|POST) {APP}chatfiles(/.*)?", (documented("upload and download files"), SDK), (UNITS,)),
        Known(rf"(GET|POST) {APP}callbacks/storage/.*", (documented("callback exception storage"),), (ZONE,)),
        Known(rf"GET {APP}chatmessages/.*", (documented("download message history files"), SDK), (ZONE,)),
    ),
    callbacks={
        "chat": ("a message of two, of a group or of a room", "单聊、群聊或聊天室消息"),
        "recall": ("a message taken back", "撤回消息"),
        "edit": ("a message changed", "编辑消息"),
        "read": ("a message read", "消息已读回执"),
        "read_up_to": ("a conversation read", "会话已读回执"),
        "reaction": ("a reaction given or taken back", "添加或撤回表情回复"),
        "roster": ("friends and blocks", "好友和黑名单"),
        "status": ("a user comes or goes", "用户上线或下线"),
        "old_envelope": ("all events of groups, in the older form", "群组和聊天室事件的旧格式"),
        "CREATE": ("a group or room made", "创建群组或聊天室"),
        "DELETE": ("a group or room dissolved", "解散群组或聊天室"),
        "JOIN": ("members come", "成员加入"),
        "LEAVE": ("members go, or all of a dissolved group", "成员退出，或解散时全体退出"),
        "UPDATE": ("settings, owner, announcement, mute of all", "设置、群主、公告、全员禁言"),
        "ADMIN": ("admins", "管理员"),
        "MUTE": ("members muted", "成员禁言"),
        "BLOCK": ("members blocked", "成员黑名单"),
        "WHITE": ("members who may speak when all are muted", "白名单成员"),
    },
    told=(
        Known("chat", (documented("callback_message_send"), documented("callback_postsending"))),
        Known("recall", (documented("callback_message_recall"),), (RECALL,)),
        Known("edit", (documented("callback_message_modify"),), (AUTHOR,)),
        Known(
            "read|read_up_to",
            (documented("callback_single_read_ack"), documented("callback_group_read_ack"), documented("callback_single_conversation_ack")),
            (ACK,),
        ),
        Known("reaction", (documented("callback_reaction"),), (UNSIGNED,)),
        Known("roster", (documented("callback_contact"),), (ACCEPT, FRIENDS)),
        Known("status", (documented("callback_login_logout"),)),
        Known("old_envelope", (documented("callback_group_room_old"),)),
        Known("CREATE", (documented("callback_group_room_create"),)),
        Known("DELETE|LEAVE", (documented("callback_group_room_delete"), documented("callback_group_room_leave")), (DISSOLVED,)),
        Known("JOIN", (documented("callback_group_room_join"),)),
        Known(
            "UPDATE",
            (
                documented("callback_group_room_info"),
                documented("callback_group_room_owner"),
                documented("callback_group_room_announcement"),
                documented("callback_group_room_muteall"),
            ),
        ),
        Known("ADMIN", (documented("callback_group_room_admin"),)),
        Known("MUTE", (documented("callback_group_room_mute"),)),
        Known("BLOCK", (documented("callback_group_room_blocklist"),)),
        Known("WHITE", (documented("callback_group_room_allowlist"),)),
    ),
)
