"""Yunxin, by its server SDK for Java: the classic calls, those of v2 about messages, and what of v2.1 reads."""

from typing import Any

from tests.sdks.steps import Sdk, Step

ACCOUNT = {"app_key": "demo", "app_secret": "secret"}


def step(
    call: str, _note: tuple[str, str] | None = None, _expect: Any = None, _keep: dict[str, str] | None = None, /, **request: Any
) -> Step:
    """A call of the service and function *call* with a request of these fields, by their Java names."""
    return Step(call=call, args=(request,), note=_note, expect=_expect, keep=_keep or {})


def people() -> tuple[Step, ...]:
    account, friend, relation = "v1.accountService.", "v1.friendService.", "v1.specialRelationService."
    return (
        *(
            step(f"{account}createAccount", None, {"accid": user, "name": user.title()}, accid=user, name=user.title(), ex="{}", gender=1)
            for user in ("alice", "bob", "carol")
        ),
        step(f"{account}updateToken", accid="alice", token="a-token"),
        step(f"{account}refreshToken", None, {"accid": "alice"}, accid="alice"),
        step(
            f"{account}updateUinfo", accid="alice", name="Alice & 爱丽丝", icon="http://pictures.example/1.png", sign="hello", ex='{"a":1}'
        ),
        step(
            f"{account}queryUserInfos",
            None,
            {"userInfoList": [{"accid": "alice", "name": "Alice & 爱丽丝"}, {"accid": "bob"}]},
            accids=["alice", "bob"],
        ),
        step(f"{account}block", accid="carol", needKick=True),
        step(f"{account}unblock", accid="carol"),
        step(f"{account}mute", accid="carol", mute=True),
        step(f"{account}setDonnop", accid="carol", donnopOpen=True),
        step(f"{account}queryOnlineStatus", accids=["alice"]),
        step(f"{friend}add", accid="alice", faccid="bob", type=1, msg="hi"),
        step(f"{friend}update", accid="alice", faccid="bob", alias="Bobby", ex="{}"),
        step(f"{friend}get", None, {"friends": [{"faccid": "bob", "alias": "Bobby"}]}, accid="alice", updatetime=0),
        step(f"{friend}getByAccId", None, {"faccid": "bob"}, accid="alice", faccid="bob"),
        step(f"{relation}setSpecialRelation", ("black list", "黑名单"), accid="alice", targetAcc="carol", relationType=1, value=1),
        step(f"{relation}setSpecialRelation", ("mute list", "静音名单"), accid="alice", targetAcc="bob", relationType=2, value=1),
        step(f"{relation}listBlackAndMuteList", None, {"blacklist": ["carol"], "mutelist": ["bob"]}, accid="alice"),
    )


def teams() -> tuple[Step, ...]:
    team = "v1.teamService."
    return (
        step(
            f"{team}createTeam",
            None,
            None,
            {"team": "wire.tid"},
            tname="Team",
            owner="alice",
            members=["bob"],
            msg="welcome",
            magree=0,
            joinmode=0,
            beinvitemode=1,
            invitemode=1,
            uptinfomode=1,
            upcustommode=1,
            announcement="tea",
            intro="of two",
            custom="{}",
            teamMemberLimit=100,
        ),
        step(f"{team}addTeam", tid="$team", owner="alice", members=["carol"], magree=0, msg="come"),
        step(
            f"{team}updateTeam", tid="$team", owner="alice", tname="Team of three", announcement="coffee", intro="three", custom='{"a":1}'
        ),
        step(
            f"{team}queryTeam",
            None,
            {"tinfos": [{"tname": "Team of three", "owner": "alice", "members": ["bob", "carol"]}]},
            tids=["$team"],
            ope=1,
        ),
        step(f"{team}queryTeamInfoDetails", None, {"tinfo": {"tname": "Team of three", "members": [{"accid": "carol"}]}}, tid="$team"),
        step(f"{team}queryJoinedTeamListByAccId", None, {"infos": [{"tname": "Team of three"}]}, accid="carol"),
        step(f"{team}queryAllJoinedTeamMemberInfoByAccId", None, {"data": [{"accid": "carol", "pushEnable": True}]}, accid="carol"),
        step(f"{team}addManagerTeam", tid="$team", owner="alice", members=["bob"]),
        step(f"{team}removeManagerTeam", tid="$team", owner="alice", members=["bob"]),
        step(f"{team}updateTeamMemberNick", tid="$team", owner="alice", accid="bob", nick="Bobby", custom="{}"),
        step(f"{team}muteTeamTargetMember", tid="$team", owner="alice", accid="carol", mute=1),
        step(f"{team}queryMuteTeamMembers", None, {"mutes": [{"accid": "carol"}]}, tid="$team", owner="alice"),
        step(f"{team}muteTeamAllMember", tid="$team", owner="alice", mute=True, muteType=3),
        step(f"{team}muteTeam", tid="$team", accid="bob", ope=1),
        step(f"{team}changeOwnerTeam", tid="$team", owner="alice", newOwner="bob", leave=2),
        step(f"{team}changeOwnerTeam", ("back", "转回"), tid="$team", owner="bob", newOwner="alice", leave=2),
    )


