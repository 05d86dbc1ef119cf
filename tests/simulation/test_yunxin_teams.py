"""The Yunxin simulator: teams and superteams, and the notification of whatever happens to one."""

from typing import Any

import orjson
import pytest

from tests.simulation.conftest import Start
from tests.simulation.receiver import Receiver
from tests.simulation.yunxin_calls import call, copies, dumped
from tests.simulators.client import SimulatorClient

PEOPLE = ["alice", "bob", "carol", "dave", "erin"]
CREATE: dict[str, Any] = {
    "tname": "Ops",
    "owner": "alice",
    "members": '["bob","carol"]',
    "msg": "join us",
    "magree": 0,
    "joinmode": 0,
    "custom": "{}",
    "intro": "who we are",
}
LIFE: list[tuple[str, str, dict[str, Any], int, int, set[str]]] = [
    # operation, operator, payload, id in a team, in a superteam, keys of data
    ("add", "alice", {"users": ["dave"]}, 0, 401, {"ids", "tinfo", "uinfos"}),
    ("kick", "alice", {"users": ["dave"]}, 1, 402, {"ids", "tinfo", "uinfos"}),
    ("leave", "carol", {}, 2, 403, {"tinfo", "uinfos"}),
    ("update", "alice", {"tname": "New", "intro": "hi"}, 3, 404, {"tinfo", "uinfos"}),
    ("pass", "alice", {"users": ["erin"]}, 5, 410, {"id", "tinfo", "uinfos"}),
    ("change_owner", "alice", {"users": ["bob"]}, 6, 406, {"id", "tinfo", "uinfos"}),
    ("add_manager", "bob", {"users": ["alice"]}, 7, 407, {"ids", "uinfos"}),
    ("remove_manager", "bob", {"users": ["alice"]}, 8, 408, {"ids", "uinfos"}),
    ("accept", "dave", {"users": ["bob"]}, 9, 411, {"id", "tinfo", "uinfos"}),
    ("mute", "bob", {"users": ["erin"], "mute": True}, 10, 409, {"ids", "mute", "uinfos"}),
    ("remove", "bob", {}, 4, 405, {"uinfos"}),
]


@pytest.mark.parametrize(("kind", "ids"), [("team", 3), ("superteam", 4), ("superteam as team", 3)])
def test_the_life_of_a_team_in_the_app(start: Start, receiver: Receiver, kind: str, ids: int) -> None:
    simulator = start("yunxin", superteam_ids="as team" if kind.endswith("as team") else "own")
    made = simulator.operate("team.create", "alice", "", members=["bob", "carol"], name="Ops", superteam=kind != "team")
    tid = made["to"]
    for operation, operator, payload, *_ in LIFE:
        simulator.operate(f"team.{operation}", operator, tid, where="group", **payload)
    first, *got = copies(simulator, receiver)
    assert orjson.loads(first["attach"])["data"]["ids"] == ["bob", "carol"]
    assert {copy["convType"] for copy in got} == {"TEAM" if kind == "team" else "SUPER_TEAM"}
    assert {copy["msgType"] for copy in got} == {"NOTIFICATION"}
    assert [copy["fromAccount"] for copy in got] == [row[1] for row in LIFE]
    notices = [orjson.loads(copy["attach"]) for copy in got]
    assert [notice["id"] for notice in notices] == [row[ids] for row in LIFE]
    assert [set(notice["data"]) for notice in notices] == [row[5] for row in LIFE]
    data = {row[0]: notice["data"] for row, notice in zip(LIFE, notices, strict=True)}
    assert data["add"]["tinfo"].items() >= {"1": tid, "3": "Ops", "5": "alice", "9": "4"}.items()
    assert data["update"]["tinfo"].keys() == {"3", "14", "12"}
    assert [data[name]["id"] for name in ("pass", "change_owner", "accept")] == ["erin", "bob", "bob"]
    assert [user["1"] for user in data["mute"]["uinfos"]] == ["bob", "erin"]
    if kind == "team":
        assert [copy["tMembers"] for copy in got[:3]] == ["[alice, bob, carol, dave]", "[alice, bob, carol]", "[alice, bob]"]
        assert got[-1]["tMembers"] == "[bob, alice, erin, dave]"
    assert [entry["operation"] for entry in simulator.journal("said")] == ["team.create", *(f"team.{row[0]}" for row in LIFE)]
    with pytest.raises(ValueError, match="no such team"):
        simulator.say("bob", tid, "gone", type="group")


