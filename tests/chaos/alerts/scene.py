"""The whole relay, with an app for each fault of a target or a source: what one suffers does not disturb the others."""

import json
import os
import sys
from contextlib import AbstractContextManager
from pathlib import Path
from typing import NamedTuple, TypeVar

from streams.kafka.local.broker import LocalKafka
from streams.kafka.local.ports import free_port
from tests import succeeding
from tests.chaos.alerts.endpoint import Endpoint
from tests.chaos.alerts.scanner import Scanner
from tests.chaos.alerts.target import Targets
from tests.chaos.broker_proxy import END_TXN, PRODUCE, BrokerProxy
from tests.stack import MARKS, ROOT, STORE_SECRET, Stack

T = TypeVar("T")
SECRET = "of-a-made-up-server"
ORDINARY = (
    "forged", "some-forged", "throttled", "locked", "unknown", "hanging", "slow", "twice", "raising", "slow-plug-in", "dropped", "quiet", "busy",
)  # fmt: skip
"""Of each `s-NAME` and `t-NAME` are a pair of apps, both servers of the customer's own."""
TO_EASEMOB = ("cut-quota", "silent-token", "wrong-key", "cut-off", "silent-search")
"""Of each `s-NAME` is such a server, and `e-NAME` an app of Easemob's."""
ROLES = {
    "deliver-own": ["deliver", "--platform", "own"],
    "deliver-rongcloud": ["deliver", "--platform", "rongcloud"],
    "files": ["files"],
    "ingress-2": ["ingress"],
    "ingress-3": ["ingress"],
    "watch": ["watch"],
    "watch-2": ["watch"],
    "watch-3": ["watch"],
}
"""Besides those of the stack. `ingress-2` has room for few connections; `watch-2` and `watch-3` are there to be hurt.

`deliver-rongcloud` and `ingress-3` come to the broker through proxies, see `PROXIES`.
"""
NAMESPACES = {
    "watch-3": "elsewhere",
    "ingress-3": "slow-store",
    "watch-three-copies": "three-copies",
    "watch-one-copy": "one-copy",
}  # fmt: skip
"""As if they were of other releases: their canary is no comfort to the first, and their callbacks are not counted with its own."""
PROXIES = {"deliver-rongcloud": ((END_TXN,), 0.7, 0.0), "ingress-3": ((PRODUCE,), 1.0, 1.5)}
"""By who comes through it: of the answers to these requests, so many are lost, or come so many seconds later, while it is on."""
PLUGINS = '''\
"""One raises, one waits, at messages that ask for it."""
import time

from converters.plugins import NOT_MINE


class _Raises:
    kinds = frozenset({"custom"})

    def convert(self, seen):
        if seen.body.name == "raise":
            raise ValueError("made up")
        return NOT_MINE


class _Slow:
    kinds = frozenset({"custom"})

    def convert(self, seen):
        if seen.body.name == "wait":
            time.sleep(0.1)
        return NOT_MINE


raises, slow = _Raises(), _Slow()
'''
AT_START = """\
import hmac
import os
import time

if defect := os.environ.get("DEFECT"):
    well = hmac.compare_digest

    def compare_digest(one, other):
        if os.path.exists(defect):
            raise RuntimeError("made up")
        return well(one, other)

    hmac.compare_digest = compare_digest
if ahead := float(os.environ.get("CLOCK_AHEAD") or 0):
    real, real_ns = time.time, time.time_ns
    time.time = lambda: real() + ahead
    time.time_ns = lambda: real_ns() + int(ahead * 1e9)
"""
"""A module that Python runs at its start: the clock of that one process is wrong, or its check of signatures has a defect while there is a file."""


class Disks(NamedTuple):
    """Small ones, of memory; None where nobody may mount any."""

    state: Path
    files: Path


