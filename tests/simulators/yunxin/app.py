"""The Yunxin simulator as an application."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from starlette.applications import Starlette
from starlette.routing import Route

from tests.simulators.calls import Endpoint
from tests.simulators.control import Control
from tests.simulators.yunxin import accounts, history, sending
from tests.simulators.yunxin.gate import Gate, Work
from tests.simulators.yunxin.options import Options
from tests.simulators.yunxin.state import Yunxin

CLASSIC: dict[str, tuple[str, Work]] = {
    "msg/sendMsg": ("send", sending.send),
    "user/create": ("user.create", accounts.create_user),
    "user/getUinfos": ("user.get", accounts.get_users),
    "team/create": ("team.create", accounts.create_team),
    "team/add": ("team.add", accounts.add_members),
    "team/query": ("team.query", accounts.query_teams),
    "msg/recall": ("recall", history.recall),
    "history/querySessionMsg": ("history.person", history.query_session),
    "history/queryTeamMsg": ("history.group", history.query_team),
}


def make_app(options: Options) -> Starlette:
    """One app of Yunxin; its state begins empty but for the users and groups of *options*."""
    yunxin = Yunxin(options)
    control = Control(yunxin)

    def endpoint(api: str, category: str, work: Work, *, v2: bool = False) -> Endpoint:
        gate = Gate(yunxin, api, category, work, v2=v2)
        return Endpoint(gate, yunxin.moods, gate.unwell)

    routes = [
        Route(f"/nimserver/{path}.action", endpoint(api, path.split("/")[0], work), methods=["POST"])
        for path, (api, work) in CLASSIC.items()
    ]
    v2_send = endpoint("send", "msg", sending.send_v2, v2=True)
    for prefix in ("", "/nimserver"):
        routes.append(Route(f"{prefix}/im/v2/conversations/{{cid}}/messages", v2_send, methods=["POST"]))

    @asynccontextmanager
    async def lifespan(app: Starlette) -> AsyncIterator[None]:
        async with yunxin.courier.running():
            yield
            control.loader.stop()

    return Starlette(routes=[*routes, *control.routes()], lifespan=lifespan)
