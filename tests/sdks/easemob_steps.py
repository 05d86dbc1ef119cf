"""Easemob, by its server SDK for Java."""

from typing import Any

from tests.sdks.steps import Gap, Sdk, Step

SDK = "com.easemob.im.server"
ACCOUNT = {"org": "demo", "app": "relay", "client_id": "client", "client_secret": "secret", "history_delay": -3600.0}

OLD_IMPORT = Gap(
    'SDKs 0.x send an older form of the body (`msg`, its type `text`); the page "Import messages" has `type` and `body`, which the relay sends and the simulator takes',
    "0.x SDK 发送旧的请求体（`msg`，类型为 `text`）；文档《导入历史消息》要求 `type` 和 `body`，中继照此发送，模拟器照此接受",
)


def step(call: str, *args: Any, **more: Any) -> Step:
    return Step(call=call, args=args, **more)


def saying(kind: str, **given: Any) -> dict[str, Any]:
    """A message of the SDK's class *kind*, each of whose methods gets one of *given*."""
    return {
        "class": f"{SDK}.model.EM{kind}Message",
        "with": {name: value if isinstance(value, list) else [value] for name, value in given.items()},
    }


def pair(key: str, value: str) -> dict[str, Any]:
    return {"class": f"{SDK}.model.EMKeyValue", "by": "of", "new": [key, value]}


def recall(kind: str, to: str) -> dict[str, Any]:
    return {"class": f"{SDK}.api.message.recall.RecallMessageSource", "new": ["$message", kind, "alice", to, True]}


def people() -> tuple[Step, ...]:
    return (
        step("token.getAppToken"),
        *(
            step("user.create", user, "password1", expect={"username": user, "canLogin": True})
            for user in ("alice", "bob", "carol", "dave")
        ),
        step("user.get", "alice", expect={"username": "alice", "canLogin": True}),
        step("user.listUsers", 10, None, expect={"values": ["alice", "bob"]}),
        step("user.listAllUsers", expect=["alice", "bob", "carol", "dave"]),
        step("user.updateUserPassword", "alice", "password2"),
        step("user.getToken", "alice", "password2"),
        step("token.getUserTokenWithInherit", "alice"),
        step("user.isUserOnline", "alice", expect=False),
        step("user.isUsersOnline", ["alice", "bob"], expect=[{"username": "alice", "online": False}]),
        step("user.forceLogoutAllDevices", "alice"),
        step("metadata.setMetadataToUser", "alice", {"nickname": "Alice & 爱丽丝", "avatarurl": "http://pictures.example/1.png"}),
        step("metadata.getMetadataFromUser", "alice", expect={"data": {"nickname": "Alice & 爱丽丝"}}),
        step("metadata.getMetadataFromUsers", ["alice", "bob"], ["nickname"], expect={"data": {"alice": {"nickname": "Alice & 爱丽丝"}}}),
        step("metadata.deleteMetadataFromUser", "alice", expect=True),
        step("contact.add", "alice", "bob"),
        step("contact.list", "alice", expect=["bob"]),
        step("contact.remove", "alice", "bob"),
        step("block.blockUserSendMsgToUser", "bob", "alice"),
        step("block.getUsersBlockedFromSendMsgToUser", "alice", expect=[{"username": "bob"}]),
        step("block.unblockUserSendMsgToUser", "bob", "alice"),
        step("block.blockUserLogin", "dave"),
        step("block.unblockUserLogin", "dave"),
        step("push.updateUserNickname", "alice", "Alice"),
        step("push.setNotificationDisplayStyle", "alice", "DETAILS"),
        step("push.openNotificationNoDisturbing", "alice", 22, 8),
        step("push.closeNotificationNoDisturbing", "alice"),
        step("push.offlineSetting", "alice", "USER", "bob", "NONE", None, 0),
        step(
            "mute.muteUser",
            {
                "class": f"{SDK}.api.mute.mute.MuteUserRequest",
                "by": "builder",
                "with": {"username": ["bob"], "chat": [100], "groupChat": [100], "chatroom": [100], "build": []},
            },
        ),
        step("mute.detail", "bob", expect={"username": "bob"}),
    )


