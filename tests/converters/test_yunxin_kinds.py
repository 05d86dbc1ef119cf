"""Every kind on Yunxin: in both generations of the API, in talks, teams, superteams and rooms."""

import json
from typing import Any
from urllib.parse import parse_qsl

import msgspec
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from converters import PLATFORMS
from converters.core import wire
from converters.core.bodies import Text, files_of
from converters.core.model import NOTHING, Conversation, Delivery, Direct, Group, Room, StoredFile, TargetContext, TargetMessage
from converters.core.operations import GroupLife, Post, Quote, Ref
from converters.core.outcome import Delivered
from converters.platform import Callback, DecodedEvent, OwnEcho, Reply, Request
from converters.routing.identity_table import IdentityTable, record
from converters.routing.route import App, Deliver, route
from tests.converters.examples import BODIES, OPERATIONS, VARIANTS, account_of, delivery_of, there_of
from tests.converters.shapes import NOW
from tests.narrowed import of_kind, required

YUNXIN = PLATFORMS["yunxin"]
LOOK_UP = required(YUNXIN.look_up)
PLACED: dict[str, Conversation] = {"direct": Direct(("alice", "bob")), "room": Room("team")}
PLACES = {"direct": "bob", "team": "1101", "superteam": "super-1101", "room": "1101"}
ADDING = {"msg/sendMsg", "superteam/sendMsg", "chatroom/sendMsg", "v2/messages", "team/create"}


def delivery(kind: str, where: str, operation: Any = None) -> Delivery:
    place = PLACED.get(where, Group("team"))
    found = delivery_of(operation or OPERATIONS[kind], place)
    if kind == "group-created":
        return found
    return msgspec.structs.replace(found, receiver=PLACES[where])


def fields(request: Request) -> dict[str, Any]:
    if not request.body:
        return {}
    if "json" in request.headers["Content-Type"]:
        return of_kind(dict, wire.load_any(request.body))
    return dict(parse_qsl(request.body.decode(), keep_blank_values=True, strict_parsing=True))


@pytest.mark.parametrize("where", PLACES)
@pytest.mark.parametrize("kind", OPERATIONS)
def test_both_generations_lose_the_same(kind: str, where: str) -> None:
    one, two = (
        YUNXIN.encode(delivery(kind, where), account_of("yunxin", api=api), there_of("yunxin", OPERATIONS[kind])) for api in ("v1", "v2")
    )
    assert one.losses == two.losses
    assert len(one.requests) == len(two.requests)
    assert one.requests or one.losses, "nothing is lost in silence"


@pytest.mark.parametrize("kind", OPERATIONS)
def test_the_table_says_what_the_encoder_does(kind: str) -> None:
    where = "team" if isinstance(OPERATIONS[kind], GroupLife) else "direct"
    encoded = YUNXIN.encode(delivery(kind, where), account_of("yunxin"), there_of("yunxin", OPERATIONS[kind]))
    said = [fields(request).get("type") for request in encoded.requests]
    if VARIANTS.get(kind) and YUNXIN.fidelity[kind].word == "partial":
        return  # of some of it, which test_fidelity knows
    match bool(encoded.requests), bool(encoded.losses):
        case True, False:
            level = "full"
        case True, True:
            level = "shown" if said == ["0"] else "partial"
        case _:
            level = "refused"
    assert YUNXIN.fidelity[kind].word == level


@pytest.mark.parametrize("where", PLACES)
@pytest.mark.parametrize("kind", OPERATIONS)
@pytest.mark.parametrize("api", ["v1", "v2"])
def test_only_what_adds_something_must_not_be_sent_twice(kind: str, where: str, api: str) -> None:
    there = there_of("yunxin", OPERATIONS[kind])
    for request in YUNXIN.encode(delivery(kind, where), account_of("yunxin", api=api), there).requests:
        assert request.repeatable is not (request.api in ADDING or kind == "command")