def superteams() -> tuple[Step, ...]:
    team = "v1.superTeamService."
    return (
        step(
            f"{team}createTeam",
            None,
            None,
            {"super": "wire.tid"},
            tname="Many",
            owner="alice",
            inviteAccids=["bob"],
            msg="welcome",
            joinmode=0,
            beinvitemode=1,
            invitemode=1,
            uptinfomode=1,
            upcustommode=1,
            tlevel=500,
            announcement="tea",
            intro="of many",
            serverCustom="{}",
        ),
        step(f"{team}invite", tid="$super", owner="alice", inviteAccids=["carol"], msg="come"),
        step(f"{team}updateTinfo", tid="$super", owner="alice", tname="Very many", announcement="coffee"),
        step(f"{team}getTinfos", None, {"tinfos": [{"tname": "Very many", "size": 3}]}, tids=["$super"]),
        step(f"{team}getTlists", None, {"tlists": [{"accid": "alice"}, {"accid": "carol"}]}, tid="$super", timetag=0, limit=10, reverse=1),
        step(f"{team}joinTeams", None, {"tinfos": [{"tname": "Very many"}]}, accid="carol"),
        step(f"{team}addManager", tid="$super", owner="alice", managerAccids=["bob"]),
        step(f"{team}removeManager", tid="$super", owner="alice", managerAccids=["bob"]),
        step(f"{team}muteTlist", tid="$super", owner="alice", muteAccids=["carol"], mute=1),
        step(f"{team}mute", tid="$super", owner="alice", muteType=1),
        step(f"{team}mute", ("lifted", "解除"), tid="$super", owner="alice", muteType=0),
        step(f"{team}changeOwner", tid="$super", owner="alice", accid="bob", leave=2),
        step(f"{team}changeOwner", ("back", "转回"), tid="$super", owner="bob", accid="alice", leave=2),
        step(
            f"{team}sendMsg",
            None,
            None,
            {"message": "wire.data.msgid", "time": "wire.data.timetag"},
            tid="$super",
            fromAccid="alice",
            type=0,
            body='{"msg":"hello"}',
            ext="{}",
            option='{"push":false}',
            pushContent="hello",
        ),
        step(
            f"{team}queryHistoryMsg",
            None,
            {"msgs": [{"from": "alice", "type": 0}]},
            tid="$super",
            accid="alice",
            begintime=0,
            endtime="$later",
            limit=100,
            reverse=1,
        ),
        step(f"{team}sendAttachMsg", **{"from": "alice"}, to="$super", attach='{"a":1}', save=1),
        step(f"{team}recallMsg", **{"from": "alice"}, to="$super", deleteMsgid="$message", timetag="$time", ignoreTime=1, msg="gone"),
        step(f"{team}kick", tid="$super", owner="alice", kickAccids=["carol"]),
        step(f"{team}leave", tid="$super", accid="bob"),
        step(f"{team}dismiss", tid="$super", owner="alice"),
    )


