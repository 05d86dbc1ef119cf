"""The Yunxin simulator as an application."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from tests.simulators.calls import Call, Endpoint
from tests.simulators.control import Control
from tests.simulators.file_moods import Upload
from tests.simulators.giving import uploading
from tests.simulators.yunxin import (
    accounts,
    changing,
    comments,
    files,
    friends,
    history,
    notifying,
    reading,
    reading_v2,
    roomlife,
    rooms,
    sending,
)
from tests.simulators.yunxin.gate import Gate, Work
from tests.simulators.yunxin.options import Options
from tests.simulators.yunxin.saying import Inhabited
from tests.simulators.yunxin.teams import Teams

TEAM = Teams(superteam=False)
SUPERTEAM = Teams(superteam=True)
CLASSIC: dict[str, tuple[str, Work]] = {
    "msg/sendMsg": ("send", sending.send),
    "msg/sendAttachMsg": ("custom", notifying.send_attach),
    "msg/recall": ("recall", changing.recall),
    "msg/markReadMsg": ("read", changing.mark_read),
    "msg/markReadTeamMsg": ("read", changing.mark_read_in_team),
    "user/create": ("user.create", accounts.create_user),
    "user/block": ("user.block", accounts.block_user),
    "user/getUinfos": ("user.get", accounts.get_users),
    "user/updateUinfo": ("user.update", accounts.update_user),
    "user/setSpecialRelation": ("user.relation", friends.relate),
    "user/listBlackAndMuteList": ("user.relations", friends.relations),
    "friend/add": ("friend.add", friends.add),
    "friend/update": ("friend.update", friends.update),
    "friend/delete": ("friend.delete", friends.delete),
    "friend/get": ("friend.get", friends.get),
    "team/create": ("team.create", TEAM.create),
    "team/add": ("team.add", TEAM.add),
    "team/kick": ("team.kick", TEAM.kick),
    "team/leave": ("team.leave", TEAM.leave),
    "team/remove": ("team.remove", TEAM.remove),
    "team/update": ("team.update", TEAM.update),
    "team/changeOwner": ("team.change_owner", TEAM.change_owner),
    "team/addManager": ("team.add_manager", TEAM.add_manager),
    "team/removeManager": ("team.remove_manager", TEAM.remove_manager),
    "team/muteTlist": ("team.mute", TEAM.mute),
    "team/muteTlistAll": ("team.update", TEAM.mute_all),
    "team/query": ("team.query", TEAM.query),
    "team/queryDetail": ("team.query", TEAM.query_detail),
    "team/joinTeams": ("team.query", TEAM.joined),
    "team/getMarkReadInfo": ("team.readers", changing.readers_of),
    "superteam/create": ("superteam.create", SUPERTEAM.create),
    "superteam/invite": ("superteam.add", SUPERTEAM.add),
    "superteam/kick": ("superteam.kick", SUPERTEAM.kick),
    "superteam/leave": ("superteam.leave", SUPERTEAM.leave),
    "superteam/dismiss": ("superteam.remove", SUPERTEAM.remove),
    "superteam/updateTinfo": ("superteam.update", SUPERTEAM.update),
    "superteam/changeOwner": ("superteam.change_owner", SUPERTEAM.change_owner),
    "superteam/addManager": ("superteam.add_manager", SUPERTEAM.add_manager),
    "superteam/removeManager": ("superteam.remove_manager", SUPERTEAM.remove_manager),
    "superteam/mute": ("superteam.update", SUPERTEAM.mute_all),
    "superteam/muteTlist": ("superteam.mute", SUPERTEAM.mute),
    "superteam/getTinfos": ("superteam.query", SUPERTEAM.query),
    "superteam/joinTeams": ("superteam.query", SUPERTEAM.joined),
    "superteam/sendMsg": ("send", sending.send_to_superteam),
    "superteam/sendAttachMsg": ("custom", notifying.send_attach_to_superteam),
    "superteam/recallMsg": ("recall", changing.recall_in_superteam),
    "superteam/queryHistoryMsg": ("history.superteam", history.query_superteam),
    "chatroom/create": ("chatroom.create", rooms.create),
    "chatroom/get": ("chatroom.get", rooms.get),
    "chatroom/sendMsg": ("send", rooms.send),
    "chatroom/update": ("chatroom.update", roomlife.update),
    "chatroom/toggleCloseStat": ("chatroom.close", roomlife.close),
    "chatroom/setMemberRole": ("chatroom.role", roomlife.set_role),
    "chatroom/kickMember": ("chatroom.kick", roomlife.kick),
    "chatroom/muteRoom": ("chatroom.mute", roomlife.mute),
    "chatroom/recall": ("recall", roomlife.recall),
    "history/querySessionMsg": ("history.person", history.query_session),
    "history/queryTeamMsg": ("history.group", history.query_team),
    "history/queryChatroomMsg": ("history.room", rooms.query),
    **reading.CLASSIC,
}
CATEGORIES = {
    "superteam/sendMsg": "msg",
    "superteam/sendAttachMsg": "msg",
    "superteam/recallMsg": "msg",
    "superteam/queryHistoryMsg": "history",
    "history/queryChatroomMsg": "room history",
    "friend": "user",
    "superteam": "team",
}
"""Under which limit a call falls that is not under that of its first word."""
V2: dict[tuple[str, str], tuple[str, Work]] = {
    ("POST", "conversations/{cid}/messages"): ("send", sending.send_v2),
    ("DELETE", "conversations/{cid}/messages/{mid}"): ("recall", changing.recall_v2),
    ("POST", "custom_notification"): ("custom", notifying.send_v2),
    ("POST", "messages/actions/p2p_read_receipt"): ("read", changing.mark_read_v2),
    ("POST", "messages/actions/team_read_receipt"): ("read", changing.mark_read_in_team_v2),
    ("POST", "messages/actions/modifyMsg"): ("edit", changing.modify),
    ("PATCH", "messages/actions/quick_comment"): ("reaction", comments.add),
    ("DELETE", "messages/actions/quick_comment"): ("reaction.remove", comments.remove),
    ("POST", "messages/actions/quick_comment"): ("reaction.query", comments.query),
    **reading_v2.V2,
}


def make_app(options: Options) -> Starlette:
    """One app of Yunxin; its state begins empty but for the users and groups of *options*."""
    yunxin = Inhabited(options)
    control = Control(yunxin)

    def endpoint(api: str, category: str, work: Work, *, v2: bool = False) -> Endpoint:
        gate = Gate(yunxin, api, category, work, v2=v2)
        return Endpoint(gate, yunxin.moods, gate.unwell)

    def upload(work: Work) -> Endpoint:
        gate = Gate(yunxin, "upload", "msg", work)

        def refuse(call: Call, fate: Upload) -> Response:
            return gate.refuse(call, files.REFUSED[fate], mood=True)

        return Endpoint(uploading(gate, yunxin.file_moods, yunxin.journal, refuse), yunxin.moods, gate.unwell)

    routes = [
        Route(f"/nimserver/{path}.action", endpoint(api, category(path), work), methods=["POST"]) for path, (api, work) in CLASSIC.items()
    ]
    for path, put in (("upload", files.upload), ("fileUpload", files.upload_file)):
        routes.append(Route(f"/nimserver/msg/{path}.action", upload(put), methods=["POST"]))
    for (method, path), (api, work) in V2.items():
        served = endpoint(api, "msg", work, v2=True)
        routes += [Route(f"{prefix}/im/v2/{path}", served, methods=[method]) for prefix in ("", "/nimserver")]
    for (method, path), (api, work) in reading_v2.V21.items():
        served = endpoint(api, "user", work, v2=True)
        routes += [Route(f"{prefix}/im/v2.1/{path}", served, methods=[method]) for prefix in ("", "/nimserver")]

    async def no_path(request: Request, error: Exception) -> Response:
        """SDKs read an error of any call as JSON."""
        return JSONResponse({"code": 404, "desc": "no such path"}, 404)

    @asynccontextmanager
    async def lifespan(app: Starlette) -> AsyncIterator[None]:
        async with yunxin.courier.running():
            yield
            control.loader.stop()

    return Starlette(routes=[*routes, *yunxin.shelf.routes(), *control.routes()], lifespan=lifespan, exception_handlers={404: no_path})


def category(path: str) -> str:
    first = path.partition("/")[0]
    return CATEGORIES.get(path) or CATEGORIES.get(first, first)