def groups() -> tuple[Step, ...]:
    return (
        step("group.createPublicGroup", "alice", "Open", "for all", ["bob"], 200, True, keep={"open": "value"}),
        step("group.createPrivateGroup", "alice", "Team", "of two", ["bob"], 200, True, keep={"group": "value"}),
        step("group.getGroup", "$group", expect={"id": "$group", "name": "Team", "owner": "alice", "maxMembers": 200}),
        step("group.listGroups", 10, None, expect={"values": ["$group"]}),
        step("group.listAllGroups", expect=["$group", "$open"]),
        step("group.listAllGroupsWithInfo", expect=[{"groupId": "$group", "groupName": "Team"}]),
        step("group.updateGroup", "$group", {"setName": ["Team of three"], "setDescription": ["three"], "setMaxMembers": [300]}),
        step("group.updateGroupAnnouncement", "$group", "welcome & 欢迎"),
        step("group.getGroupAnnouncement", "$group", expect="welcome & 欢迎"),
        step("group.addGroupMember", "$group", "carol"),
        step("group.addGroupMembers", "$group", ["dave"]),
        step("group.listAllGroupMembers", "$group", expect=["bob", "carol", "dave"]),
        step("group.listGroupMembers", "$group", 10, None, expect={"values": ["bob", "carol"]}),
        step("group.listGroupsUserJoined", "carol", expect=["$group"]),
        step("group.listGroupsUserJoinedWithInfo", "carol", expect=[{"groupId": "$group", "groupName": "Team of three"}]),
        step("group.listGroupsUserJoinedWithInfo", "carol", 0, 10, note=("in pages", "分页"), expect=[{"groupId": "$group"}]),
        step("group.addGroupAdmin", "$group", "bob"),
        step("group.listGroupAdmins", "$group", expect=["bob"]),
        step("group.removeGroupAdmin", "$group", "bob"),
        step("block.blockUserSendMsgToGroup", "carol", "$group", "PT60S"),
        step("block.getUsersBlockedSendMsgToGroup", "$group", expect=[{"username": "carol"}]),
        step("block.unblockUserSendMsgToGroup", "carol", "$group"),
        step("block.blockUserJoinGroup", "dave", "$group"),
        step("block.getUsersBlockedJoinGroup", "$group", expect=[{"username": "dave"}]),
        step("block.unblockUserJoinGroup", "dave", "$group"),
        step("group.removeGroupMember", "$group", "carol"),
        step("group.addGroupMembers", "$group", ["carol", "dave"], note=("several", "多人")),
        step("group.removeGroupMembers", "$group", ["carol", "dave"], expect=[{"memberName": "carol", "isSuccess": True}]),
        step("group.updateGroupOwner", "$group", "bob"),
        step("group.assignGroup", "$group", "alice"),
    )


def rooms() -> tuple[Step, ...]:
    return (
        step("room.promoteRoomSuperAdmin", "alice"),
        step("room.listRoomSuperAdminsAll", expect=["alice"]),
        step("room.createRoom", "Lobby", "for all", "alice", ["bob"], 200, keep={"room": "value"}),
        step("room.getRoom", "$room", expect={"name": "Lobby", "owner": "alice"}),
        step("room.updateRoom", "$room", {"withName": ["Hall"], "withDescription": ["larger"], "withMaxMembers": [300]}),
        step("room.listRoomsAll", expect=["$room"]),
        step("room.listRooms", 10, None, expect={"values": ["$room"]}),
        step("room.listRoomsUserJoined", "bob", expect=["$room"]),
        step("room.addRoomMember", "$room", "carol"),
        step("room.listRoomMembersAll", "$room", expect=["bob", "carol"]),
        step("room.listRoomMembersAllWithOwner", "$room", expect=[{"owner": "alice"}, {"member": "bob"}]),
        step("room.listRoomMembers", "$room", 10, None, expect={"values": ["bob"]}),
        step("room.promoteRoomAdmin", "$room", "bob"),
        step("room.listRoomAdminsAll", "$room", expect=["bob"]),
        step("room.demoteRoomAdmin", "$room", "bob"),
        step("room.updateRoomAnnouncement", "$room", "welcome & 欢迎"),
        step("room.getRoomAnnouncement", "$room", expect="welcome & 欢迎"),
        step("block.blockUserSendMsgToRoom", "carol", "$room", "PT60S"),
        step("block.listUsersBlockedSendMsgToRoom", "$room", expect=[{"username": "carol"}]),
        step("block.unblockUserSendMsgToRoom", "carol", "$room"),
        step("block.blockAllUserSendMsgToRoom", "$room"),
        step("block.unblockAllUserSendMsgToRoom", "$room"),
        step("block.blockUserJoinRoom", "carol", "$room"),
        step("block.getUsersBlockedJoinRoom", "$room", expect=[{"username": "carol"}]),
        step("block.unblockUserJoinRoom", "carol", "$room"),
        step("metadata.setChatRoomMetadata", "alice", "$room", {"topic": "tea"}, "NO_DELETE"),
        step("metadata.setChatRoomMetadataForced", "bob", "$room", {"topic": "coffee"}, "NO_DELETE"),
        step("metadata.listChatRoomMetadata", "$room", ["topic"]),
        step("metadata.listChatRoomMetadataAll", "$room"),
        step("room.removeRoomMember", "$room", "bob"),
    )


