"""A target that has what was written, and others that only say so: `verify` names each thing that it can see, and never says that all is well."""

import csv
import time
from pathlib import Path
from typing import Any

import msgspec
import pytest

from converters.core.model import Event, Group, direct
from converters.inventory import AnyItem, Block, Friendship, GroupMember, Setting, User
from converters.inventory import Group as GroupItem
from converters.platform import Request
from converters.probing import Findings
from streams.migrate.probe import findings_path
from tests.converters.migration.wired import Wired
from tests.migrate.bundles import made, said
from tests.migrate.rig import Rig
from tests.simulators.process import SimulatorProcess

NOW = int(time.time() * 1000)
AT = NOW - 30 * 3_600_000
"""In the history files, which keep three days."""
USERS = [f"u{number:02}" for number in range(24)]
GROUPS = ("901", "902")
SIMULATOR: dict[str, Any] = {
    "limit_calls": 0,
    "limit_user_calls": 0,
    "limit_group_calls": 0,
    "limit_history_per_minute": 0,
    "import_in_files": "true",
    "import_before_group": "accepted",
}
FINDINGS = Findings(repeat="refused", in_files=True, before_group="accepted", full_batch=True)


def items() -> list[AnyItem]:
    found: list[AnyItem] = [User(id=user, name=user.upper(), attributes={"city": "Shenzhen"}) for user in USERS]
    found += [
        Friendship(owner=USERS[one], friend=USERS[one + step], remark="pal" if step == 1 else "") for one in range(8) for step in (1, 2)
    ]
    found += [Block(owner=USERS[0], blocked=USERS[other]) for other in (20, 21)]
    for number, group in enumerate(GROUPS):
        found.append(GroupItem(id=group, name=f"group {number}", owner=USERS[number], announcement="welcome"))
        found += [
            GroupMember(
                group=group,
                user=USERS[one],
                role="owner" if one == number else "admin" if one == number + 4 else "member",
                muted=one == number + 6,
            )
            for one in range(number, number + 9)
        ]
    return [*found, *(Setting(user=USERS[one], mode="none") for one in range(3))]


def history() -> list[Event]:
    """Some of it a minute, some of it a day, apart."""
    found = [
        said(direct(USERS[talk], USERS[talk + 1]), USERS[talk], talk * 100 + turn, AT + turn * 60_000, f"{talk} {turn}")
        for talk in range(10)
        for turn in range(12)
    ]
    return found + [said(Group(GROUPS[0]), USERS[turn], 5000 + turn, AT + turn * 1000, f"group {turn}") for turn in range(8)]


class Verified:
    def __init__(self, rig: Rig, bundle: Path) -> None:
        self.rig, self.bundle = rig, bundle

    def __call__(self, code: int) -> dict[str, Any]:
        words = ["migrate", "verify", "--bundle", str(self.bundle), "--anew", "--json"]
        out = self.rig.command(
            *words, "--out", str(self.rig.directory / "differences.csv"), "--looks", str(self.rig.directory / "looks.csv"), code=code
        )
        return msgspec.json.decode(out.splitlines()[-1], type=dict[str, Any])

    def named(self) -> set[tuple[str, str, str]]:
        """(sort, kind, item) of all differences, without who is there besides."""
        with (self.rig.directory / "differences.csv").open(encoding="utf-8-sig", newline="") as file:
            return {(row["sort"], row["kind"], row["item"]) for row in csv.DictReader(file) if row["sort"] != "besides"}


def applied(rig: Rig, tmp_path: Path, events: list[Event]) -> Path:
    findings_path(rig.bundles, "new").write_bytes(msgspec.json.encode(FINDINGS))
    bundle = made(tmp_path, items(), events, before_group="import")
    rig.worker()
    done = rig.apply(bundle, "--live-since", "none")
    assert done["good"], done
    return bundle


