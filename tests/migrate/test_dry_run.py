"""`migrate apply --dry-run`: every request is made as in a run, and none is sent."""

import re
from collections import Counter
from pathlib import Path

import pytest

from tests.migrate.bundles import made
from tests.migrate.rig import Rig, ended, start
from tests.migrate.test_applied import history, items
from tests.simulators.process import SimulatorProcess

_CALLS = re.compile(r"^(\S+) +([\d,]+) calls", re.MULTILINE)
_MADE = re.compile(r'^im_relay_attempts_total\{api="([^"]+)",app="new",outcome="\w+",platform="easemob"\} ([\d.]+)$', re.MULTILINE)
ONE = frozenset(
    {
        "messages/users/import",
        "messages/chatgroups/import",
        "chatgroups/create",
        "chatgroups/announcement",
        "contacts/remark",
        "users/attributes",
    }
)
"""Of these each call has one thing in it: there are as many, whichever lie together."""


def test_no_request_leaves_and_nothing_of_kafka_is_asked(tmp_path: Path) -> None:
    bundle = made(tmp_path, items(), history(talks=5, each=3))
    with SimulatorProcess("easemob") as sim:
        rig = Rig("127.0.0.1:1", tmp_path / "rig", sim.url)
        told = rig.command("migrate", "apply", "--dry-run", "--bundle", str(bundle))
        assert told.endswith("nothing was sent\n")
        assert {
            "users/attributes": 130,
            "chatgroups/create": 4,
            "messages/users/import": 15,
            "messages/chatgroups/import": 12,
        }.items() <= calls_in(told).items()
        assert sim.journal() == [], "not even a token was asked for"


@pytest.mark.slow
def test_what_is_told_is_what_a_run_asks(kafka: str, tmp_path: Path) -> None:
    bundle = made(tmp_path / "rig" / "bundles", items(), history(talks=5, each=3))
    plan = tmp_path / "plan.md"
    plan.write_text(
        f'```toml\nbundle = "{bundle}"\nsha256 = "{bundle.name}"\n\n[quotas]\n"messages/users/import" = 50\n"users" = 100\n```\n'
    )
    with SimulatorProcess("easemob", max_groups=100_000) as sim, Rig(kafka, tmp_path / "rig", sim.url, quotas=True) as rig:
        told = rig.command("migrate", "apply", "--dry-run", "--plan", str(plan))
        assert re.search(r"^messages/users/import +15 calls .* at 50/s$", told, re.MULTILINE)
        assert re.search(r"^messages/chatgroups/import +12 calls .* at 100/s$", told, re.MULTILINE)
        calls = calls_in(told)
        rig.command("migrate", "status", code=1)  # no run has begun
        worker = rig.worker()
        # The platform counts every call, and takes 10 of the 100 a second for what is live.
        assert ended(start(rig.config, "--plan", str(plan), "--live-since", "none"))["good"]
        # The plan's quota is this API's own; of the others the platform's hold, which no plan has changed.
        assert rig.metric('im_relay_quota_ratio{app="new",limit="messages/users/import"}') == 1.0
        asked: Counter[str] = Counter()
        for api, count in _MADE.findall(worker.metrics()):
            asked[api] += int(float(count))
        assert asked.keys() == calls.keys()
        assert {api: asked[api] for api in ONE & asked.keys()} == {api: calls[api] for api in ONE & calls.keys()}
        assert all(asked[api] >= calls[api] for api in calls), "a run fills its requests with what lies in one partition"
        throttled = [entry for entry in sim.journal("refused") if entry.get("status") == 429]
        assert throttled == [], "a share of the quotas is left alone"


def calls_in(told: str) -> dict[str, int]:
    return {api: int(count.replace(",", "")) for api, count in _CALLS.findall(told)}
