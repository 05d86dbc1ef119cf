"""`make chaos-alerts`: real faults on the whole relay, watched by a real Prometheus with the alerts as they ship: each fires, and clears.

Ten minutes, most of them the alerts' own patience. Needs the program `prometheus` (Debian's package of that name). Prints each alert with the
seconds from the fault until it fired, and from the mending until it was over; exits 0 when all did both.
"""

import json
import os
import shutil
import signal
import socket
import ssl
import subprocess
import sys
import tempfile
import threading
import time
import tomllib
import urllib.error
import urllib.parse
import urllib.request
from collections.abc import Callable
from contextlib import suppress
from datetime import UTC, datetime, timedelta
from http import HTTPStatus
from pathlib import Path
from typing import Any, NamedTuple

import trustme
import yaml
from typer.testing import CliRunner

from streams.cli.app import app
from streams.kafka.local.ports import free_port
from tests.children import dies_with_parent
from tests.stack import ROOT, Stack

RULES = ROOT / "deploy/prometheus/alerts.yml"
PATIENCE = 420.0
"""Seconds in which an alert must have fired, or be over."""
SETTINGS = """
[canary]
apps = ["old", "new"]
interval = 15
patience = 10
kinds = ["text", "recall"]

[watch]
endpoints = ["{endpoint}"]
certificates_interval = 10
"""
"""Behind those of `[deliver]`."""
STRANGER = """
import asyncio, sys
from aiokafka import AIOKafkaProducer
async def hold():
    producer = AIOKafkaProducer(bootstrap_servers=sys.argv[1], transactional_id="stranger." + sys.argv[2], transaction_timeout_ms=600_000)
    await producer.start()
    await producer.begin_transaction()
    await producer.send_and_wait(sys.argv[2], b"x", partition=0)
    print("open", flush=True)
    await asyncio.get_running_loop().run_in_executor(None, sys.stdin.read)
    await producer.abort_transaction()
    await producer.stop()
asyncio.run(hold())
"""
WRITER = """
import asyncio, sys
from aiokafka import AIOKafkaProducer
async def write():
    async with AIOKafkaProducer(bootstrap_servers=sys.argv[1]) as producer:
        await producer.send_and_wait(sys.argv[2], b"{}", key=b"k", headers=[("app", b"nobody"), ("received", b"1")])
asyncio.run(write())
"""


class Endpoint:
    """Serves a certificate of *days* to whoever connects, and says nothing else; another one from the next connection on."""

    def __init__(self, days: int) -> None:
        self._authority = trustme.CA()
        self.serve(days)
        self._door = socket.create_server(("127.0.0.1", 0))
        self.address = f"127.0.0.1:{self._door.getsockname()[1]}"
        threading.Thread(target=self._run, daemon=True).start()

    def serve(self, days: int) -> None:
        self._context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
        self._authority.issue_cert("127.0.0.1", not_after=datetime.now(UTC) + timedelta(days=days)).configure_cert(self._context)

    def _run(self) -> None:
        while True:
            peer, _ = self._door.accept()
            with suppress(OSError), peer, self._context.wrap_socket(peer, server_side=True) as spoken:
                spoken.recv(1)


class Fault(NamedTuple):
    """*alerts* fire of it; *keep* is repeated while it lasts."""

    what: str
    alerts: tuple[str, ...]
    begin: Callable[[], object]
    end: Callable[[], object]
    keep: Callable[[], object] = lambda: None


def second_config(stack: Stack) -> Path:
    """Of another watcher, so that one process alone can be given a wrong key."""
    return stack.directory / "second.toml"


class Prometheus:
    """Scrapes the roles of *stack*, with the shipped rules, every 2 s."""

    def __init__(self, stack: Stack, directory: Path) -> None:
        jobs = [{"targets": [f"127.0.0.1:{role.observe}"], "labels": {"role": name}} for name, role in stack.roles.items()]
        directory.mkdir()
        (directory / "prometheus.yml").write_text(
            yaml.safe_dump(
                {
                    "global": {"scrape_interval": "2s", "scrape_timeout": "2s", "evaluation_interval": "5s"},
                    "rule_files": [str(RULES)],
                    "scrape_configs": [{"job_name": "im-relay", "static_configs": jobs}],
                }
            )
        )
        self._port = free_port()
        self._log = (directory / "prometheus.log").open("wb")
        self.child = subprocess.Popen(
            [
                str(shutil.which("prometheus")),
                f"--config.file={directory / 'prometheus.yml'}",
                f"--storage.tsdb.path={directory / 'data'}",
                f"--web.listen-address=127.0.0.1:{self._port}",
            ],
            stdout=self._log,
            stderr=subprocess.STDOUT,
            preexec_fn=dies_with_parent(),  # noqa: PLW1509 - it asks the kernel alone
        )

    def firing(self) -> set[str]:
        """Names of alerts; none while it does not answer."""
        try:
            with urllib.request.urlopen(f"http://127.0.0.1:{self._port}/api/v1/alerts", timeout=5) as answer:
                found: dict[str, Any] = json.load(answer)
        except OSError:
            return set()
        return {one["labels"]["alertname"] for one in found["data"]["alerts"] if one["state"] == "firing"}

    def stop(self) -> None:
        self.child.terminate()
        self.child.wait(30)
        self._log.close()


