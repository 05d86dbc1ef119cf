"""What Yunxin keeps of messages whose copy never came: its history, asked for conversation by conversation.

Source: "Yunxin: history/querySessionMsg.action", "Yunxin: history/queryTeamMsg.action", "Yunxin: superteam/queryHistoryMsg.action",
"Yunxin: history/queryChatroomMsg.action". An item of it is written as the copy (抄送) that it had. It does not say to whom a
message between two went; what was said in a team or room it tells to a member only, for whom its owner stands.
"""

from collections import Counter
from collections.abc import Generator, Iterator, Mapping, Sequence
from typing import Any

from msgspec import Struct, field

from converters import mending
from converters.core import urlencoded, wire
from converters.core.event_id import new_event_id
from converters.core.lenient import Word, milliseconds, word
from converters.core.model import Conversation, Direct, Group, Room, conversation_key
from converters.platform import Callback, FoundCallback, GapConversation, Gaps, Reply, Request, TimeRange
from converters.platforms.yunxin.account import YunxinAccount
from converters.platforms.yunxin.callback import MESSAGE, ROOM_MESSAGE, CopiedMessage, conversation_of
from converters.platforms.yunxin.decode import remote_id
from converters.platforms.yunxin.ids import SUPER, scope
from converters.platforms.yunxin.values import parsed, record, text
from converters.routing.user_ids import fold

_HEADERS = {"Content-Type": "application/x-www-form-urlencoded;charset=utf-8"}
_PAGE, _ROOM_PAGE = 100, 200
_TEAMS = 10
"""Teams that are asked about at once; how many may be, the page does not say."""
_NAMES = {
    "0": "TEXT",
    "1": "PICTURE",
    "2": "AUDIO",
    "3": "VIDEO",
    "4": "LOCATION",
    "5": "NOTIFICATION",
    "6": "FILE",
    "10": "TIPS",
    "11": "ROBOT",
    "12": "NRTC_NETCALL",
    "100": "CUSTOM",
}
_SHOWN = {"3": "tname", "14": "intro", "15": "announcement"}


class _Item(Struct, frozen=True):
    sender: Word = field(default=None, name="from")
    msgid: Word = None
    msgidclient: Word = None
    sendtime: Word = None
    type: Word = None
    fromclienttype: Word = None
    body: Any = None
    ext: Any = None


class _Answer(Struct, frozen=True):
    code: Word = None
    msgs: tuple[_Item, ...] = ()
    tinfos: tuple[dict[str, Any], ...] = ()
    chatroom: dict[str, Any] = {}


_Asked = Generator[Request | FoundCallback, Reply | None, str]
"""Returns why it could not be asked to the end, in words that hold nobody's id; or ""."""


def ask(span: TimeRange, conversations: Sequence[Conversation], account: YunxinAccount) -> GapConversation:
    del account
    unseen: Counter[str] = Counter()
    teams: list[Group] = []
    for place in conversations:
        match place:
            case Direct(users=(one, other)):
                unseen[(yield from _walk(span, place, "history/querySessionMsg", {"from": one, "to": other}))] += 1
            case Room(id=room):
                unseen[(yield from _room(span, place, room))] += 1
            case Group():
                teams.append(place)
    for path, owners in (("team/query", False), ("superteam/getTinfos", True)):
        chosen = [team for team in teams if team.id.startswith(SUPER) is owners]
        for start in range(0, len(chosen), _TEAMS):
            yield from _teams(span, path, chosen[start : start + _TEAMS], unseen)
    return "; ".join(f"{why}: {count} conversations" for why, count in sorted(unseen.items()) if why)


def _room(span: TimeRange, place: Room, room: str) -> _Asked:
    reply = yield _request("chatroom/get", {"roomid": room, "needOnlineUserCount": "false"})
    if reply is None:
        return ""
    answer = _read(reply)
    if isinstance(answer, str):
        return answer
    creator = text(answer.chatroom, "creator")
    if not creator:
        return "a room without creator"
    return (yield from _walk(span, place, "history/queryChatroomMsg", {"roomid": room, "accid": creator}))


def _teams(
    span: TimeRange, path: str, teams: Sequence[Group], unseen: Counter[str]
) -> Generator[Request | FoundCallback, Reply | None, None]:
    tids = {team.id.removeprefix(SUPER): team for team in teams}
    asked = {"tids": wire.dump_any(list(tids)).decode(), "ignoreInvalid": "true"}
    reply = yield _request(path, asked | ({"ope": "0"} if path == "team/query" else {}))
    if reply is None:
        return
    answer = _read(reply)
    if isinstance(answer, str):
        unseen[answer] += len(teams)
        return
    owners = {text(one, "tid"): text(one, "owner") for one in answer.tinfos}
    history = "history/queryTeamMsg" if path == "team/query" else "superteam/queryHistoryMsg"
    for tid, team in tids.items():
        if owner := owners.get(tid):
            unseen[(yield from _walk(span, team, history, {"tid": tid, "accid": owner}))] += 1
        else:
            unseen["no such team any more"] += 1


