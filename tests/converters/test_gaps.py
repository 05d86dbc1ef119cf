"""What each platform keeps of lost callbacks, from recorded answers: whatever is found reads as the callback itself would have."""

import gzip
import json
from collections.abc import Callable, Sequence
from typing import Any
from urllib.parse import parse_qsl

import msgspec
import pytest

from converters import PLATFORMS
from converters.core.bodies import Image, Notice, Text, Voice
from converters.core.model import Conversation, Group, Room, conversation_key, direct
from converters.core.operations import MembersAdded, Post
from converters.platform import Callback, DecodedEvent, FileRequest, FoundCallback, Ignored, OwnEcho, Reply, Request, TimeRange
from converters.platforms.easemob import PLATFORM as EASEMOB
from converters.platforms.rongcloud import PLATFORM as RONGCLOUD
from converters.platforms.yunxin import PLATFORM as YUNXIN
from converters.text import echo_mark

NOON = 1_767_240_000_000  # 2026-01-01T04:00:00Z, noon in Beijing
SPAN = TimeRange(NOON, NOON + 3_600_000)
Answer = Callable[[Request | FileRequest], Reply | None]


def searched(
    platform: Any, answer: Answer, *places: Conversation, span: TimeRange = SPAN, **choices: Any
) -> tuple[list[FoundCallback], str, list[Request | FileRequest]]:
    """What was found, what could not be seen, what was asked."""
    account = msgspec.structs.replace(platform.example(), **choices)
    asking = platform.gaps.ask(span, places, account)
    found: list[FoundCallback] = []
    asked: list[Request | FileRequest] = []
    reply = None
    while True:
        try:
            one = asking.send(reply)
        except StopIteration as end:
            return found, end.value, asked
        reply = None
        if isinstance(one, FoundCallback):
            found.append(one)
        else:
            asked.append(one)
            reply = answer(one)


def json_reply(value: Any, status: int = 200) -> Reply:
    return Reply(status, {}, json.dumps(value).encode())


def said(platform: Any, missed: FoundCallback) -> DecodedEvent:
    (one,) = platform.decode(Callback("old", missed.body, NOON, missed.headers), platform.example())
    assert isinstance(one, DecodedEvent), one
    assert missed.key == conversation_key(one.event.conversation)
    return one


def fields(request: Request | FileRequest) -> dict[str, str]:
    assert isinstance(request, Request)
    return dict(parse_qsl(request.body.decode()))


@pytest.mark.parametrize("name", sorted(name for name, platform in PLATFORMS.items() if platform.gaps))
@pytest.mark.parametrize("body", [b"", b"[]", b"{", b'{"code":200,"data":7,"msgs":null,"url":7}', b'{"data":[{"url":1}]}'])
@pytest.mark.parametrize("status", [200, 404, 500])
def test_answers_of_any_form_end_the_search(name: str, body: bytes, status: int) -> None:
    places = direct("alice", "bob"), Group("team"), Room("hall")
    assert searched(PLATFORMS[name], lambda _: Reply(status, {}, body), *places)[0] == []
    assert searched(PLATFORMS[name], lambda _: None, *places)[0] == []


# -- Yunxin


def item(number: int, at: int, **more: Any) -> dict[str, Any]:
    return {
        "from": "Alice",
        "msgid": number,
        "msgidclient": f"c{number}",
        "sendtime": at,
        "type": 0,
        "fromclienttype": 1,
        "body": {"msg": f"#{number}"},
        **more,
    }


class History:
    """As Yunxin pages it: both ends included, oldest first, at most a hundred."""

    def __init__(self, *items: dict[str, Any], owner: str = "olga") -> None:
        self.items = sorted(items, key=lambda one: one["sendtime"])
        self.owner = owner

    def __call__(self, request: Request | FileRequest) -> Reply:
        assert isinstance(request, Request)
        assert request.repeatable
        asked = fields(request)
        if request.api in {"team/query", "superteam/getTinfos"}:
            tids = json.loads(asked["tids"])
            return json_reply({"code": 200, "tinfos": [{"tid": tid, "owner": self.owner} for tid in tids if tid != "gone"]})
        if request.api == "chatroom/get":
            return json_reply({"code": 200, "chatroom": {"roomid": asked["roomid"], "creator": self.owner}})
        begin, end = int(asked.get("timetag") or asked["begintime"]), int(asked.get("endtime", 1 << 50))
        if begin >= end:
            return json_reply({"code": 414, "desc": "bad time"})
        found = [one for one in self.items if begin <= one["sendtime"] <= end][: int(asked["limit"])]
        return json_reply({"code": 200, "size": len(found), "msgs": found})