def faults(stack: Stack, endpoint: Endpoint) -> list[Fault]:
    target = stack.platforms[1]
    deliver = stack.roles[f"deliver-{target}"]
    held: list[subprocess.Popen[bytes]] = []

    def killed() -> None:
        assert deliver.child is not None
        deliver.child.send_signal(signal.SIGKILL)
        deliver.child.wait()
        stack.source.say("alice", "bob", "nobody delivers this", type="person")

    def stranger() -> None:
        child = subprocess.Popen(
            [sys.executable, "-c", STRANGER, stack.bootstrap, f"{stack.prefix}echoes.{stack.platforms[0]}"],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            preexec_fn=dies_with_parent(),  # noqa: PLW1509 - it asks the kernel alone
        )
        assert child.stdout is not None
        child.stdout.readline()
        held.append(child)

    def ours() -> None:
        subprocess.run(
            [sys.executable, "-c", WRITER, stack.bootstrap, f"{stack.prefix}callbacks.{stack.platforms[0]}"], check=True, timeout=60
        )

    def drop() -> None:
        done = CliRunner().invoke(app, ["dead", "drop", "--whose", "ours", "--reason", "made up", "--yes", "-c", str(stack.config)])
        assert done.exit_code == 0, done.output

    def unsigned() -> None:
        request = urllib.request.Request(
            f"{stack.ingress}/callbacks/new", b'{"callId": "x", "timestamp": 1}', {"content-type": "application/json"}
        )
        try:
            urllib.request.urlopen(request, timeout=5)
        except urllib.error.HTTPError as error:
            if error.code != HTTPStatus.UNAUTHORIZED:
                raise

    def keyed(settings: str) -> None:
        second_config(stack).write_text(settings, encoding="utf-8")
        stack.roles["watch-2"].stop()
        stack.roles["watch-2"].start()

    settings = stack.config.read_text(encoding="utf-8")
    secret = tomllib.loads(settings)["apps"]["new"]["account"]["client_secret"]
    lost = (
        "ImRelayDown",
        "ImRelayPartitionsUnowned",
        "ImRelayPartitionStuck",
        "ImRelayNotDelivered",
        "ImRelayCanaryLost",
        "ImRelaySloBurnsFast",
    )
    return [
        Fault(f"deliver-{target} is killed", lost, killed, deliver.start),
        Fault(
            "an endpoint serves a certificate of two days",
            ("ImRelayCertificateExpiresSoon",),
            lambda: endpoint.serve(2),
            lambda: endpoint.serve(365),
        ),
        Fault(
            f"one process has a wrong key of {target}",
            ("ImRelayTokenRefused",),
            lambda: keyed(settings.replace(secret, "wrong" + secret)),
            lambda: keyed(settings),
        ),
        Fault("a stranger leaves a transaction open", ("ImRelayBlockedByTransaction",), stranger, lambda: held.pop().communicate()),
        Fault("a record of no app", ("ImRelayDeadLettersOurs",), ours, drop),
        Fault(
            "the settings file is spoiled",
            ("ImRelayRulesRefused",),
            lambda: stack.config.write_text(settings + "\n[nothing]\nx = 1\n"),
            lambda: stack.config.write_text(settings),
        ),
        Fault("another secret signs", ("ImRelayCallbacksAllRefused",), lambda: None, lambda: None, unsigned),
    ]


def watch(prometheus: Prometheus, names: set[str], since: float, keep: Callable[[], object], *, firing: bool) -> dict[str, float]:
    """Seconds until each of *names* was so; those that were not within the patience are missing."""
    seen: dict[str, float] = {}
    while len(seen) < len(names) and time.monotonic() - since < PATIENCE:
        keep()
        now = prometheus.firing()
        seen |= {name: time.monotonic() - since for name in names - seen.keys() if (name in now) == firing}
        time.sleep(1.0)
    return seen


def main() -> int:
    if shutil.which("prometheus") is None:
        print("there is no program `prometheus`: apt-get install prometheus")
        return 2
    directory = Path(tempfile.mkdtemp(prefix="chaos-alerts-"))
    os.environ["IM_RELAY_WATCH__INTERVAL"] = "2"
    endpoint = Endpoint(365)
    with Stack(directory / "relay", media=None, settings=SETTINGS.format(endpoint=endpoint.address), say=print) as stack:
        second_config(stack).write_text(stack.config.read_text(encoding="utf-8"), encoding="utf-8")
        for name, config in (("watch", stack.config), ("watch-2", second_config(stack))):
            role = stack.add(name, ["watch"], config)
            stack.wait_ready(role)
        prometheus = Prometheus(stack, directory / "prometheus")
        try:
            return play(prometheus, faults(stack, endpoint))
        finally:
            prometheus.stop()


def play(prometheus: Prometheus, chosen: list[Fault]) -> int:
    names = {name for fault in chosen for name in fault.alerts}
    # Each process must have been scraped while it was well.
    begin = time.monotonic()
    while time.monotonic() - begin < 10:
        assert not prometheus.firing() & names
        time.sleep(1.0)
    for fault in chosen:
        print(f"fault: {fault.what}", flush=True)
        fault.begin()
    fired = watch(prometheus, names, time.monotonic(), lambda: [fault.keep() for fault in chosen], firing=True)
    print(f"firing besides: {', '.join(sorted(prometheus.firing() - names)) or 'nothing'}")
    for fault in reversed(chosen):  # a command of an earlier one reads what a later one has spoiled
        fault.end()
    cleared = watch(prometheus, names & fired.keys(), time.monotonic(), lambda: None, firing=False)
    for name in sorted(names):
        told = [f"{one[name]:.0f} s" if name in one else "NEVER" for one in (fired, cleared)]
        print(f"{name}: fired after {told[0]}, over after {told[1]}")
    return int(len(fired) < len(names) or len(cleared) < len(names))


if __name__ == "__main__":
    sys.exit(main())