def messages() -> tuple[Step, ...]:
    message, history, team = "v1.messageService.", "v1.historyService.", "v1.teamService."
    alice: dict[str, Any] = {"from": "alice"}
    file = '{"name":"a","md5":"900150983cd24fb0d6963f7d28e17f72","url":"http://pictures.example/1.png","ext":"png","size":3,"w":1,"h":1,"dur":1000}'
    kinds = (
        (0, '{"msg":"hello, 世界 & more"}', ("text", "文本")),
        (1, file, ("picture", "图片")),
        (2, file, ("voice", "语音")),
        (3, file, ("video", "视频")),
        (4, '{"title":"Beijing","lng":116.4,"lat":39.9}', ("place", "位置")),
        (6, file, ("file", "文件")),
        (100, '{"a":1}', ("custom", "自定义")),
    )
    keep = {"message": "wire.data.msgid", "time": "wire.data.timetag"}
    return (
        *(
            step(
                f"{message}sendMessage",
                note,
                None,
                keep,
                **alice,
                ope=0,
                to="bob",
                type=kind,
                body=body,
                ext='{"a":1}',
                option='{"push":false}',
                pushContent="x",
                payload="{}",
                forcePushAll=False,
                markRead=0,
                checkFriend=False,
                subType=0,
                useYidun=0,
            )
            for kind, body, note in kinds
        ),
        step(f"{message}recallMessage", **alice, to="bob", type=7, deleteMsgid="$message", timetag="$time", ignoreTime="1", msg="gone"),
        step(
            f"{message}sendMessage",
            ("in a team", "群聊"),
            None,
            keep,
            **alice,
            ope=1,
            to="${team}",
            type=0,
            body='{"msg":"hello"}',
            markRead=1,
            option='{"persistent":true}',
            forcePushList=["bob"],
            forcePushAll=False,
        ),
        step(f"{message}markReadTeamMessage", accid="bob", tid="$team", msgids=["$message"]),
        step(
            f"{team}queryTeamMsgMarkReadInfo",
            None,
            {"data": {"readAccids": ["bob"], "unreadAccids": ["carol"]}},
            tid="$team",
            msgId="$message",
            fromAccid="alice",
            snapshot=True,
        ),
        step(
            f"{history}queryTeamHistoryMessage",
            None,
            {"msgs": [{"from": "alice", "type": 0}]},
            tid="$team",
            accid="alice",
            begintime=0,
            endtime="$later",
            limit=10,
            reverse=1,
        ),
        step(f"{message}recallMessage", ("in a team", "群聊"), **alice, to="${team}", type=8, deleteMsgid="$message", timetag="$time"),
        step(
            f"{message}sendMessage",
            ("to be read", "待读"),
            None,
            {"client": "heard.client_id"},
            **alice,
            ope=0,
            to="bob",
            type=0,
            body='{"msg":"read me"}',
        ),
        step(f"{message}markReadMessage", **{"from": "bob"}, to="alice", msgidClient="$client"),
        step(
            f"{history}querySessionHistoryMessage",
            None,
            {"msgs": [{"from": "alice", "body": '{"msg":"read me"}'}]},
            **alice,
            to="bob",
            begintime=0,
            endtime="$later",
            limit=10,
            reverse=1,
        ),
        step(
            f"{history}querySessionList",
            None,
            {"hasMore": False, "sessions": [{"accid": "bob", "sessionType": 0}]},
            accid="alice",
            minTimestamp=0,
            maxTimestamp="$later",
            limit=10,
            needLastMsg=1,
        ),
        step(f"{message}uploadFile", content="YWJj", type="png", ishttps=False),
        step(
            "v1.systemNotificationService.sendAttachMsg",
            **alice,
            msgType=0,
            to="bob",
            attach='{"a":1}',
            save=1,
            pushContent="x",
            option='{"badge":false}',
        ),
    )


def rooms() -> tuple[Step, ...]:
    room = "v1.chatRoomService."
    return (
        step(
            f"{room}createChatroom",
            None,
            None,
            {"room": "wire.chatroom.roomid"},
            creator="alice",
            name="Lobby",
            announcement="tea",
            ext="{}",
        ),
        step(f"{room}updateChatroom", roomid="$room", name="Hall", announcement="coffee", needNotify=True),
        step(
            f"{room}queryChatroomInfo",
            None,
            {"name": "Hall", "announcement": "coffee", "valid": True},
            roomid="$room",
            needOnlineUserCount=True,
        ),
        step(f"{room}setMemberRole", roomid="$room", operator="alice", target="bob", opt=1, optValue=True),
        step(f"{room}membersByPage", roomid="$room", type=0, endTime=0, limit=10),
        step(f"{room}muteRoom", roomid="$room", operator="alice", mute=True, needNotify=True),
        step(f"{room}muteRoom", ("lifted", "解除"), roomid="$room", operator="alice", mute=False),
        step(
            "v1.chatroomMessageService.sendMsg",
            None,
            None,
            {"time": "wire.desc.time"},
            roomId="$room",
            msgId="0123456789abcdef0123456789abcdef",
            fromAccid="alice",
            msgType=0,
            attach="hello",
            ext="{}",
        ),
        step(
            "v1.historyService.queryChatroomHistoryMessage",
            None,
            {"msgs": [{"from": "alice", "body": '{"msg":"hello"}'}]},
            roomid="$room",
            accid="alice",
            timetag="$later",
            limit=10,
        ),
        step(
            "v1.chatroomMessageService.recall",
            roomId="$room",
            msgId="0123456789abcdef0123456789abcdef",
            msgTimetag="$time",
            fromAcc="alice",
            operatorAcc="alice",
        ),
        step(f"{room}kickMember", roomid="$room", accid="alice", targetAccid="bob"),
        step(f"{room}toggleCloseChatroomStat", roomid="$room", operator="alice", valid=False),
    )