def test_yunxins_history_is_walked_to_its_end_and_nothing_comes_twice() -> None:
    # Several of a millisecond lie over the edges of pages.
    items = [item(number, NOON + number // 7) for number in range(1, 451)]
    found, unseen, asked = searched(YUNXIN, History(*items), direct("alice", "bob"))
    assert [said(YUNXIN, one).event.remote_id for one in found] == [str(number) for number in range(1, 451)]
    assert unseen == ""
    assert len(asked) < 8


def test_more_of_yunxins_history_in_a_millisecond_than_a_page_holds_is_told() -> None:
    items = [item(number, NOON + 5) for number in range(1, 131)] + [item(200, NOON + 6)]
    found, unseen, _ = searched(YUNXIN, History(*items), direct("alice", "bob"))
    assert [said(YUNXIN, one).event.remote_id for one in found] == [str(number) for number in [*range(1, 101), 200]]
    assert unseen == "more than 100 messages in one millisecond: 1 conversations"


def test_what_is_outside_of_the_span_is_not_found() -> None:
    items = [item(1, NOON - 1), item(2, NOON), item(3, SPAN.until - 1), item(4, SPAN.until)]
    found, _, _ = searched(YUNXIN, History(*items), direct("alice", "bob"))
    assert [said(YUNXIN, one).event.remote_id for one in found] == ["2", "3"]


def test_a_page_full_up_to_the_last_millisecond_ends_the_search() -> None:
    items = [item(number, NOON) for number in range(100)]
    found, _, asked = searched(YUNXIN, History(*items), direct("alice", "bob"), span=TimeRange(NOON, NOON + 1))
    assert (len(found), len(asked)) == (100, 1)


@pytest.mark.parametrize(
    ("place", "api", "who"),
    [
        (direct("alice", "bob"), "history/querySessionMsg", {"from": "alice", "to": "bob"}),
        (Group("77"), "history/queryTeamMsg", {"tid": "77", "accid": "olga"}),
        (Group("super-77"), "superteam/queryHistoryMsg", {"tid": "77", "accid": "olga"}),
        (Room("88"), "history/queryChatroomMsg", {"roomid": "88", "accid": "olga"}),
    ],
)
def test_each_conversation_of_yunxin_is_asked_for_in_its_way(place: Conversation, api: str, who: dict[str, str]) -> None:
    found, unseen, asked = searched(YUNXIN, History(item(1, NOON)), place)
    (one,) = [said(YUNXIN, each) for each in found]
    assert unseen == ""
    assert (one.event.conversation, one.event.sender, one.event.at) == (place, "alice", NOON)
    assert one.event.operation == Post(Text("#1"))
    last = asked[-1]
    assert isinstance(last, Request)
    assert (last.api, last.path) == (api, f"/{api}.action")
    assert who.items() <= fields(last).items()


def test_the_answer_of_the_other_goes_back_to_the_one() -> None:
    (missed,), _, _ = searched(YUNXIN, History(item(1, NOON, **{"from": "bob"})), direct("alice", "bob"))
    assert json.loads(missed.body)["to"] == "alice"


@pytest.mark.parametrize("as_text", [False, True], ids=["object", "text"])
def test_bodies_of_yunxins_history_are_read_as_those_of_copies(as_text: bool) -> None:
    file = {"md5": "ab", "url": "https://files/1", "size": 5}
    kinds = [
        (1, {**file, "name": "a.jpg", "ext": "jpg", "w": 3, "h": 4}, Image),
        (2, {**file, "ext": "aac", "dur": 900}, Voice),
        (10, {"msg": "mind the gap"}, Notice),
    ]
    for number, body, kind in kinds:
        written = json.dumps(body) if as_text else body
        (missed,), _, _ = searched(YUNXIN, History(item(1, NOON, type=number, body=written)), direct("alice", "bob"))
        operation = said(YUNXIN, missed).event.operation
        assert isinstance(operation, Post)
        assert isinstance(operation.body, kind)
    plain, _, _ = searched(YUNXIN, History(item(1, NOON, body="as it is")), direct("alice", "bob"))
    assert said(YUNXIN, plain[0]).event.operation == Post(Text("as it is"))


def test_who_came_into_a_team_is_in_yunxins_history_too() -> None:
    body = {"tid": 77, "tname": "t", "ope": 0, "accids": ["carol", "dave"], "updatetime": NOON}
    (missed,), _, _ = searched(YUNXIN, History(item(1, NOON, type=5, body=body)), Group("77"))
    assert said(YUNXIN, missed).event.operation == MembersAdded(("carol", "dave"), "invited")


def test_our_own_message_in_yunxins_history_is_our_echo() -> None:
    ext = json.dumps(
        {"relay": echo_mark.make("easemob:new:direct:9:post", echo_mark.MarkedMessage("old", "direct", "alice", "bob"), YUNXIN.example())}
    )
    (missed,), _, _ = searched(YUNXIN, History(item(1, NOON, fromclienttype=32, ext=ext)), direct("alice", "bob"))
    (one,) = YUNXIN.decode(Callback("old", missed.body, NOON), YUNXIN.example())
    assert isinstance(one, OwnEcho)
    assert one.event_id == "easemob:new:direct:9:post"


def test_what_yunxin_does_not_tell_is_counted_without_names() -> None:
    def refuse(request: Request | FileRequest) -> Reply:
        if "queryTeamMsg" in getattr(request, "path", "") or "Session" in getattr(request, "path", ""):
            return json_reply({"code": 403, "desc": "alice is not allowed"})
        return History()(request)

    places = direct("alice", "bob"), direct("alice", "carol"), Group("77"), Group("gone")
    _, unseen, _ = searched(YUNXIN, refuse, *places)
    assert unseen == "code 403: 3 conversations; no such team any more: 1 conversations"


# -- Easemob


def record(number: int, at: int, **more: Any) -> dict[str, Any]:
    payload = {"bodies": [{"type": "txt", "msg": f"#{number}"}], "ext": {}, "from": "alice", "to": "bob"}
    return {
        "msg_id": str(number),
        "timestamp": at,
        "direction": "outgoing",
        "from": "demo#relay_alice",
        "to": "demo#relay_bob",
        "chat_type": "chat",
        "payload": payload,
        **more,
    }


class Stored:
    """Easemob with slots of lost callbacks and files of some hours; without slots the service is not opened."""

    def __init__(self, slots: list[dict[str, Any]] | None, files: dict[str, bytes]) -> None:
        self.slots = slots
        self.files = files
        self.again: list[str] = []

    def __call__(self, asked: Request | FileRequest) -> Reply:
        if isinstance(asked, FileRequest):
            return Reply(200, {}, self.files[asked.url[-10:]])
        if asked.path.endswith("/callbacks/storage/info"):
            return json_reply({"data": self.slots}) if self.slots is not None else json_reply({"error": "forbidden"}, 403)
        if asked.path.endswith("/callbacks/storage/retry"):
            assert not asked.repeatable
            self.again.append(json.loads(asked.body)["date"])
            return json_reply({"data": "success" if self.again[-1] != "202601011220" else "failure"})
        assert asked.method == "GET"
        hour = asked.path.removeprefix("/demo/relay/chatmessages/")
        if hour not in self.files:
            return json_reply({"error": "storage_object_not_found"}, 404)
        return json_reply({"data": [{"url": f"https://files.example/{hour}"}]})


def slot(date: str, size: int = 3, retry: int = 0) -> dict[str, Any]:
    return {"date": date, "size": size, "retry": retry}


def test_easemob_sends_the_slots_of_the_span_again_and_the_others_not() -> None:
    slots = [
        slot("202601011140"),
        slot("202601011150"),
        slot("202601011200"),
        slot("202601011230", 0),
        slot("202601011250"),
        slot("202601011300"),
        slot("202601011310"),
    ]
    stored = Stored(slots, {})
    found, unseen, _ = searched(EASEMOB, stored)
    assert found == []
    assert stored.again == ["202601011200", "202601011250", "202601011300"]
    assert unseen == "no history file (yet) of 2026010112"
    overseas = Stored([slot("202601010400")], {})
    searched(EASEMOB, overseas, hours_ahead=0.0)
    assert overseas.again == ["202601010400"]


def test_a_slot_that_was_sent_again_waits_each_time_twice_as_long() -> None:
    def times(retry: int, minutes: int) -> int:
        stored = Stored([slot("202601011200", retry=retry)], {})
        searched(EASEMOB, stored, span=TimeRange(NOON, NOON + minutes * 60_000))
        return len(stored.again)

    assert [times(1, 19), times(1, 20), times(2, 39), times(2, 40)] == [0, 1, 0, 1]
    assert times(10, 100_000) == 0


def test_a_slot_that_easemob_does_not_send_again_is_told() -> None:
    _, unseen, _ = searched(EASEMOB, Stored([slot("202601011220")], {"2026010112": gzip.compress(b"")}))
    assert unseen == "callback exception storage: 1 slots are not sent again"


def lines(*records: Any) -> bytes:
    return b"".join(json.dumps(one).encode() + b"\n" for one in records)


@pytest.mark.parametrize(
    "written",
    [
        lambda records: gzip.compress(lines(*records)),
        lambda records: gzip.compress(lines(records[0])) + gzip.compress(lines(*records[1:])),
        lambda records: gzip.compress(json.dumps(records).encode()),
        lambda records: lines(*records),
    ],
    ids=["lines", "two members", "list", "not compressed"],
)
def test_easemobs_files_are_read_as_callbacks(written: Callable[[Sequence[Any]], bytes]) -> None:
    group = record(2, NOON + 1, chat_type="groupchat")
    group["payload"]["to"] = "2700"
    room = record(3, NOON + 2, chat_type="groupchat")
    room["payload"]["to"] = "2800"
    others = [record(4, NOON - 1), record(5, SPAN.until), record(6, NOON, direction="incoming")]
    stored = Stored(None, {"2026010112": written([record(1, NOON), group, room, *others])})
    found, unseen, asked = searched(EASEMOB, stored, Room("2800"), Group("2700"))
    events = [said(EASEMOB, one).event for one in found]
    assert [(one.remote_id, one.conversation) for one in events] == [
        ("1", direct("alice", "bob")),
        ("2", Group("2700")),
        ("3", Room("2800")),
    ]
    assert {one.sender for one in events} == {"alice"}
    assert events[0].operation == Post(Text("#1"))
    assert unseen == "callback exception storage: 403"
    assert FileRequest("https://files.example/2026010112") in asked


def test_what_of_easemobs_files_cannot_be_read_is_counted() -> None:
    files = {
        "2026010112": gzip.compress(lines(record(1, NOON)) + b"{rubbish\n[1]\n" + lines({"msg_id": 1})),
        "2026010113": gzip.compress(lines(record(2, NOON + 3_600_000)) * 1000)[:-9],
    }
    found, unseen, _ = searched(EASEMOB, Stored([], files), span=TimeRange(NOON, NOON + 7_200_000))
    assert said(EASEMOB, found[0]).event.remote_id == "1"
    assert unseen == "1 history files cannot be read; 3 records of history files cannot be read"


# -- what came, and was held back


@pytest.mark.parametrize("marked", ["antispam", "blacklist"])
def test_what_yunxin_held_back_is_known_by_the_id_that_its_history_would_give_it(marked: str) -> None:
    (missed,), _, _ = searched(YUNXIN, History(item(7, NOON)), Group("super-77"))
    came = Callback("old", json.dumps({**json.loads(missed.body), marked: "true"}).encode(), NOON)
    (one,) = YUNXIN.decode(came, YUNXIN.example())
    assert isinstance(one, Ignored)
    assert YUNXIN.gaps is not None
    assert YUNXIN.gaps.held_back is not None
    assert YUNXIN.gaps.held_back(came, one.reason) == said(YUNXIN, missed).event.id
    assert YUNXIN.gaps.held_back(came, "event:call") == ""


@pytest.mark.parametrize("more", [b"&sensitiveType=1", b"&groupUserIds=[carol]"], ids=["moderated", "directed"])
def test_what_rongcloud_held_back_is_known_by_the_id_that_its_log_would_give_it(more: bytes) -> None:
    plain = b'fromUserId=alice&toUserId=team&objectName=RC:TxtMsg&content={"content":"x"}&channelType=GROUP&msgUID=U-1&msgTimestamp=1'
    (carried,) = RONGCLOUD.decode(Callback("old", plain, NOON), RONGCLOUD.example())
    (one,) = RONGCLOUD.decode(Callback("old", plain + more, NOON), RONGCLOUD.example())
    assert isinstance(carried, DecodedEvent)
    assert isinstance(one, Ignored)
    assert RONGCLOUD.gaps is not None
    assert RONGCLOUD.gaps.held_back is not None
    assert RONGCLOUD.gaps.held_back(Callback("old", plain + more, NOON), one.reason) == carried.event.id
