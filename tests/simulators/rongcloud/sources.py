"""Where what the RongCloud simulator does comes from."""

from tests.simulators.sourced import Guess, Known, Page, Sources

NOW = "2024-2026"


def documented(title: str) -> Page:
    return Page(f"RongCloud: {title}", NOW)


JAVA = Page("server-sdk-java 3.3.1", "2023-07-31", "Java")
SOURCE = Page("server-sdk-java 4.0.11, source", "2026-03")
SENT = Guess("whether `sentTime` is compared", "是否核对 `sentTime`", "Is the time of a recall")
HOSTED = Guess("fields that the pages do not show", "文档未示的字段", "What do the calls of hosted groups")
CLOCK = Guess("in which zone times are written", "时间按哪个时区书写", "In which zone are the times")
DIRECTED = Guess("what `groupUserIds` mean beside two people", "单聊中 `groupUserIds` 的含义", "What do `groupUserIds` mean")
EDITED = Guess("whether edits of two people and groups are routed", "单聊和群聊的编辑是否路由", "Are edits between two people")
BY_CLIENTS = Guess("which commands a client can send", "客户端能发送哪些命令消息", "Can a client send `RC:GrpNtf`")

SOURCES = Sources(
    name=("RongCloud", "融云"),
    endpoints=(
        Known(
            r"POST /message/(private|group|chatroom|system)/publish\.json",
            (
                documented("send private messages"),
                documented("send group messages"),
                documented("send chatroom messages"),
                documented("send system messages"),
                JAVA,
            ),
        ),
        Known(r"POST /(message/ultragroup/publish|ultragroup/msg/modify)\.json", (documented("ultra group messages"), SOURCE)),
        Known(r"POST /statusmessage/.*", (documented("send status messages"), JAVA)),
        Known(r"POST /message/recall\.json", (documented("recall messages"), JAVA), (SENT,)),
        Known(r"POST /message/(private|group)/modify\.json", (documented("modify messages"), SOURCE)),
        Known(r"POST /message/history(/delete)?\.json", (documented("historical message logs"), JAVA)),
        Known(r"POST /message/expansion/.*", (documented("message expansion"), JAVA)),
        Known(r"POST /v3/message/.*", (documented("query historical messages"), SOURCE)),
        Known(r"POST /user/(getToken|refresh|info|checkOnline|deactivate|query)\.json", (documented("users"), JAVA)),
        Known(r"POST /user/group/query\.json", (documented("groups"), JAVA)),
        Known(r"POST /user/(blacklist|whitelist)/.*", (documented("black and white lists"), JAVA)),
        Known(r"POST /user/(block|unblock|block/query)\.json", (documented("block users"), JAVA), (CLOCK,)),
        Known(r"POST /user/blockPushPeriod/.*", (documented("notification settings"), JAVA)),
        Known(r"POST /conversation/notification/.*", (documented("notification settings"), JAVA)),
        Known(r"POST /user/tags?/.*", (documented("user tags"), JAVA)),
        Known(r"POST /(friend|user/profile)/.*", (documented("hosted friends and profiles"), SOURCE)),
        Known(
            r"POST /entrust/.*",
            (
                documented("Batch query group information, Paginate group member information, Paginated query of user's joined groups"),
                SOURCE,
            ),
            (HOSTED,),
        ),
        Known(r"POST /group/user/gag/.*", (documented("mute group members"), JAVA), (CLOCK,)),
        Known(r"POST /group/(ban|user/ban/whitelist)/.*", (documented("mute groups"), JAVA)),
        Known(r"POST /group/.*", (documented("groups"), JAVA)),
        Known(r"POST /chatroom/.*", (documented("chatrooms"), JAVA), (CLOCK,)),
        Known(r"GET /history/\{date\}\.zip", (documented("historical message logs"),)),
    ),
    callbacks={
        "routed": ("a message", "消息"),
        "online_status": ("a user comes or goes", "用户上线或下线"),
        "operated": ("a message taken back or deleted", "撤回或删除消息"),
    },
    told=(
        Known("routed", (documented("full message routing"), documented("message types")), (DIRECTED, EDITED, BY_CLIENTS)),
        Known("online_status", (documented("online status"),)),
        Known("operated", (documented("message operation callback"),)),
    ),
)