@pytest.mark.parametrize("where", PLACES)
@pytest.mark.parametrize("kind", [*BODIES, "quote"])
def test_every_message_of_ours_is_known_when_it_comes_back(kind: str, where: str) -> None:
    for api in ("v1", "v2"):
        account = account_of("yunxin", api=api)
        sent = delivery(kind, where)
        for request in YUNXIN.encode(sent, account, there_of("yunxin", OPERATIONS[kind])).requests:
            ext = fields(request).get("ext") or fields(request).get("extension") or fields(request).get("attach")
            ext = ext or fields(request)["content"]
            assert json.loads(ext)["relay"]["id"] == sent.event.id


ROUND = ("image", "gif", "video", "file", "location", "custom", "card", "command", "text")


@pytest.mark.parametrize("kind", ROUND)
def test_what_is_written_is_read_as_the_same_kind(kind: str) -> None:
    there = there_of("yunxin", OPERATIONS[kind])
    (request,) = YUNXIN.encode(delivery(kind, "direct"), account_of("yunxin"), there).requests
    sent = fields(request)
    names = {"0": "TEXT", "1": "PICTURE", "3": "VIDEO", "4": "LOCATION", "6": "FILE", "100": "CUSTOM"}
    copy = {"eventType": "1", "convType": "PERSON", "fromAccount": "alice", "to": "bob", "msgidServer": "5"}
    if kind == "command":
        copy |= {"convType": "CUSTOM_PERSON", "msgType": "CUSTOM_P2P_MSG"}
        copy["attach"] = json.dumps({name: one for name, one in json.loads(sent["attach"]).items() if name != "relay"})
    else:
        copy |= {"msgType": names[sent["type"]], "attach": sent["body"], "body": json.loads(sent["body"]).get("msg", "")}
    (said,) = YUNXIN.decode(Callback("app", json.dumps(copy).encode(), NOW), account_of("yunxin"))
    assert isinstance(said, DecodedEvent)
    assert isinstance(said.event.operation, Post)
    body, before = said.event.operation.body, BODIES[kind]
    assert type(body) is type(before)
    for name in ("width", "height", "duration", "latitude", "longitude", "name", "data", "user", "text"):
        assert getattr(body, name, None) == getattr(before, name, None), name
    if carried := there.files:
        now, then = files_of(body)[0], files_of(before)[0]
        assert now.url == required(carried[0]).url
        assert (now.size, now.md5) == (then.size, then.md5)


@pytest.mark.parametrize(
    "odd",
    [
        {"eventType": "7", "from": "alice", "to": "bob"},
        {"eventType": "7", "from": "alice", "to": "bob", "msgId": "0"},
        {"eventType": "8", "to": "5", "msgId": "1"},
        {"eventType": "89", "from": "alice", "msgId": "1"},
        {"eventType": "30", "objects": '[{"fromAccount":"bob"}]'},
        {"eventType": "9", "event": "IN", "accid": "bob"},
        {"eventType": "1", "convType": "PERSON", "to": "bob", "msgType": "TEXT"},
        {"eventType": "1", "convType": "TEAM", "to": "bob", "msgType": "NOTIFICATION"},
        {"eventType": "4", "fromAccount": "alice", "msgType": "TEXT"},
        {"eventType": "89", "from": ["alice"], "to": "bob", "msgId": "1"},
    ],
    ids=lambda odd: "-".join(sorted(odd)),
)
def test_what_names_nobody_or_nothing_is_malformed(odd: dict[str, Any]) -> None:
    with pytest.raises(wire.Malformed):
        YUNXIN.decode(Callback("app", json.dumps(odd).encode(), NOW), account_of("yunxin"))


ids = st.sampled_from(["alice", "bob", "x" * 32])
exts = st.dictionaries(st.text(max_size=20), st.text(max_size=300) | st.integers(), max_size=8)