def test_one_who_needs_no_approval_is_listed_twice(start: Start, receiver: Receiver) -> None:
    simulator = start("yunxin")
    simulator.operate("team.pass", "dave", "6001", where="group", users=["dave"])
    (copy,) = copies(simulator, receiver)
    assert [user["1"] for user in orjson.loads(copy["attach"])["data"]["uinfos"]] == ["dave", "dave"]


def test_the_life_of_a_team_by_calls(start: Start, receiver: Receiver) -> None:
    simulator = start("yunxin", users=PEOPLE)
    tid = call(simulator, "team/create", CREATE)["tid"]

    def done(verb: str, code: int = 200, **form: Any) -> None:
        answer = call(simulator, f"team/{verb}", {"tid": tid, "owner": "alice", **form})
        assert answer["code"] == code, (verb, answer)

    done("add", members='["dave"]', magree=0, msg="hi")
    done("kick", member="dave")
    done("kick", 804, members='["dave"]')
    done("kick", 802, owner="bob", member="carol")
    done("kick", 802, member="alice")
    done("kick", 414)
    done("addManager", members='["bob"]')
    done("addManager", 802, owner="bob", members='["carol"]')
    done("addManager", 414, members=dumped([f"u{n}" for n in range(11)]))
    done("update", owner="bob", tname="New")
    done("update", 802, owner="carol", tname="New")
    done("update", 414)
    done("update", 414, tname="x" * 65)
    done("muteTlist", accid="carol", mute=1)
    done("muteTlist", 414, accid="carol", mute=2)
    done("muteTlistAll", muteType=1)
    done("muteTlistAll", 414)
    done("removeManager", members='["bob"]')
    done("changeOwner", newowner="bob", leave=2)
    done("changeOwner", 802, newowner="bob", leave=2)
    done("leave", accid="carol")
    done("leave", 804, accid="carol")
    done("leave", 802, accid="bob")
    info = call(simulator, "team/query", {"tids": f"[{tid}]", "ope": 1})["tinfos"][0]
    expected = {
        "tname": "New",
        "owner": "bob",
        "admins": [],
        "members": ["alice"],
        "muteType": 1,
        "mute": True,
        "size": 2,
        "tid": int(tid),
        "intro": "who we are",
        "joinmode": 0,
    }
    assert info.items() >= expected.items()
    detail = call(simulator, "team/queryDetail", {"tid": tid})["tinfo"]
    assert (detail["owner"]["accid"], [one["accid"] for one in detail["members"]]) == ("bob", ["alice"])
    assert call(simulator, "team/joinTeams", {"accid": "alice"})["count"] == 2
    done("remove", 802)
    done("remove", owner="bob")
    done("remove", 803, owner="bob")
    # One copy may overtake another.
    told = sorted(copies(simulator, receiver), key=lambda copy: int(copy["msgTimestamp"]))
    notices = [orjson.loads(copy["attach"])["id"] for copy in told]
    assert notices == [0, 0, 1, 7, 3, 10, 3, 8, 6, 2, 4]
    assert {copy["fromClientType"] for copy in copies(simulator, receiver)} == {"REST"}
    apis = [entry["api"] for entry in simulator.journal("accepted")]
    assert apis == [
        "team.create",
        "team.add",
        "team.kick",
        "team.add_manager",
        "team.update",
        "team.mute",
        "team.update",
        "team.remove_manager",
        "team.change_owner",
        "team.leave",
        "team.remove",
    ]