def newer() -> tuple[Step, ...]:
    message = "v2.messageService."
    keep = {"message": "wire.data.message_server_id", "client": "wire.data.message_client_id", "time": "wire.data.create_time"}
    named = {
        "conversationType": 1,
        "senderId": "alice",
        "receiverId": "bob",
        "messageServerId": "$message",
        "messageClientId": "$client",
        "createTime": "$time",
    }
    talk = "alice|1|bob"
    return (
        step(
            f"{message}sendMessage",
            None,
            None,
            keep,
            conversationId=talk,
            message={"messageType": 0, "text": "hello"},
            messageConfig={"unreadEnabled": True},
            pushConfig={"pushEnabled": False},
            extension="{}",
        ),
        step(f"{message}addQuickComment", operatorId="bob", index=1, message=named),
        step(
            f"{message}batchQueryQuickComments",
            None,
            {"success_list": [{"comments": [{"operator_id": "bob", "index": 1}]}]},
            messages=[named],
        ),
        step(f"{message}deleteQuickComment", operatorId="bob", index=1, message=named),
        step(f"{message}sendP2PReadReceipt", fromAccountId="bob", toAccountId="alice", messageServerId="$message"),
        step(
            f"{message}modifyMessage",
            operator="alice",
            type=1,
            message={
                "messageServerId": "$message",
                "senderId": "alice",
                "receiverId": "bob",
                "time": "$time",
                "messageType": 0,
                "text": "hello again",
            },
        ),
        step(
            f"{message}queryMessagesByPage",
            None,
            {"items": [{"sender_id": "alice", "text": "hello, 世界 & more"}]},
            conversationId=talk,
            beginTime=0,
            endTime="$later",
            limit=10,
            descending=False,
        ),
        step(
            f"{message}withdrawMessage",
            conversationId=talk,
            messageServerId="$message",
            type=1,
            messageTime="$time",
            ignoreRevokeTime=1,
            description="gone",
        ),
        step(
            f"{message}sendMessage",
            ("in a team", "群聊"),
            None,
            keep,
            conversationId="alice|2|${team}",
            message={"messageType": 0, "text": "hello"},
            teamOption={"markAsRead": True},
        ),
        step(f"{message}sendTeamReadReceipt", fromAccountId="bob", teamId="$team", messageServerIds=["$message"]),
        step(
            "v2.customNotificationService.sendCustomNotification", senderId="alice", type=1, receiverId="bob", content='{"a":1}', sound="x"
        ),
        step(
            "v2.accountService.batchQueryAccounts",
            None,
            {"success_list": [{"account_id": "alice"}, {"account_id": "bob"}]},
            accountList=["alice", "bob"],
        ),
        step("v2.accountService.getAccountDetails", None, {"account_id": "alice"}, accountId="alice"),
        step("v2.userService.getUser", None, {"account_id": "alice", "name": "Alice & 爱丽丝"}, accountId="alice"),
        step(
            "v2.userService.batchGetUsers",
            None,
            {"success_list": [{"account_id": "alice"}, {"account_id": "bob"}]},
            accountIds=["alice", "bob"],
        ),
        step(
            "v2.friendService.listFriends", None, {"items": [{"friend_account_id": "bob", "alias": "Bobby"}]}, accountId="alice", limit=10
        ),
        step("v2.blockService.listBlockContacts", None, {"items": ["carol"]}, accountId="alice", limit=10),
        step("v2.muteService.listMuteContacts", None, {"items": ["bob"]}, accountId="alice", limit=10),
        step(
            "v2.teamService.batchQueryTeamInfo",
            None,
            {"team_info_list": [{"name": "Team of three", "member_count": 3}]},
            teamIds=["$team"],
            teamType=1,
        ),
        step(
            "v2.teamService.listTeamMembers",
            None,
            {"items": [{"account_id": "alice", "member_role": 1}, {"account_id": "carol", "chat_banned": True}]},
            teamId="$team",
            teamType=1,
            limit=10,
        ),
        step(
            "v2.teamMemberService.queryJoinedTeams",
            None,
            {"team_info_list": [{"name": "Team of three"}]},
            accountId="alice",
            teamType=1,
            limit=10,
        ),
        step(
            "v2.conversationService.listConversations", None, {"items": [{"conversation_id": "alice|1|bob"}]}, accountId="alice", limit=10
        ),
        step("v1.friendService.delete", accid="alice", faccid="bob", deleteAlias=True),
        step("v1.teamService.kickTeam", tid="$team", owner="alice", members=["carol"]),
        step("v1.teamService.leaveTeam", tid="$team", accid="bob"),
        step("v1.teamService.dismissTeam", tid="$team", owner="alice"),
    )


SDKS = (
    Sdk(
        name="netease-im/yunxin-server-sdk-java",
        version="1.2.0",
        language="Java",
        platform="yunxin",
        options=ACCOUNT,
        steps=(*people(), *teams(), *superteams(), *messages(), *rooms(), *newer()),
    ),
)
