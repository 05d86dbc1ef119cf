"""RongCloud, by its server SDKs for Python, Node and Java."""

from typing import Any

from tests.sdks.steps import Sdk, Step

TEXT = "RC:TxtMsg"
WELL = {"code": 200}
ACCOUNT = {"app_key": "demo", "app_secret": "secret", "log_after": 0.0}
LIES = "1700000000000"
"""A time of sending that is not the message's own: SDKs ask their caller for one."""


def python() -> tuple[Step, ...]:
    def step(call: str, *args: Any, expect: Any = WELL, **more: Any) -> Step:
        return Step(call=call, args=args, expect=expect, **more)

    said = {"content": "hello, 世界 & more"}
    return (
        *(
            step(
                "user.register", user, user.title(), "http://pictures.example/1.png", expect={"userId": user}, keep={"token": "value.token"}
            )
            for user in ("alice", "bob", "carol")
        ),
        step("user.update", "alice", "Alice B.", ""),
        step("user.query", "alice", expect={"userName": "Alice B."}),
        step("user.check_online", "alice", expect={"status": "0"}),
        step("user.blacklist.add", "alice", ["bob", "carol"]),
        step("user.blacklist.query", "alice", expect={"users": ["bob", "carol"]}),
        step("user.blacklist.remove", "alice", "carol"),
        step("user.whitelist.add", "alice", ["bob"]),
        step("user.whitelist.query", "alice", expect={"users": ["bob"]}),
        step("user.whitelist.remove", "alice", "bob"),
        step("user.block.add", ["carol"], 5),
        step("user.block.query", expect={"users": [{"userId": "carol"}]}),
        step("user.block.remove", ["carol"]),
        step("user.tag.set", "alice", ["vip"], note=("one user", "一个用户")),
        step("user.tag.set", ["bob", "carol"], ["new"], note=("several users", "多个用户")),
        step("user.tag.get", ["alice", "bob"], expect={"result": {"alice": ["vip"], "bob": ["new"]}}),
        step("group.create", ["alice", "bob"], "team", "Team"),
        step("group.join", "carol", "team", "Team"),
        step("group.update", "team", "Team of three"),
        step("group.query", "team", expect={"users": [{"id": "alice"}, {"id": "bob"}, {"id": "carol"}]}),
        step("group.user.query", "team", expect={"users": [{"id": "carol"}]}),
        step("group.query_user_group", "carol", expect={"groups": [{"id": "team", "name": "Team of three"}]}),
        step("group.sync", "carol", [["team", "Team of three"], ["other", "Other"]]),
        step("group.user.gag.add", ["carol"], "team", 5),
        step("group.user.gag.query", "team", expect={"users": [{"userId": "carol"}]}),
        step("group.user.gag.remove", ["carol"], "team"),
        step("group.user.ban.add", ["team"]),
        step("group.user.ban.query", ["team"], expect={"groupinfo": [{"groupId": "team", "stat": 1}]}),
        step("group.user.ban.whitelist.add", ["bob"], "team"),
        step("group.user.ban.whitelist.query", "team", expect={"userIds": ["bob"]}),
        step("group.user.ban.whitelist.remove", ["bob"], "team"),
        step("group.user.ban.remove", ["team"]),
        step("conversation.notification.set", 1, "alice", "bob", 1),
        step("conversation.notification.get", 1, "alice", "bob", expect={"isMuted": 1}),
        step("message.private.send", "alice", "bob", TEXT, said, keep={"uid": "wire.messageUIDs.0.messageUID"}),
        step(
            "message.private.send",
            "alice",
            ["bob", "carol"],
            TEXT,
            said,
            None,
            None,
            -1,
            1,
            1,
            1,
            0,
            True,
            True,
            "{}",
            note=("every option", "带全部选项"),
            keep={"expanded": "wire.messageUIDs.0.messageUID"},
        ),
        step("message.private.recall", "alice", "bob", "$uid", int(LIES)),
        step("message.private.send_status_message", "alice", ["bob"], "RC:TypSts", {"typingContentType": TEXT}),
        step("message.group.send", "alice", "team", TEXT, said, keep={"uid": "wire.messageUIDs.0.messageUID"}),
        step("message.group.send_direction", "alice", "team", ["bob"], TEXT, said),
        step("message.group.recall", "alice", "team", "$uid", int(LIES), 1, 1),
        step("message.group.send_status_message", "alice", ["team"], "RC:TypSts", {"typingContentType": TEXT}),
        step("message.system.send", "alice", ["bob"], "RC:InfoNtf", {"message": "hello"}),
        step("chatroom.create", [["lobby", "Lobby"]]),
        step("message.chatroom.send", "alice", "lobby", TEXT, said, keep={"uid": "heard.id"}),
        step("message.chatroom.recall", "alice", "lobby", "$uid", int(LIES)),
        step("chatroom.user.query", "lobby", 10, 1, expect={"users": []}),
        step("chatroom.query", ["lobby"], expect={"chatRooms": [{"chrmId": "lobby"}]}),
        step("chatroom.destroy", ["lobby"]),
        step("message.history.query", "2026010108", expect={"date": "2026010108"}),
        step("message.history.remove", "2026010108"),
        step("group.quit", ["carol"], "team"),
        step("group.dismiss", "alice", "team"),
    )