def test_the_life_of_a_superteam_by_calls(start: Start, receiver: Receiver) -> None:
    simulator = start("yunxin", users=PEOPLE)
    create = {"tname": "Big", "owner": "alice", "inviteAccids": '["bob"]', "joinmode": 0, "serverCustom": "s"}
    tid = call(simulator, "superteam/create", create)["tid"]
    for verb, form in (
        ("invite", {"inviteAccids": '["carol","dave"]', "msg": "hi"}),
        ("kick", {"kickAccids": '["dave"]'}),
        ("addManager", {"managerAccids": '["bob"]'}),
        ("removeManager", {"managerAccids": '["bob"]'}),
        ("muteTlist", {"muteAccids": '["bob"]', "mute": 1}),
        ("mute", {"muteType": 1}),
        ("updateTinfo", {"tname": "Bigger"}),
        ("leave", {"accid": "carol"}),
        ("changeOwner", {"newowner": "bob", "leave": 1}),
    ):
        assert call(simulator, f"superteam/{verb}", {"tid": tid, "owner": "alice", **form}) == {"code": 200}, verb
    (info,) = call(simulator, "superteam/getTinfos", {"tids": f"[{tid}]"})["tinfos"]
    assert (info["tname"], info["owner"], info["size"], info["custom"]) == ("Bigger", "bob", 1, "s")
    assert call(simulator, "superteam/joinTeams", {"accid": "bob"})["count"] == 1
    assert call(simulator, "team/kick", {"tid": tid, "owner": "bob", "member": "alice"})["code"] == 805
    assert call(simulator, "superteam/dismiss", {"tid": tid, "owner": "bob"}) == {"code": 200}
    got = copies(simulator, receiver)
    assert {copy["convType"] for copy in got} == {"SUPER_TEAM"}
    notices = [orjson.loads(copy["attach"])["id"] for copy in got]
    assert notices == [401, 401, 402, 407, 408, 409, 404, 404, 403, 406, 405]


def test_whoever_must_agree_is_invited_and_not_yet_in(start: Start, receiver: Receiver) -> None:
    simulator = start("yunxin")
    tid = call(simulator, "team/create", CREATE | {"magree": 1})["tid"]
    (info,) = call(simulator, "team/query", {"tids": f"[{tid}]", "ope": 1})["tinfos"]
    assert info["members"] == []
    simulator.operate("team.accept", "bob", tid, where="group", users=["alice"])
    invitation, accepted = copies(simulator, receiver)
    assert (invitation["msgType"], invitation["tMembers"]) == ("TEAM_INVITE", "[bob, carol]")
    assert (invitation["body"], invitation["fromClientType"]) == ("join us", "REST")
    assert (accepted["fromAccount"], orjson.loads(accepted["attach"])["id"]) == ("bob", 9)


def test_what_making_and_filling_a_team_refuses(start: Start) -> None:
    simulator: SimulatorClient = start("yunxin", users=PEOPLE)
    for change, code in (
        ({"tname": ""}, 414),
        ({"tname": "x" * 65}, 414),
        ({"msg": ""}, 414),
        ({"msg": "x" * 151}, 414),
        ({"magree": 2}, 414),
        ({"joinmode": 3}, 414),
        ({"members": "bob"}, 414),
        ({"members": '["ghost"]'}, 414),
        ({"owner": "ghost"}, 414),
        ({"custom": "x" * 1025}, 414),
        ({"members": dumped([f"u{n}" for n in range(200)])}, 414),
    ):
        assert call(simulator, "team/create", CREATE | change)["code"] == code, change
    tid = call(simulator, "team/create", CREATE | {"teamMemberLimit": 3})["tid"]
    join = {"tid": tid, "owner": "alice", "members": '["dave"]', "magree": 0, "msg": "x"}
    assert call(simulator, "team/add", join)["code"] == 801
    assert call(simulator, "team/query", {"tids": '["1"]', "ope": 0})["code"] == 803
    assert call(simulator, "team/query", {"tids": '["1"]', "ope": 0, "ignoreInvalid": "true"})["tinfos"] == []