@given(
    text=st.text(max_size=200) | st.integers(1, 400).map(lambda count: "早\n\x00" * count * 20),
    ext=exts,
    mentions=st.lists(ids | st.text(st.sampled_from("ab1"), min_size=1, max_size=32), max_size=150),
    where=st.sampled_from(sorted(PLACES)),
    api=st.sampled_from(["v1", "v2"]),
    quoted=st.booleans(),
)
def test_nothing_is_longer_than_the_server_takes(
    text: str, ext: dict[str, Any], mentions: list[str], where: str, api: str, *, quoted: bool
) -> None:
    quote = Quote(Ref("77"), "is it so?" * 50) if quoted else None
    operation = Post(Text(text, tuple(mentions)), quote, ext)
    there = TargetContext(quoted=(TargetMessage("5", "bob", NOW, "c-5"),)) if quoted else NOTHING
    encoded = YUNXIN.encode(delivery("text", where, operation), account_of("yunxin", api=api), there)
    assert encoded.requests or not text
    for request in encoded.requests:
        sent = fields(request)
        assert len(sent["ext"] if "ext" in sent else sent["extension"]) <= (4096 if where == "room" else 1024)
        if request.api == "v2/messages":
            assert len(sent["message"]["text"]) <= 5000
            assert len(sent.get("push_config", {}).get("push_forcepush_ids", [])) <= 100
        else:
            assert len(sent.get("body", "")) <= 5000
            assert len(sent.get("attach", "")) <= 4096


LOOK_UPS = [
    ("direct", "history/querySessionMsg", {"from": "alice", "to": "bob"}),
    ("team", "history/queryTeamMsg", {"tid": "1101", "accid": "alice"}),
    ("superteam", "superteam/queryHistoryMsg", {"tid": "1101", "accid": "alice"}),
    ("room", "history/queryChatroomMsg", {"roomid": "1101", "accid": "alice"}),
]


@pytest.mark.parametrize("kind", ["text", "image", "voice", "custom", "notice", "forwarded", "quote", "edit"])
@pytest.mark.parametrize(("where", "api", "names"), LOOK_UPS, ids=[where for where, *_ in LOOK_UPS])
def test_a_message_of_any_kind_is_found_in_the_history(kind: str, where: str, api: str, names: dict[str, str]) -> None:
    account, sent = account_of("yunxin"), delivery(kind, where)
    asked = required(LOOK_UP.ask(sent, account, NOW - 1000, NOW))
    assert (asked.api, asked.path) == (api, f"/{api}.action")
    held = fields(asked)
    assert names.items() <= held.items()
    assert "type" not in held, "of all kinds"
    (request,) = YUNXIN.encode(sent, account, NOTHING).requests
    ext = fields(request)["ext"]
    item: dict[str, Any] = {"from": "alice", "msgid": 9223372036854775807, "msgidclient": "c", "sendtime": NOW, "type": 1, "body": {"w": 1}}
    items = [item | {"msgid": 4, "ext": '{"relay":7}'}, item | {"ext": ext}]
    reply = {"code": 200, "size": 2, "msgs": items}
    found = LOOK_UP.read(sent, account, Reply(200, {}, wire.dump_any(reply)), 0)
    assert found == Delivered("9223372036854775807", NOW)
    reply["msgs"] = items[:1]
    assert LOOK_UP.read(sent, account, Reply(200, {}, wire.dump_any(reply)), 0) is None


@pytest.mark.parametrize(("where", "api"), [("room", "v1"), ("direct", "v2"), ("team", "v2")])
def test_a_message_id_of_ours_is_found_where_the_history_has_no_ext(where: str, api: str) -> None:
    account, sent = account_of("yunxin", api=api), delivery("text", where)
    (request,) = YUNXIN.encode(sent, account, NOTHING).requests
    held = fields(request)
    chosen = held["msgId"] if where == "room" else held["message"]["message_client_id"]
    item = {"msgid": chosen, "time": NOW} if where == "room" else {"msgid": 5, "msgidclient": chosen, "sendtime": NOW}
    found = LOOK_UP.read(sent, account, Reply(200, {}, wire.dump_any({"code": 200, "msgs": [item]})), 0)
    assert found == Delivered(chosen if where == "room" else "5", NOW)


