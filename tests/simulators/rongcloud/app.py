"""The RongCloud simulator as an application."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from tests.simulators.calls import Endpoint
from tests.simulators.control import Control
from tests.simulators.rongcloud import accounts, errors, history, hosted, management, rooms
from tests.simulators.rongcloud.gate import Gate, Work
from tests.simulators.rongcloud.options import Options
from tests.simulators.rongcloud.sending import Send
from tests.simulators.rongcloud.state import RongCloud

SENDS: dict[str, Send] = {
    "message/private/publish": Send("person", "toUserId", 1000, "userId"),
    "message/group/publish": Send("group", "toGroupId", 3, "groupId"),
    "message/chatroom/publish": Send("room", "toChatroomId", None, "chatroomId"),
    "message/system/publish": Send("system", "toUserId", 100),
    "message/ultragroup/publish": Send("group", "toGroupIds", 3, "groupId", ultra=True),
    "statusmessage/private/publish": Send("person", "toUserId", 1000, status=True),
    "statusmessage/group/publish": Send("group", "toGroupId", 3, status=True),
}
EXPANDED = ("msgUID", "userId", "conversationType", "targetId")
PAGE = ("userId", "targetId", "startTime", "endTime")
CALLS: dict[str, tuple[str, tuple[str, ...], Work]] = {
    "message/recall": ("recall", ("fromUserId", "conversationType", "targetId", "messageUID"), history.recall),
    "message/private/modify": ("edit", ("fromUserId", "targetId", "msgUID", "content"), history.Edit("person", "targetId")),
    "message/group/modify": ("edit", ("fromUserId", "groupId", "msgUID", "content"), history.Edit("group", "groupId")),
    "ultragroup/msg/modify": ("edit", ("fromUserId", "groupId", "msgUID", "content"), history.Edit("group", "groupId", ultra=True)),
    "message/history": ("log", ("date",), history.log),
    "message/history/delete": ("log.delete", ("date",), history.delete_log),
    "message/expansion/set": ("expansion.set", (*EXPANDED, "extraKeyVal"), history.expand),
    "message/expansion/delete": ("expansion.delete", (*EXPANDED, "extraKey"), history.shrink),
    "message/expansion/query": ("expansion.get", ("msgUID",), history.expansion),
    "v3/message/private/query": ("history.person", PAGE, history.Query("person")),
    "v3/message/group/query": ("history.group", PAGE, history.Query("group")),
    "v3/message/chatroom/query": ("history.room", PAGE, history.Query("room")),
    "v3/message/ultragroup/query": ("history.ultra", PAGE, history.Query("group", ultra=True)),
    "user/getToken": ("user.create", ("userId", "name"), accounts.get_token),
    "user/refresh": ("user.refresh", ("userId",), accounts.refresh),
    "user/info": ("user.get", ("userId",), accounts.info),
    "user/checkOnline": ("user.online", ("userId",), accounts.check_online),
    "user/group/query": ("user.groups", ("userId",), accounts.groups_of),
    "user/blacklist/add": ("user.block", ("userId", "blackUserId"), accounts.block),
    "user/blacklist/remove": ("user.unblock", ("userId", "blackUserId"), accounts.unblock),
    "user/blacklist/query": ("user.blocked", ("userId",), accounts.blocked),
    "group/create": ("group.create", ("userId", "groupId", "groupName"), accounts.create_group),
    "group/join": ("group.add", ("userId", "groupId"), accounts.join),
    "group/quit": ("group.remove", ("userId", "groupId"), accounts.leave),
    "group/dismiss": ("group.dismiss", ("userId", "groupId"), accounts.dismiss),
    "group/refresh": ("group.rename", ("groupId", "groupName"), accounts.rename),
    "group/user/query": ("group.get", ("groupId",), accounts.members),
    "group/user/gag/add": ("group.gag", ("userId", "minute"), accounts.gag),
    "group/user/gag/rollback": ("group.ungag", ("userId",), accounts.ungag),
    "group/ban/add": ("group.ban", ("groupId",), accounts.ban),
    "group/ban/rollback": ("group.unban", ("groupId",), accounts.unban),
    "group/ban/query": ("group.banned", (), accounts.bans),
    "group/user/gag/list": ("group.gagged", (), accounts.gagged),
    **management.CALLS,
    **hosted.CALLS,
    **rooms.CALLS,
}


def make_app(options: Options) -> Starlette:
    """One app of RongCloud; its state begins empty but for the users and groups of *options*."""
    rongcloud = RongCloud(options)
    control = Control(rongcloud)

    def route(api: str, path: str, required: tuple[str, ...], work: Work, *, limited: bool) -> Route:
        gate = Gate(rongcloud, api, path, required, work, limited=limited)
        return Route(f"/{path}.json", Endpoint(gate, rongcloud.moods, gate.unwell), methods=["POST"])

    async def log_file(request: Request) -> Response:
        hour = rongcloud.log.hour(request.path_params["date"])
        messages = [] if hour is None else rongcloud.log.messages(hour, rongcloud.now())
        if hour is None or not messages:
            return Response("no such file", 404)
        return Response(rongcloud.log.zipped(hour, messages), media_type="application/zip")

    async def no_path(request: Request, error: Exception) -> Response:
        return errors.NO_PATH.response()

    @asynccontextmanager
    async def lifespan(app: Starlette) -> AsyncIterator[None]:
        async with rongcloud.courier.running():
            yield
            control.loader.stop()

    routes = [
        route("send", path, ("fromUserId", send.target, "objectName", "content"), send, limited=False) for path, send in SENDS.items()
    ]
    routes += [route(api, path, required, work, limited=True) for path, (api, required, work) in CALLS.items()]
    routes.append(Route("/history/{date}.zip", log_file))
    return Starlette(routes=[*routes, *rongcloud.shelf.routes(), *control.routes()], lifespan=lifespan, exception_handlers={404: no_path})
