"""A target that answers well and does not do it: of users, friends, members, and of ten thousand messages one. `verify` and the report name each."""

from pathlib import Path
from typing import Any

import msgspec
import pytest

from converters.core.model import Event, direct
from converters.inventory import AnyItem, Friendship, GroupMember, User
from converters.inventory import Group as GroupItem
from converters.platform import Request
from streams.migrate.probe import findings_path
from tests.converters.migration.wired import Wired
from tests.migrate.bundles import made, said
from tests.migrate.rig import Rig
from tests.migrate.test_verify import AT, FINDINGS, SIMULATOR, Verified, group_at
from tests.simulators.process import SimulatorProcess

USERS = [f"u{number:02}" for number in range(60)]
NEW = [f"v{number}" for number in range(4)]
GROUPS = ("801", "802")
MESSAGES = 10_000
TALKS = 50


def people(names: list[str]) -> list[AnyItem]:
    return [User(id=name) for name in names]


def relations() -> list[AnyItem]:
    found: list[AnyItem] = [Friendship(owner=USERS[one], friend=USERS[one + 1]) for one in range(50)]
    for number, group in enumerate(GROUPS):
        found.append(GroupItem(id=group, name="group", owner=USERS[number]))
        found += [GroupMember(group=group, user=user, role="owner" if user == USERS[number] else "member") for user in USERS[:40]]
    return found


def history() -> list[Event]:
    each = MESSAGES // TALKS
    return [
        said(direct(USERS[talk], USERS[talk + 1]), USERS[talk], talk * each + turn, AT + turn * 1000, f"{talk} {turn}")
        for talk in range(TALKS)
        for turn in range(each)
    ]


class Shown:
    """What the target itself shows, asked without the relay's readers."""

    def __init__(self, sim: SimulatorProcess) -> None:
        self._wired = Wired("easemob", sim)

    def names(self, path: str, field: str = "data") -> set[str]:
        reply = self._wired.send(Request("GET", f"/demo/relay/{path}", {}, b""))
        assert reply is not None
        assert reply.status == 200, reply
        rows = msgspec.json.decode(reply.body)[field]
        return {row if isinstance(row, str) else str(row.get("member") or row.get("owner") or row.get("username")) for row in rows}


@pytest.mark.slow
def test_what_a_target_only_says_is_named_kind_by_kind(kafka: str, tmp_path: Path) -> None:
    with SimulatorProcess("easemob", **SIMULATOR) as sim, Rig(kafka, tmp_path / "rig", sim.url) as rig:
        findings_path(rig.bundles, "new").write_bytes(msgspec.json.encode(FINDINGS))
        rig.worker()
        assert rig.apply(made(tmp_path / "people", people(USERS)), "--live-since", "none")["good"]
        # Of friends and members some are not stored, of four more users none is, and of the messages one; another one is stored twice.
        sim.mood(swallow=0.15, seed=11)
        assert rig.apply(made(tmp_path / "relations", [*people(USERS), *relations()]), "--catch-up", "--live-since", "none")["good"]
        sim.mood(swallow=1.0)
        assert rig.apply(made(tmp_path / "new", [*people(USERS + NEW), *relations()]), "--catch-up", "--live-since", "none")["good"]
        sim.mood(swallow=1.0, count=1)
        bundle, events = made(tmp_path / "all", [*people(USERS + NEW), *relations()], history(), before_group="import"), history()
        applying = rig.applying(bundle, "--catch-up", "--live-since", "none")
        seen = 0
        while applying.poll() is None and not seen:
            seen = sum(entry["api"] == "import" for entry in sim.journal("accepted"))
        sim.mood(double=1.0, count=1)
        applying.communicate()
        assert applying.returncode == 0, "the target says that all is well"
        stored = [entry["text"] for entry in sim.journal("accepted") if entry["api"] == "import"]
        assert (len(stored), len(set(stored))) == (MESSAGES, MESSAGES - 1)

        verify = Verified(rig, bundle)
        result = verify(1)
        texts = {event.id: text_of(event) for event in events}
        shown = Shown(sim)
        wanted = {("missing", "message", item) for item, text in texts.items() if text not in stored}
        wanted |= {("doubled", "message", item) for item, text in texts.items() if stored.count(text) == 2}
        assert {sort for sort, _, _ in wanted} == {"missing", "doubled"}
        wanted |= {("missing", "user", f"user {name}") for name in NEW}
        friends = {name: shown.names(f"users/{name}/contacts/users") for name in USERS}
        lost = [(one.owner, one.friend) for one in relations() if isinstance(one, Friendship) and one.friend not in friends[one.owner]]
        wanted |= {("missing", "friendship", f"friendship {one} {other}") for one, other in lost}
        for group in GROUPS:
            there = shown.names(f"chatgroups/{group_at(rig, group)}/users?pagesize=1000")
            wanted |= {("missing", "member", f"member {group} {user}") for user in USERS[:40] if user not in there}
        assert {kind for _, kind, _ in wanted} == {"message", "user", "friendship", "member"}
        assert verify.named() == wanted
        assert result["history"]["accepted"] == MESSAGES
        # A friendship is missed on the lists of both.
        report_names_them(rig, tmp_path, bundle, len(wanted) + len(lost))

        # Where nothing tells of single messages, nobody says that they are there.
        findings_path(rig.bundles, "new").write_bytes(msgspec.json.encode(msgspec.structs.replace(FINDINGS, in_files=False)))
        told = rig.command(
            "migrate",
            "verify",
            "--bundle",
            str(bundle),
            "--anew",
            "--lang",
            "en",
            "--out",
            str(tmp_path / "d.csv"),
            "--looks",
            str(tmp_path / "l.csv"),
            code=1,
        )
        assert (
            f"10,000 of 10,000 accepted, 50 conversations with the hash of the bundle, no call reads history back: a person looks at {TALKS} conversations"
            in told
        )


def text_of(event: Event) -> str:
    text: Any = event.operation
    return str(text.body.text)


def report_names_them(rig: Rig, tmp_path: Path, bundle: Path, count: int) -> None:
    rig.command("migrate", "report", "--bundle", str(bundle), "--out", str(tmp_path / "report"), "--lang", "en")
    text = (tmp_path / "report.md").read_text()
    assert f"**{count:,} differences: in the list of differences**" in text
    assert "No difference" not in text
    for sort, kind in (("missing", "user"), ("missing", "friendship"), ("missing", "member")):
        assert f"- {sort}: {kind} " in text
    assert "1 not seen, 1 doubled" in text
