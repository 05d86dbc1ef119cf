"""Apps of Yunxin and RongCloud as sources: what their platforms list becomes a bundle; a reading that was cut off goes on."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from typer.testing import CliRunner, Result

from converters.core.event_id import new_event_id
from converters.core.model import Group as GroupTalk
from converters.core.model import conversation_key, direct
from converters.inventory import Friendship, Group, GroupMember, User
from streams.cli.app import app
from streams.migrate.bundle import Bundle
from streams.migrate.passwords import given
from streams.migrate.remote_store import RemoteStore
from tests.converters.migration.wired import Wired, wired
from tests.simulation import rongcloud_calls, yunxin_calls

PEOPLE = ["alice", "bob", "carol"]
SETTINGS = """
[marks]
secret = "of-the-marks-of-the-tests"
[deliver]
quotas = false
backoff = 0.01
backoff_max = 0.02
[apps.old]
platform = "{platform}"
target = "new"
account = {{app_key = "demo-{platform}", app_secret = "demo-{platform}-secret", base_url = "{url}"{more}}}
[apps.new]
platform = "easemob"
target = "old"
[apps.new.account]
org = "acme"
app = "shop"
client_id = "YXA6client"
client_secret = "YXA6secret"
callback_secret = "callback-secret"
base_url = "https://im.example"
"""


@pytest.fixture(autouse=True)
def here(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("LANG", "C.UTF-8")
    Path("users.txt").write_text("\n".join([*PEOPLE, "ghost"]) + "\n")


@pytest.fixture
def yunxin() -> Iterator[Wired]:
    with wired("yunxin", users=PEOPLE, group={"6001": PEOPLE}, limit_messages=0.0) as source:
        Path("relay.toml").write_text(SETTINGS.format(platform="yunxin", url=f"{source.simulator.url}/nimserver", more=""))
        yield source


def check(*words: str) -> Result:
    more = ["--files", "0", "--before-group", "restamp", "-c", "relay.toml"]
    return CliRunner().invoke(app, ["migrate", "check", "--from", "old", "--to", "new", "--users", "users.txt", *more, *words])


def bundle_of(result: Result) -> Bundle:
    assert result.exit_code == 0, result.output
    return Bundle.open(max(Path(".im-relay/migrate").glob("[0-9a-f]" * 12), key=lambda path: path.stat().st_mtime))


def said(bundle: Bundle, talk: Any) -> list[str]:
    return [one.event.operation.body.text for one in bundle.messages(conversation_key(talk))]  # type: ignore[union-attr]


def test_yunxin(yunxin: Wired) -> None:
    simulator = yunxin.simulator
    yunxin_calls.call(simulator, "user/updateUinfo", {"accid": "alice", "name": "爱丽丝"})
    yunxin_calls.call(simulator, "friend/add", {"accid": "alice", "faccid": "bob", "type": 1})
    yunxin_calls.call(simulator, "friend/update", {"accid": "alice", "faccid": "bob", "alias": "Bobby"})
    yunxin_calls.call(simulator, "user/setSpecialRelation", {"accid": "alice", "targetAcc": "carol", "relationType": "1", "value": "1"})
    yunxin_calls.call(simulator, "team/addManager", {"tid": "6001", "owner": "alice", "members": yunxin_calls.dumped(["bob"])})
    sent = [simulator.say("alice", "bob", f"to bob {number}") for number in range(230)]
    simulator.say("carol", "6001", "to all", type="group")
    with bundle_of(check()) as bundle:
        assert {kind: bundle.count(kind) for kind in ("user", "friendship", "block", "group", "member", "message")} == {
            "user": 3,
            "friendship": 1,
            "block": 1,
            "group": 1,
            "member": 3,
            "message": 231,
        }
        alice, pair = bundle.get("user\x1falice"), bundle.get("friendship\x1falice\x1fbob")
        assert alice is not None
        assert pair is not None
        assert isinstance(alice.item, User)
        assert isinstance(pair.item, Friendship)
        assert (alice.item.name, pair.item.remark, pair.item.friend_remark) == ("爱丽丝", "Bobby", "")
        roles = {row.item.user: row.item.role for row in bundle.items("member") if isinstance(row.item, GroupMember)}
        assert roles == {"alice": "owner", "bob": "admin", "carol": "member"}
        assert said(bundle, direct("alice", "bob")) == [f"to bob {number}" for number in range(230)]
        assert said(bundle, GroupTalk("6001")) == ["to all"]
        first = next(iter(bundle.messages(conversation_key(direct("alice", "bob")))))
        # What was carried live is known by the same id.
        assert first.event.id == new_event_id("yunxin", "old", "direct", str(sent[0]["id"]), "post")
        assert list(given(bundle)) == []
        notes = {(problem.kind, problem.where) for problem in bundle.problems()}
        assert ("source-needs", "history") in notes


def test_an_answer_that_stays_away_stops_the_reading_and_the_same_command_goes_on(yunxin: Wired) -> None:
    simulator = yunxin.simulator
    for number in range(30):
        simulator.say("alice", "bob", f"{number}")
    simulator.mood(error_500=1.0)
    result = check()
    assert result.exit_code == 1
    assert "does not answer; the same command goes on" in Path("problems.csv").read_text()
    simulator.mood()
    with bundle_of(check()) as bundle:
        assert said(bundle, direct("alice", "bob")) == [str(number) for number in range(30)]
        assert bundle.count("member") == 3


def test_rongcloud() -> None:
    with wired(
        "rongcloud", users=PEOPLE, group={"6001": PEOPLE}, hosted=True, limit_private_messages_per_minute=0.0, log_after=-3600.0
    ) as source:
        Path("relay.toml").write_text(SETTINGS.format(platform="rongcloud", url=source.simulator.url, more=""))
        simulator = source.simulator
        rongcloud_calls.call(simulator, "friend/add", {"userId": "alice", "targetId": "bob", "optType": "1"})
        rongcloud_calls.call(simulator, "user/blacklist/add", {"userId": "alice", "blackUserId": "carol"})
        for number in range(5):
            simulator.say("alice", "bob", f"a friend {number}")
        simulator.say("bob", "carol", "of a pair that is given")
        simulator.say("alice", "carol", "in the logs alone")
        simulator.say("carol", "6001", "to all", type="group")
        Path("pairs.csv").write_text("bob,carol\n")
        result = check("--pairs", "pairs.csv")
        assert result.exit_code == 1
        assert "groups and rooms whose owner is no user" in result.output, "RongCloud knows no owners: a file names them"
        Path("owners.csv").write_text("6001,alice\n")
        with bundle_of(check("--pairs", "pairs.csv", "--owners", "owners.csv")) as bundle:
            assert {kind: bundle.count(kind) for kind in ("user", "friendship", "block", "group", "member", "message")} == {
                "user": 3,
                "friendship": 1,
                "block": 1,
                "group": 1,
                "member": 3,
                "message": 8,
            }
            group = bundle.get("group\x1f6001")
            assert group is not None
            assert isinstance(group.item, Group)
            assert (group.item.owner, bool(group.item.name)) == ("alice", True)
            assert said(bundle, direct("alice", "bob")) == [f"a friend {number}" for number in range(5)]
            assert said(bundle, direct("alice", "carol")) == ["in the logs alone"]


@pytest.mark.parametrize(
    ("words", "wrong"),
    [
        (("--from", "old"), "there is no list of them. Give a file of them, one a line, with --users"),
        (("--from", "old", "--users", "none.txt"), "none.txt: FileNotFoundError"),
        (("--from", "old", "--users", "users.txt", "--pairs", "users.txt"), "users.txt:1: expected two ids with a comma between"),
        (("--from", "users.txt", "--users", "users.txt"), "--users: of use only where --from is an app of the settings (new, old)"),
        (("--from", "new", "--as", "old", "--users", "users.txt"), "name the source app also with --as"),
    ],
)
def test_what_is_not_as_needed_is_said(yunxin: Wired, words: tuple[str, ...], wrong: str) -> None:
    result = CliRunner().invoke(app, ["migrate", "check", "--to", "new", "-c", "relay.toml", *words])
    assert result.exit_code == 2
    assert wrong in " ".join(result.output.split())


def test_what_was_found_keeps_its_place_and_groups_are_put_together(tmp_path: Path) -> None:
    store = RemoteStore(tmp_path / "work" / "found.sqlite")
    store.add("group", ["b", "a", "b"])
    places = store.names("group")
    assert next(places) == (1, "b")
    store.add("group", ["c"])
    store.tell(Group(id="a", name="named", owner=""))
    store.tell(Group(id="a", owner="ann", muted=True))
    store.close()
    store = RemoteStore(tmp_path / "work" / "found.sqlite")
    assert [name for _, name in store.names("group", 1)] == ["a", "c"]
    (group,) = store.places("group")
    assert group == Group(id="a", name="named", owner="ann", muted=True)
    assert store.count("group") == 3
    store.close()
