"""The platforms as apps of the stack: what is simulated of each, and what the relay's settings hold of it."""

from collections.abc import Mapping
from types import MappingProxyType
from typing import Any, NamedTuple

USERS = ("alice", "bob", "carol", "dave")


class App(NamedTuple):
    group: str
    """Its id of the group `team`, in which all `USERS` are."""
    groups: int
    """Ids of further groups begin here."""
    account: str
    """Its section of the settings; `{url}` is the simulator's."""
    tireless: Mapping[str, Any] = MappingProxyType({})
    """Options of a simulator that never stops calling back an address that fails."""
    takes_files: bool = True
    """Whether its servers take files; if not, they lie at `im-relay files`."""
    lacks: frozenset[str] = frozenset()
    """What the demo leaves out, as the platform has no such thing: words of `tests.demo.script.Line.does`."""

    @property
    def edits(self) -> bool:
        """Whether the simulator takes edits."""
        return "edit" not in self.lacks


APPS = {
    "yunxin": App(
        "6123456789",
        6_200_000_000,
        """\
app_key = "demo-yunxin"
app_secret = "demo-yunxin-secret"
emoticons = "read"
base_url = "{url}/nimserver"
""",
    ),
    "easemob": App(
        "270000000000001",
        271_000_000_000_000,
        """\
org = "demo"
app = "relay"
client_id = "YXA6demo"
client_secret = "YXA6demosecret"
callback_secret = "demo-easemob-secret"
restrict_access = true
base_url = "{url}"
""",
        tireless={"ban_scale": 0.0},
    ),
    "rongcloud": App(
        "rc-team",
        8_000_000,
        """\
app_key = "demo-rongcloud"
app_secret = "demo-rongcloud-secret"
base_url = "{url}"
""",
        tireless={"pause_after": 10**9},
        takes_files=False,
        lacks=frozenset({"edit"}),
    ),
    "own": App(
        "own-team",
        9_000_000,
        """\
secret = "demo-own-secret"
base_url = "{url}"
""",
        takes_files=False,
    ),
}
GROUPS = {app.group: "team" for app in APPS.values()}