def test_a_team_of_ours_is_found_among_those_of_its_owner() -> None:
    account, made = account_of("yunxin"), delivery("group-created", "team")
    asked = required(LOOK_UP.ask(made, account, 0, NOW))
    assert (asked.api, fields(asked)) == ("team/joinTeams", {"accid": "alice"})
    (request,) = YUNXIN.encode(made, account, NOTHING).requests
    teams = [{"tid": 1, "custom": ""}, {"tid": 6123456789, "custom": fields(request)["custom"]}]
    reply = Reply(200, {}, wire.dump_any({"code": 200, "count": 2, "infos": teams}))
    assert LOOK_UP.read(made, account, reply, 0) == Delivered("6123456789")


@pytest.mark.parametrize("kind", ["recall", "read", "command", "typing", "muted", "friend-changed"])
def test_what_is_in_no_history_is_not_looked_for(kind: str) -> None:
    assert LOOK_UP.ask(delivery(kind, "direct" if kind != "muted" else "team"), account_of("yunxin"), 0, NOW) is None


def test_the_mark_on_a_team_is_ours_however_it_comes_back() -> None:
    made = delivery("group-created", "team")
    (request,) = YUNXIN.encode(made, account_of("yunxin"), NOTHING).requests
    team = {"1": "611", "3": "team", "5": "alice", "9": "3", "11": str(NOW)}
    for name in ("18", "19"):
        data = {"ids": ["bob", "carol"], "tinfo": team | {name: fields(request)["custom"]}}
        copy = {
            "eventType": "1",
            "convType": "TEAM",
            "fromAccount": "alice",
            "to": "611",
            "msgType": "NOTIFICATION",
            "msgTimestamp": str(NOW + 50),
            "msgidServer": "5",
            "attach": json.dumps({"id": 0, "data": data}),
        }
        (echo,) = YUNXIN.decode(Callback("new", json.dumps(copy).encode(), NOW), account_of("yunxin"))
        assert isinstance(echo, OwnEcho)
        assert (echo.event_id, echo.remote_id) == (made.event.id, "611")


FIELDS = [
    "convType",
    "fromAccount",
    "from",
    "to",
    "body",
    "attach",
    "ext",
    "msgTimestamp",
    "msgidServer",
    "msgidClient",
    "roomId",
    "msgId",
    "clientId",
    "sendTime",
    "deleteTime",
    "selfMsg",
    "objects",
    "accid",
    "ackAccid",
    "ackTeamId",
    "ackMsgTime",
    "event",
    "timestamp",
    "clientType",
    "code",
    "deviceId",
    "modifyAccountId",
    "modifyTime",
    "text",
    "attachment",
    "extension",
    "fromClientType",
    "fromNick",
    "antispam",
    "blacklist",
]
EVENTS = ["1", "2", "3", "4", "7", "8", "9", "25", "30", "85", "89", "90", "91", 1, 2]
KINDS = [
    "TEXT",
    "PICTURE",
    "AUDIO",
    "VIDEO",
    "LOCATION",
    "NOTIFICATION",
    "FILE",
    "TIPS",
    "CUSTOM",
    "NRTC_NETCALL",
    "NETCALL_AUDIO",
    "ROBOT",
    "FRIEND_ADD",
    "FRIEND_DELETE",
    "CUSTOM_P2P_MSG",
    "TEAM_APPLY",
    "CUSTOM_SUPERTEAM_MSG",
    "0",
    "1",
]
NAMES = [
    "url",
    "md5",
    "ext",
    "size",
    "w",
    "h",
    "dur",
    "lat",
    "lng",
    "title",
    "type",
    "data",
    "id",
    "ids",
    "tinfo",
    "uinfos",
    "mute",
    "1",
    "3",
    "5",
    "9",
    "11",
    "14",
    "15",
    "18",
    "19",
    "20",
    "vt",
    "msg",
    "typing",
    "relay",
    "yxReplyMsg",
    "yxAitMsg",
    "idServer",
    "idClient",
    "from",
    "time",
    "abstracts",
    "catalog",
    "chartlet",
    "userId",
    "durations",
    "status",
    "fromAccount",
    "toAccount",
    "msgidClient",
    "ait_all",
    "d",
]
scalars = (
    st.none()
    | st.booleans()
    | st.integers()
    | st.floats()
    | st.text(max_size=9)
    | st.sampled_from(["alice", "bob", "TEAM", "PERSON", "SUPER_TEAM", "CUSTOM_PERSON", "IN", "200", 101, 3, "userCard", 1e400])
)
values = st.recursive(scalars, lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.sampled_from(NAMES), inner, max_size=5))
objects = st.dictionaries(st.sampled_from(NAMES), values, max_size=6)
notes = st.builds(lambda number, data: json.dumps({"id": number, "data": data}), st.integers(0, 11), objects)
said = values | notes | objects.map(json.dumps) | st.lists(objects, max_size=2).map(json.dumps)