def messages() -> tuple[Step, ...]:
    file = {"uri": "$url", "secret": "$share", "displayName": "a.bin"}
    kinds = {
        "text": saying("Text", text="hello, 世界"),
        "picture": saying("Image", **file, bytes=3, width=10.0, height=20.0),
        "voice": saying("Voice", **file, bytes=3, duration=2),
        "video": saying("Video", **file, bytes=3, duration=2, thumb="$url", thumbSecret="$share"),
        "file": saying("File", **file, bytes=3),
        "place": saying("Location", longitude=116.4, latitude=39.9, address="Beijing"),
        "command": saying("Command", action="typing", param=["a", "b"]),
        "custom": saying("Custom", customEvent="order", customExtension=["id", "1"]),
    }
    chinese = {
        "text": "文本",
        "picture": "图片",
        "voice": "语音",
        "video": "视频",
        "file": "文件",
        "place": "位置",
        "command": "透传",
        "custom": "自定义",
    }
    return (
        step("attachment.uploadFile", "$upload", keep={"url": "value.url", "share": "value.secret", "file": "value.id"}),
        step("attachment.downloadFile", "$file", "$folder", "b.bin"),
        *(step("message.send", "alice", "users", ["bob"], message, [], note=(name, chinese[name])) for name, message in kinds.items()),
        step(
            "message.send",
            "alice",
            "users",
            ["bob"],
            kinds["text"],
            [pair("order", "1")],
            note=("with ext", "带扩展"),
            keep={"message": "value.messageIdsByEntityId.bob"},
        ),
        step("message.recallMessage", [recall("chat", "bob")]),
        step("message.send", "alice", "users", ["bob"], kinds["text"], [], "ROUTE_ONLINE", note=("to those online", "仅在线投递")),
        step("message.send", "alice", "users", ["bob"], kinds["text"], [], True, note=("to the sender's devices too", "同步发送方设备")),
        step(
            "message.sendWithoutMsgId",
            "alice",
            "users",
            ["bob"],
            kinds["text"],
            [],
            expect={"messageResultsByEntityId": {"bob": "success"}},
        ),
        step(
            "message.send", "alice", "chatgroups", ["$group"], kinds["text"], [], note=("in a group", "群聊"), keep={"message": "heard.id"}
        ),
        step("message.recallMessage", [recall("groupchat", "$group")], note=("in a group", "群聊")),
        step(
            "message.send", "alice", "chatrooms", ["$room"], kinds["text"], [], note=("in a room", "聊天室"), keep={"message": "heard.id"}
        ),
        step("message.recallMessage", [recall("chatroom", "$room")], note=("in a room", "聊天室")),
        step("message.countMissedMessages", "bob"),
        step("message.isMessageDeliveredToUser", "$message", "bob"),
        step("message.importChatMessage", "alice", "bob", kinds["text"], [], True, 1_700_000_000_000, False, gap=OLD_IMPORT),
        step("message.importChatGroupMessage", "alice", "$group", kinds["text"], [], True, "$now", False, gap=OLD_IMPORT),
        step("message.getHistoryAsUri", "$now"),
        step("message.getHistoryAsLocalFile", "$now", "$folder", "hour.gz"),
        step("message.deleteChannel", "alice", "bob", "chat", True),
        step("room.destroyRoom", "$room"),
        step("room.demoteRoomSuperAdmin", "alice"),
        step("group.destroyGroup", "$group"),
        step("user.delete", "dave"),
    )


SDKS = (
    Sdk(
        name="com.easemob.im:im-sdk-core",
        version="0.6.6",
        language="Java",
        platform="easemob",
        options=ACCOUNT,
        steps=(*people(), *groups(), *rooms(), *messages()),
    ),
)