def node() -> tuple[Step, ...]:
    def step(call: str, *args: Any, expect: Any = WELL, **more: Any) -> Step:
        return Step(call=call, args=args, expect=expect, **more)

    def people(*names: str) -> list[dict[str, str]]:
        return [{"id": name} for name in names]

    said = {"content": "hello, 世界 & more"}
    return (
        *(
            step("User.register", {"id": user, "name": user.title(), "portrait": "http://pictures.example/1.png"}, expect={"userId": user})
            for user in ("alice", "bob", "carol")
        ),
        step("User.update", {"id": "alice", "name": "Alice B.", "portrait": "http://pictures.example/2.png"}),
        step("User.OnlineStatus.get", {"id": "alice"}, expect={"status": "0"}),
        step("User.Blacklist.add", {"id": "alice", "blacklist": people("bob", "carol")}),
        step("User.Blacklist.getList", {"id": "alice"}, expect={"users": people("bob", "carol")}),
        step("User.Blacklist.remove", {"id": "alice", "blacklist": people("carol")}),
        step("User.Block.add", {"id": "carol", "minute": 5}),
        step("User.Block.getList", expect={"users": [{"userId": "carol"}]}),
        step("User.Block.remove", {"id": "carol"}),
        step("User.Tag.set", {"id": "alice", "tags": ["vip"]}),
        step("User.Tag.batchSet", {"users": people("bob", "carol"), "tags": ["new"]}),
        step("User.Tag.getList", {"id": "alice"}),
        step("Group.create", {"id": "team", "name": "Team", "members": people("alice", "bob")}),
        step("Group.join", {"id": "team", "name": "Team", "member": {"id": "carol"}}),
        step("Group.update", {"id": "team", "name": "Team of three"}),
        step("Group.get", {"id": "team"}, expect={"members": people("alice", "bob", "carol")}),
        step("Group.sync", {"id": "carol", "groups": [{"id": "team", "name": "Team of three"}, {"id": "other", "name": "Other"}]}),
        step("Group.Gag.add", {"id": "team", "members": people("carol"), "minute": 5}),
        step("Group.Gag.getList", {"id": "team"}, expect={"members": people("carol")}),
        step("Group.Gag.remove", {"id": "team", "members": people("carol")}),
        step("Group.Mute.All.add", {"groups": people("team")}),
        step("Group.Mute.All.getList", {}),
        step("Group.Mute.Whitelist.add", {"id": "team", "members": people("bob")}),
        step("Group.Mute.Whitelist.getList", {"id": "team"}),
        step("Group.Mute.Whitelist.remove", {"id": "team", "members": people("bob")}),
        step("Group.Mute.All.remove", {"groups": people("team")}),
        step("Group.Mute.Member.add", {"id": "team", "members": people("carol"), "minute": 5}),
        step("Group.Mute.Member.getList", {"id": "team"}, expect={"members": people("carol")}),
        step("Group.Mute.Member.remove", {"id": "team", "members": people("carol")}),
        step("Conversation.mute", {"type": "PRIVATE", "userId": "alice", "targetId": "bob"}),
        step("Conversation.unmute", {"type": "PRIVATE", "userId": "alice", "targetId": "bob"}),
        step(
            "Message.Private.send",
            {"senderId": "alice", "targetId": "bob", "objectName": TEXT, "content": said},
            keep={"uid": "wire.messageUIDs.0.messageUID"},
        ),
        step("Message.Private.recall", {"senderId": "alice", "targetId": "bob", "uId": "$uid", "sentTime": LIES}),
        step(
            "Message.Group.send",
            {"senderId": "alice", "targetId": "team", "objectName": TEXT, "content": said},
            keep={"uid": "wire.messageUIDs.0.messageUID"},
        ),
        step(
            "Message.Group.sendMention",
            {
                "senderId": "alice",
                "targetId": "team",
                "objectName": TEXT,
                "content": {**said, "mentionedInfo": {"type": 2, "userIds": ["bob"], "pushContent": "x"}},
            },
        ),
        step("Message.Group.recall", {"senderId": "alice", "targetId": "team", "uId": "$uid", "sentTime": LIES}),
        step("Message.System.send", {"senderId": "alice", "targetId": "bob", "objectName": TEXT, "content": said}),
        step("Chatroom.create", {"id": "lobby", "name": "Lobby"}),
        step("Message.Chatroom.send", {"senderId": "alice", "targetId": "lobby", "objectName": TEXT, "content": said}),
        step("Chatroom.get", {"id": "lobby", "count": 10, "order": 1}),
        step("Chatroom.destroy", {"id": "lobby"}),
        step("Message.History.get", {"date": "2026010108"}, expect={"date": "2026010108"}),
        step("Message.History.remove", {"date": "2026010108"}),
        step("Group.quit", {"id": "team", "member": {"id": "carol"}}),
        step("Group.dismiss", {"id": "team", "member": {"id": "alice"}}),
    )