class Scene(Stack):
    """`operator` is a copy of the settings for commands, which a spoiled file does not hinder."""

    def __init__(self, directory: Path, *, disks: Disks | None) -> None:
        self.targets = Targets()
        self.endpoints = {"soon": Endpoint(365), "later": Endpoint(365), "unseen": Endpoint(365)}
        self.scanner = Scanner()
        self.disks = disks
        self.more: dict[str, dict[str, str]] = {}
        """Of the environment, by role; of the next start."""
        self.ports = {"ingress-2": free_port(), "ingress-3": free_port()}
        self._known: dict[str, int] = {}
        self.proxies: dict[str, BrokerProxy] = {}
        self.defect = directory / "defect"
        self._made = directory / "made"
        plugin(self._made)
        super().__init__(directory / "relay", media="retry_for = 2\n", say=print)

    def _as(self, who: str) -> dict[str, str]:
        given = {"PYTHONPATH": f"{self._made}{os.pathsep}{ROOT}", "IM_RELAY_WATCH__INTERVAL": "2"}
        match who:
            case "deliver-easemob":
                if self.disks is not None:
                    given["IM_RELAY_DELIVER__STATE"] = str(self.disks.state / "state")
                given |= {"IM_RELAY_DELIVER__IN_DOUBT": "hold", "IM_RELAY_DELIVER__ECHO_WAIT": "5", "IM_RELAY_DELIVER__CLOCK_MARGIN": "1"}
            case "ingress-2":
                given |= {"IM_RELAY_INGRESS__PORT": str(self.ports[who]), "IM_RELAY_INGRESS__CONNECTIONS": "16"}
            case "ingress-3":
                given |= {"IM_RELAY_INGRESS__PORT": str(self.ports[who]), "DEFECT": str(self.defect)}
            case "watch-2":
                given["IM_RELAY_CANARY__APPS"] = "[]"
            case "watch-3":
                given["IM_RELAY_CANARY__USERS"] = json.dumps(["imrelaycanary3", "imrelaycanary4"])
            case "gaps":
                given |= {"IM_RELAY_GAPS__INTERVAL": "20", "IM_RELAY_GAPS__DELAY": "5"}
            case _:
                pass
        if who in self._known:
            given["IM_RELAY_KAFKA__BOOTSTRAP"] = f"127.0.0.1:{self._known[who]}"
        return super()._as(who) | given | self.more.get(who, {})

    def _toml(self, port: int) -> str:
        def own(name: str, target: str, rules: str = "") -> str:
            account = f'account = {{secret = "{SECRET}", base_url = "{self.targets.url}", path = "/{name}"}}'
            return f'[apps.{name}]\nplatform = "own"\ntarget = "{target}"\n{account}\n{rules}\n'

        def easemob(name: str) -> str:
            keys = f'client_id = "made-up", client_secret = "made-up-secret", callback_secret = "{SECRET}"'
            account = f'account = {{org = "{name}", app = "{name}", {keys}, base_url = "{self.targets.url}"}}'
            return f'[apps.e-{name}]\nplatform = "easemob"\ntarget = "s-{name}"\n{account}\n'

        drops = {"dropped": 'rules = [{name = "all", do = "drop"}]'}
        made = [own(f"s-{name}", f"t-{name}", drops.get(name, "")) + own(f"t-{name}", f"s-{name}") for name in ORDINARY]
        made += [own(f"s-{name}", f"e-{name}") for name in TO_EASEMOB]
        made += [own("s-idle", "r-idle"), *map(easemob, TO_EASEMOB)]
        made.append(
            '[apps.r-idle]\nplatform = "rongcloud"\ntarget = "s-idle"\n'
            f'account = {{app_key = "made-up", app_secret = "made-up-secret", base_url = "{self.targets.url}"}}\n'
        )
        endpoints = json.dumps([one.address for one in self.endpoints.values()])
        store = self.disks.files if self.disks is not None else self.directory / "files"
        return (
            super()._toml(port)
            + "\n"
            + "\n".join(made)
            + f"""
[deliver.limits.t-busy]
events = 1

[canary]
apps = ["old", "new"]
interval = 15
patience = 14
kinds = ["text", "recall", "picture"]

[watch]
endpoints = {endpoints}
certificates_interval = 10

[media.scanner]
address = "{self.scanner.address}"

[files]
host = "127.0.0.1"
port = {free_port()}
directory = "{store}"
public_url = "http://127.0.0.1"
secret = "{STORE_SECRET}"
"""
        )

    def _start(self) -> None:
        self.directory.mkdir(parents=True)
        listens = {who: free_port() for who in PROXIES}
        self._known = {who: free_port() for who in PROXIES}
        behind = {listens[who]: self._known[who] for who in PROXIES}
        self.node = LocalKafka(self.directory / "kafka", free_port(), free_port(), heap_mb=512, brief=True, behind=behind)
        self._exit.callback(self.node.stop)
        self.bootstrap = self.node.start()
        for who, (apis, share, late) in PROXIES.items():
            self.proxies[who] = self.enter(BrokerProxy(self._known[who], listens[who], 1, apis, share, late=late))
        super()._start()

    def enter(self, one: AbstractContextManager[T]) -> T:
        """Until the scene ends."""
        return self._exit.enter_context(one)

    def _start_roles(self) -> None:
        self.operator = self.directory / "operator.toml"
        self.operator.write_text(self.config.read_text(encoding="utf-8"), encoding="utf-8")
        super()._start_roles()
        for name, arguments in ROLES.items():
            self.add(name, arguments, self.operator)

    def search(self) -> None:
        """Begin to search for lost callbacks, as nobody does before."""
        if "gaps" not in self.roles:
            self.add("gaps", ["gaps", "--run"], self.operator)

    def restart(self, name: str, **more: str) -> None:
        """With *more* in its environment."""
        self.roles[name].stop()
        self.begin(name, **more)

    def begin(self, name: str, **more: str) -> None:
        role = self.roles[name]
        role._environment |= more
        role.start()

    def command(self, *words: str, settings: Path | None = None) -> str:
        """What `im-relay` prints. Raises RuntimeError when it fails."""
        return succeeding.run(
            [sys.executable, "-m", "streams", *words, "-c", str(settings or self.operator)],
            f"im-relay {' '.join(words)} failed",
            cwd=ROOT,
            env=os.environ | MARKS,
            patience=120,
        )

    def __exit__(self, *error: object) -> None:
        super().__exit__(*error)
        self.targets.stop()
        self.scanner.stop()


def plugin(directory: Path) -> None:
    """Lay down a package with two plug-ins, as pip would, and what hurts a process from its start."""
    facts = directory / "made_up-1.0.dist-info"
    facts.mkdir(parents=True)
    (directory / "made_up.py").write_text(PLUGINS)
    (directory / "sitecustomize.py").write_text(AT_START)
    (facts / "METADATA").write_text("Metadata-Version: 2.1\nName: made-up\nVersion: 1.0\n")
    (facts / "entry_points.txt").write_text("[im_relay.converters]\nraises = made_up:raises\nslow = made_up:slow\n")