@settings(max_examples=150)
@given(
    event=st.sampled_from(EVENTS),
    kind=st.sampled_from(KINDS),
    talk=st.sampled_from(["PERSON", "TEAM", "SUPER_TEAM", "CUSTOM_PERSON", "CUSTOM_TEAM", ""]),
    odd=st.dictionaries(st.sampled_from(FIELDS), said, max_size=3),
    attach=said,
)
def test_whatever_lies_in_a_copy_it_is_read_or_malformed(event: Any, kind: str, talk: str, odd: dict[str, Any], attach: Any) -> None:
    usual = {"fromAccount": "alice", "from": "alice", "to": "bob", "roomId": "9", "accid": "bob", "ackAccid": "alice"}
    usual |= {"msgId": "5", "attachment": attach, "extension": attach, "objects": attach, "ext": attach}
    copy = {"eventType": event, "msgType": kind, "convType": talk, **usual, "attach": attach, **odd}
    _cross(copy)


@settings(max_examples=150)
@given(
    number=st.integers(0, 11) | st.integers(401, 411) | scalars,
    data=st.fixed_dictionaries(
        {},
        optional={
            "ids": st.lists(ids | scalars, max_size=4) | scalars,
            "id": ids | scalars,
            "tinfo": objects | scalars,
            "mute": scalars,
            "uinfos": values,
        },
    ),
    talk=st.sampled_from(["TEAM", "SUPER_TEAM"]),
)
def test_whatever_is_told_of_a_team_it_is_read(number: Any, data: dict[str, Any], talk: str) -> None:
    copy = {"eventType": "1", "convType": talk, "fromAccount": "alice", "to": "bob", "msgType": "NOTIFICATION"}
    _cross(copy | {"msgidServer": "5", "msgTimestamp": "1", "attach": json.dumps({"id": number, "data": data})})


def _cross(copy: dict[str, Any]) -> None:
    raw = json.dumps(copy).replace("Infinity", "1e999").replace("NaN", "null").encode()
    account = account_of("yunxin")
    known = IdentityTable()
    for native in ("bob", "super-bob"):
        known.apply(*record("yunxin", "group", native, "g"))
    known.apply(*record("yunxin", "room", "9", "r"))
    apps = {"a": App("a", YUNXIN, account, "b"), "b": App("b", YUNXIN, account, "a")}
    there = TargetContext(
        (TargetMessage("5", "alice", NOW, "c"),), (TargetMessage("5", "alice", NOW, "c"),), (StoredFile("https://x.example/f"),)
    )
    for routed in route(Callback("a", raw, NOW), apps, known):
        if isinstance(routed, Deliver):
            delivery = wire.load(wire.dump(routed.delivery), Delivery)
            for known_there in (there, NOTHING):
                encoded = YUNXIN.encode(delivery, account, known_there)
                assert encoded.requests or encoded.losses