def _walk(span: TimeRange, place: Conversation, path: str, who: Mapping[str, str]) -> _Asked:
    """There are no pages: each window begins where the one before ended, and what came with that one is known by its id."""
    room = isinstance(place, Room)
    size = _ROOM_PAGE if room else _PAGE
    begin, known, crowded = span.since, frozenset[str](), False
    while True:
        window = {"timetag": str(begin)} if room else {"begintime": str(begin), "endtime": str(span.until)}
        reply = yield _request(path, {**who, **window, "limit": str(size), "reverse": "1"})
        if reply is None:
            return ""
        answer = _read(reply)
        if isinstance(answer, str):
            return answer
        for item in answer.msgs:
            at = milliseconds(item.sendtime, 0)
            if span.since <= at < span.until and word(item.msgid) not in known:
                yield _missed(item, place)
        full = len(answer.msgs) >= size
        last = max((milliseconds(item.sendtime, 0) for item in answer.msgs), default=0)
        crowded |= full and last <= begin
        begin = max(last, begin + 1)
        if not full or begin >= span.until:
            return f"more than {size} messages in one millisecond" if crowded else ""
        known = frozenset(word(item.msgid) for item in answer.msgs if milliseconds(item.sendtime, 0) >= begin)


def _request(path: str, fields: Mapping[str, str]) -> Request:
    return Request("POST", f"/{path}.action", _HEADERS, urlencoded.write(fields), path, repeatable=True)


def _read(reply: Reply) -> _Answer | str:
    if reply.status != 200:
        return f"http {reply.status}"
    try:
        answer, _ = mending.load(reply.body, _Answer)
    except wire.Malformed:
        return "unreadable answer"
    code = word(answer.code)
    return answer if code == "200" else f"code {code[:8]}" if code.isascii() and code.isdecimal() else "unreadable answer"


def _missed(item: _Item, place: Conversation) -> FoundCallback:
    return FoundCallback(conversation_key(place), wire.dump_any(dict(_copy(item, place))))


def _copy(item: _Item, place: Conversation) -> Iterator[tuple[str, Any]]:
    sender, room = fold(word(item.sender)), isinstance(place, Room)
    kind = _NAMES.get(word(item.type), f"TYPE_{word(item.type)}")
    yield "eventType", ROOM_MESSAGE if room else MESSAGE
    match place:
        case Direct(users=(one, other)):
            yield "convType", "PERSON"
            yield "to", other if sender == one else one
        case Group(id=team):
            yield "convType", "SUPER_TEAM" if team.startswith(SUPER) else "TEAM"
            yield "to", team.removeprefix(SUPER)
        case Room(id=name):
            yield "roomId", name
    yield "fromAccount", sender
    yield "fromClientType", word(item.fromclienttype)
    yield "msgTimestamp", word(item.sendtime)
    yield "msgType", kind
    yield "msgidClient", word(item.msgidclient) or (word(item.msgid) if room else "")
    if not room:
        yield "msgidServer", word(item.msgid)
    if kind in {"TEXT", "TIPS"}:
        yield "attach" if room else "body", _words(item.body)
    elif kind == "NOTIFICATION":
        yield "attach", _notification(item.body)
    else:
        yield "attach", item.body if isinstance(item.body, str) else wire.dump_any(item.body).decode()
    if item.ext:
        yield "ext", item.ext


def _words(body: object) -> Any:
    """A page has an object with the text in it, the vendor's SDK a text; of that one, which of both it holds."""
    held = record(body)
    return held["msg"] if held is not None and isinstance(held.get("msg"), str) else body


def _notification(body: object) -> str:
    """What happened to a team, which the history tells in other words; of what was changed it has only how it is now."""
    held = record(body) or {}
    users = parsed(held.get("accids"))
    users = users if isinstance(users, list) else []
    data: dict[str, Any] = {"ids": users, "tinfo": {key: held[name] for key, name in _SHOWN.items() if name in held}}
    if users:
        data["id"] = users[0]
    ope = text(held, "ope")
    return wire.dump_any({"id": int(ope) if ope.isdecimal() else ope, "data": data}).decode()


def held_back(callback: Callback, reason: str) -> str:
    """History does not tell of a message that its receiver never got."""
    copy = mending.load(callback.body, CopiedMessage)[0] if reason in {"moderated", "blacklisted"} else None
    place = conversation_of(copy) if copy is not None else None
    return new_event_id("yunxin", callback.app, scope(place), remote_id(copy)) if copy is not None and place is not None else ""


GAPS = Gaps(
    ask,
    held_back=held_back,
    note="Cloud history (云端历史消息), by plan for a year; conversations have to be known. Recalls, edits, receipts and friendships "
    "are not in it, nor what was sent without history.",
    oldest=365 * 86_400,
)