@pytest.mark.slow
def test_what_was_written_is_there_and_what_is_taken_away_is_named(kafka: str, tmp_path: Path) -> None:
    with SimulatorProcess("easemob", **SIMULATOR) as sim, Rig(kafka, tmp_path / "rig", sim.url) as rig:
        bundle = applied(rig, tmp_path, history())
        verify = Verified(rig, bundle)
        good = verify(0)
        assert verify.named() == set()
        kinds = good["kinds"]
        assert {kind: one["seen"] for kind, one in kinds.items() if kind != "setting"} == {
            "user": 24,
            "friendship": 32,
            "block": 2,
            "group": 2,
            "member": 18,
        }
        assert (kinds["user"]["sampled"], kinds["setting"]["sampled"], kinds["group"]["sampled"]) == (24, 3, 2)
        history_seen = good["history"]
        assert (history_seen["accepted"], history_seen["chained"], history_seen["seen"], history_seen["looked_for"]) == (128, 11, 128, 128)
        plain = rig.command(
            "migrate",
            "verify",
            "--bundle",
            str(bundle),
            "--lang",
            "zh",
            "--out",
            str(tmp_path / "d.csv"),
            "--looks",
            str(tmp_path / "l.csv"),
        )
        assert "目标平台列出的内容没有差异" in plain
        assert (tmp_path / "l.csv").stat().st_mode & 0o077 == 0
        # Somebody takes away, and puts in the wrong place, what was there.
        target = Wired("easemob", sim)
        here, there = (group_at(rig, one) for one in GROUPS)
        path = "/demo/relay"
        for method, where in (
            ("DELETE", f"chatgroups/{here}/users/{USERS[3]}"),
            ("POST", f"chatgroups/{here}/users/{USERS[9]}"),  # two members are swapped
            ("DELETE", f"chatgroups/{there}/users/{USERS[9]}"),
            ("POST", f"chatgroups/{there}/users/{USERS[0]}"),
            ("DELETE", f"chatgroups/{there}/admin/{USERS[5]}"),
            ("DELETE", f"users/{USERS[1]}/contacts/users/{USERS[2]}"),
            ("DELETE", f"users/{USERS[0]}/blocks/users/{USERS[20]}"),
            ("DELETE", f"users/{USERS[23]}"),
        ):
            reply = target.send(Request(method, f"{path}/{where}", {"Content-Type": "application/json"}, b""))
            assert reply is not None
            assert reply.status == 200, (where, reply)
        body = b"nickname=somebody"
        reply = target.send(Request("PUT", f"{path}/metadata/user/{USERS[4]}", {"Content-Type": "application/x-www-form-urlencoded"}, body))
        assert reply is not None
        bad = verify(1)
        assert verify.named() == {
            ("missing", "member", f"member {GROUPS[0]} {USERS[3]}"),
            ("missing", "member", f"member {GROUPS[1]} {USERS[9]}"),
            ("different", "member", f"member {GROUPS[1]} {USERS[5]}"),
            ("missing", "friendship", f"friendship {USERS[1]} {USERS[2]}"),
            ("missing", "block", f"block {USERS[0]} {USERS[20]}"),
            ("missing", "user", f"user {USERS[23]}"),
            ("different", "user", f"user {USERS[4]}"),
        }
        assert bad["kinds"]["member"]["besides"] == 2
        report_is_right(rig, tmp_path, bundle)
        listed = tmp_path / "made.csv"
        rig.command("migrate", "made", "--out", str(listed))
        rows = listed.read_text(encoding="utf-8-sig")
        assert rows.count("\nuser,") == 24
        assert here in rows


def report_is_right(rig: Rig, tmp_path: Path, bundle: Path) -> None:
    rig.command("migrate", "report", "--bundle", str(bundle), "--out", str(tmp_path / "report"), "--lang", "zh")
    text, page = (tmp_path / "report.md").read_text(), (tmp_path / "report.html").read_text()
    assert "# 迁移报告: old → new" in text
    assert "| 用户 | 24 | 24 | 0 | 0 |" in text
    assert "缺失: user u…" in text
    assert page.count("<table>") == page.count("</table>") >= 5
    assert "签字" in page
    assert "- 群消息能否早于建群时间? 接受" in text
    # Nobody is named, and nothing that people wrote is there.
    for user in USERS:
        assert user not in text
    assert "Shenzhen" not in text
    rig.command("migrate", "report", "--bundle", str(bundle), "--out", str(tmp_path / "report"), "--lang", "en")
    assert "## Signatures" in (tmp_path / "report.md").read_text()


@pytest.mark.slow
@pytest.mark.parametrize("mood", [{"swallow": 0.05, "seed": 5}, {"double": 0.05, "seed": 5}], ids=["swallowed", "doubled"])
def test_messages_that_a_target_swallows_or_doubles_are_named(mood: dict[str, Any], kafka: str, tmp_path: Path) -> None:
    with SimulatorProcess("easemob", **SIMULATOR) as sim, Rig(kafka, tmp_path / "rig", sim.url) as rig:
        applied(rig, tmp_path, [])
        sim.mood(**mood)
        events = history()
        bundle = made(tmp_path / "later", items(), events, before_group="import")
        assert rig.apply(bundle, "--catch-up", "--live-since", "none")["good"], "the target says that all is well"
        sim.mood()
        stored = [entry["text"] for entry in sim.journal("accepted") if entry["api"] == "import"]
        verify = Verified(rig, bundle)
        found = verify(1)
        texts = {event.id: event.operation.body.text for event in events}  # type: ignore[union-attr]
        named = {(sort, texts[item]) for sort, kind, item in verify.named() if kind == "message"}
        lost = {("missing", text) for text in texts.values() if text not in stored}
        doubled = {("doubled", text) for text in texts.values() if stored.count(text) == 2}
        assert named == lost | doubled
        assert named
        assert found["history"]["accepted"] == len(events), "as the target said"


def group_at(rig: Rig, group: str) -> str:
    """What a group is called at the target."""
    for line in rig.command("identities", "list").splitlines():
        row = msgspec.json.decode(line, type=dict[str, Any])
        if (row["platform"], row["kind"]) == ("easemob", "group") and row["canonical"].endswith(f"-{group}"):
            return str(row["id"])
    raise AssertionError(group)