def made(name: str, /, **given: Any) -> dict[str, Any]:
    """An object of the SDK's class *name* below ``io.rong.models``, each of whose setters gets one of *given*."""
    return {
        "class": f"io.rong.models.{name}",
        "with": {f"set{key[0].upper()}{key[1:]}" if key != "uId" else "setuId": [one] for key, one in given.items()},
    }


def java() -> tuple[Step, ...]:
    def step(call: str, *args: Any, expect: Any = WELL, **more: Any) -> Step:
        return Step(call=call, args=args, expect=expect, **more)

    def user(name: str, /, **more: Any) -> dict[str, Any]:
        return made("user.UserModel", id=name, **more)

    def group(**more: Any) -> dict[str, Any]:
        return made("group.GroupModel", id="team", **more)

    def members(*names: str) -> list[dict[str, Any]]:
        return [made("group.GroupMember", id=name) for name in names]

    def message(kind: str, sender: str, to: list[str], **more: Any) -> dict[str, Any]:
        return made(f"message.{kind}", senderId=sender, targetId=to, objectName=TEXT, content=text, **more)

    def recall(to: str, uid: str) -> dict[str, Any]:
        return made("message.RecallMessage", senderId="alice", targetId=to, uId=uid, sentTime=LIES)

    def expansion(**more: Any) -> dict[str, Any]:
        return made("message.ExpansionModel", msgUID="$expanded", userId="alice", conversationType=1, targetId="bob", **more)

    text = {"class": "io.rong.messages.TxtMessage", "new": ["hello, 世界 & more", ""]}
    room = {
        "class": "io.rong.models.chatroom.ChatroomModel",
        "with": {"setId": ["lobby"], "setName": ["Lobby"], "setCount": [10], "setOrder": [1]},
    }
    talk = made("conversation.ConversationModel", type="1", userId="alice", targetId="bob", unpushLevel=1)
    return (
        *(
            step("user.register", user(one, name=one.title(), portrait="http://pictures.example/1.png"), expect={"userId": one})
            for one in ("alice", "bob", "carol")
        ),
        step("user.update", user("alice", name="Alice B.", portrait="")),
        step("user.get", user("alice"), expect={"userName": "Alice B."}),
        step("user.onlineStatus.check", user("alice"), expect={"status": "0"}),
        step("user.blackList.add", user("alice", blacklist=[user("bob"), user("carol")])),
        step("user.blackList.getList", user("alice"), expect={"users": [{"id": "bob"}, {"id": "carol"}]}),
        step("user.blackList.remove", user("alice", blacklist=[user("carol")])),
        step("user.whiteList.add", user("alice", whitelist=[user("bob")])),
        step("user.whiteList.getList", user("alice"), expect={"users": [{"id": "bob"}]}),
        step("user.whiteList.remove", user("alice", whitelist=[user("bob")])),
        step("user.block.add", user("carol", minute=5)),
        step("user.block.getList", expect={"users": [{"id": "carol"}]}),
        step("user.block.remove", "carol"),
        step("user.blockPushPeriod.add", made("user.BlockPushPeriodModel", id="alice", startTime="22:00:00", period=600, level=1)),
        step("user.blockPushPeriod.getList", user("alice"), expect={"data": {"startTime": "22:00:00", "period": 600}}),
        step("user.blockPushPeriod.remove", user("alice")),
        step("user.tag.set", made("user.TagModel", userId="alice", tags=["vip"])),
        step("user.tag.batchSet", made("user.BatchTagModel", userIds=["bob", "carol"], tags=["new"])),
        step("user.tag.get", made("user.GetTagModel", userIds=["alice", "bob"]), expect={"result": {"alice": ["vip"], "bob": ["new"]}}),
        step("group.create", group(name="Team", members=members("alice", "bob"))),
        step("group.invite", group(name="Team", members=members("carol"))),
        step("group.update", group(name="Team of three")),
        step("group.get", group(), expect={"members": [{"id": "alice"}, {"id": "bob"}, {"id": "carol"}]}),
        step("user.getGroups", user("carol"), expect={"groups": [{"id": "team", "name": "Team of three"}]}),
        step("group.sync", made("group.UserGroup", id="carol", groups=[group(name="Team of three")])),
        step("group.gag.add", group(members=members("carol"), minute=5)),
        step("group.gag.getList", "team", expect={"members": [{"id": "carol"}]}),
        step("group.gag.remove", group(members=members("carol"))),
        step("group.ban.add", ["team"]),
        step("group.ban.getList"),
        step("group.ban.check", ["team"], expect={"groups": [{"id": "team", "status": 1}]}),
        step("group.ban.whitelist.user.add", group(members=members("bob"))),
        step("group.ban.whitelist.user.getList", "team", expect={"userIds": ["bob"]}),
        step("group.ban.whitelist.user.remove", group(members=members("bob"))),
        step("group.ban.remove", ["team"]),
        step("group.muteMembers.add", group(members=members("carol"), minute=5)),
        step("group.muteMembers.getList", "team", expect={"members": [{"id": "carol"}]}),
        step("group.muteMembers.remove", group(members=members("carol"))),
        step("group.muteAllMembers.add", ["team"]),
        step("group.muteAllMembers.getList"),
        step("group.muteAllMembers.remove", ["team"]),
        step("conversation.mute", talk),
        step("conversation.get", talk, expect={"isMuted": 1}),
        step("conversation.unMute", talk),
        step("message.msgPrivate.send", message("PrivateMessage", "alice", ["bob"]), keep={"uid": "wire.messageUIDs.0.messageUID"}),
        step(
            "message.msgPrivate.send",
            message(
                "PrivateMessage",
                "alice",
                ["bob"],
                expansion=True,
                disablePush=True,
                verifyBlacklist=1,
                isPersisted=1,
                isIncludeSender=1,
                contentAvailable=0,
                msgRandom=77,
                extraContent={"a": "1"},
            ),
            note=("every option", "带全部选项"),
            keep={"expanded": "wire.messageUIDs.0.messageUID"},
        ),
        step("expansion.set", expansion(extraKeyVal={"b": "2"})),
        step("expansion.getList", "$expanded"),
        step("expansion.remove", expansion(extraKey=["b"])),
        step("message.msgPrivate.recall", recall("bob", "$uid")),
        step(
            "message.msgPrivate.sendStatusMessage",
            made("message.PrivateStatusMessage", senderId="alice", targetId=["bob"], objectName=TEXT, content=text),
        ),
        step("message.msgPrivate.sendTypingStatusMessage", message("PrivateMessage", "alice", ["bob"])),
        step("message.group.send", message("GroupMessage", "alice", ["team"]), keep={"uid": "wire.messageUIDs.0.messageUID"}),
        step("message.group.sendDirection", message("GroupMessage", "alice", ["team"], toUserId=["bob"])),
        step(
            "message.group.sendMention",
            made(
                "message.MentionMessage",
                senderId="alice",
                targetId=["team"],
                objectName=TEXT,
                content={
                    "class": "io.rong.models.message.MentionMessageContent",
                    "new": [text, {"class": "io.rong.models.message.MentionedInfo", "new": [2, ["bob"], "look"]}],
                },
            ),
        ),
        step("message.group.recall", recall("team", "$uid")),
        step(
            "message.group.sendStatusMessage",
            made("message.GroupStatusMessage", senderId="alice", groupId=["team"], objectName=TEXT, content=text),
        ),
        step("message.system.send", message("SystemMessage", "alice", ["bob"])),
        step("message.ultraGroup.send", message("UltraGroupMessage", "alice", ["ultra"], busChannel="main")),
        step("chatroom.create", [room]),
        step("message.chatroom.send", message("ChatroomMessage", "alice", ["lobby"]), keep={"uid": "heard.id"}),
        step("message.chatroom.recall", recall("lobby", "$uid")),
        step("chatroom.get", room, expect={"total": 0}),
        step("chatroom.destroy", room),
        step("message.history.get", "2026010108", expect={"date": "2026010108"}),
        step("message.history.remove", "2026010108"),
        step("group.quit", group(members=members("carol"))),
        step("group.dismiss", group(members=members("alice"))),
    )


SDKS = (
    Sdk(name="rc-server-sdk", version="3.2.0", language="Python", platform="rongcloud", options=ACCOUNT, steps=python()),
    Sdk(name="rongcloud-sdk", version="3.1.1", language="Node", platform="rongcloud", options=ACCOUNT, steps=node()),
    Sdk(name="cn.rongcloud.im:server-sdk-java", version="3.3.1", language="Java", platform="rongcloud", options=ACCOUNT, steps=java()),
)
