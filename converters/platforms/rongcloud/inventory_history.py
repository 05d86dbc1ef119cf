"""History of RongCloud, read to be moved: by conversation, where the app has cloud storage, and out of the hourly logs.

Source: "RongCloud: v3/message/private/query", "… group/query", "RongCloud: Message history log".
"""

from collections.abc import Generator, Sequence
from typing import Any

from converters.core import wire
from converters.core.lenient import milliseconds
from converters.core.model import Conversation, Direct, Group, Room, conversation_key
from converters.core.urlencoded import write
from converters.history_pages import begin_of, paged
from converters.migration import NoAnswer, Reading, conversation_of
from converters.platform import FoundCallback, Reply, Request, TimeRange
from converters.platforms.rongcloud import gaps
from converters.platforms.rongcloud.account import RongcloudAccount
from converters.platforms.rongcloud.callback import fields_of
from converters.platforms.rongcloud.content import text
from converters.platforms.rongcloud.ids import ULTRA, of_ultra
from converters.platforms.rongcloud.sending import call

_PAGE = 100
_DONE = (200, 10000)
_OFF = 1009
_NOT_WELL = (1000, 1008, 1050)
"""RongCloud's own faults, and too many calls."""
_JSON = {"Content-Type": "application/json"}
_FORM = {"Content-Type": "application/x-www-form-urlencoded"}

Asked = Generator[Any, Any, "dict[str, Any] | str"]


def ask(request: Request) -> Asked:
    """The answer, or why there is none, in words that hold nobody's id."""
    reply: Reply | None = yield request
    if reply is None:
        return NoAnswer(f"{request.api}: no answer")
    try:
        answer = wire.load_any(reply.body)
    except wire.Malformed:
        answer = None
    if not isinstance(answer, dict):
        return f"{request.api}: unreadable answer, http {reply.status}"
    code = milliseconds(text(answer.get("code")), 0)
    if code in _DONE:
        return answer
    if code in _NOT_WELL or reply.status >= 500:
        return NoAnswer(f"{request.api}: code {code}")
    return f"{request.api}: " + ("not switched on" if code == _OFF else f"code {code}")


def rows(answer: dict[str, Any], name: str) -> list[Any]:
    held = answer.get(name)
    return held if isinstance(held, list) else []


def history(subjects: Sequence[str], span: TimeRange | None, cursor: str, account: RongcloudAccount) -> Reading:
    """By page, oldest first. In a talk of two both sides are asked: a sender's history may lack what the server has sent in her name."""
    del account
    left = begin_of(cursor, span)
    if left is None:
        return ""
    for subject in subjects:
        unseen = yield from paged(_pages(conversation_of(subject), left), _at)
        if unseen:
            return unseen
    return ""


def _pages(place: Conversation, span: TimeRange) -> Generator[Any, Any, str]:
    """The pages of both sides are laid together by time, so that whoever goes on at one misses nothing of the other."""
    match place:
        case Direct(users=(one, other)):
            kind, who = "private", [{"userId": one, "targetId": other}, {"userId": other, "targetId": one}]
        case Group(id=name) if name.startswith(ULTRA):
            group, channel = of_ultra(name)
            kind, who = "ultragroup", [{"userId": "", "targetId": group} | ({"busChannel": channel} if channel else {})]
        case Group(id=name):
            kind, who = "group", [{"userId": "", "targetId": name}]
        case Room(id=name):
            kind, who = "chatroom", [{"userId": "", "targetId": name}]
    if who[0]["userId"] == "":
        members = yield from ask(call("group/user/query", {"groupId": who[0]["targetId"]}))
        names = [] if isinstance(members, str) else [text(row.get("id")) for row in rows(members, "users") if isinstance(row, dict)]
        who[0]["userId"] = names[0] if names else who[0]["targetId"]
    begin, known = span.since, frozenset[str]()
    while True:
        pages: list[list[dict[str, Any]]] = []
        for fields in who:
            window = {"startTime": str(begin), "endTime": str(span.until), "pageSize": str(_PAGE), "includeStart": "true"}
            api = f"v3/message/{kind}/query"
            answer = yield from ask(Request("POST", f"/{api}.json", _JSON, wire.dump_any(fields | window), api, repeatable=True))
            if isinstance(answer, str):
                return answer
            pages.append([row for row in rows(answer, "data") if isinstance(row, dict)])
        # What is beyond the end of the shorter full page may lack its neighbours of the other side.
        ends = [max(map(_time, page), default=0) for page in pages if len(page) >= _PAGE]
        bound = min(ends, default=span.until)
        held = {text(row.get("messageUID")): row for page in pages for row in page}
        for uid, row in sorted(held.items(), key=lambda each: (_time(each[1]), each[0])):
            if uid not in known and span.since <= _time(row) < span.until and _time(row) <= bound:
                yield _missed(row, place)
        if not ends:
            return ""
        if bound <= begin:
            return f"more than {_PAGE} messages in one millisecond"
        known = frozenset(uid for uid, row in held.items() if _time(row) == bound)
        begin = bound


def _time(row: dict[str, Any]) -> int:
    return milliseconds(text(row.get("msgTime")), 0)


def _missed(row: dict[str, Any], place: Conversation) -> FoundCallback:
    """As routing would have brought it. The history does not say by whom it was sent: the server, or a client."""
    sender, target = text(row.get("fromUserId")), text(row.get("targetId"))
    match place:
        case Direct(users=(one, other)):
            channel, target = "PERSON", other if sender == one else one
        case Group(id=name):
            channel, target = ("ULTRAGROUP", target) if name.startswith(ULTRA) else ("GROUP", target)
        case Room():
            channel = "TEMPGROUP"
    content = row.get("content")
    fields = {
        "fromUserId": sender,
        "toUserId": target,
        "objectName": text(row.get("objectName")),
        "content": content if isinstance(content, str) else wire.dump_any(content).decode(),
        "channelType": channel,
        "msgTimestamp": str(_time(row)),
        "msgUID": text(row.get("messageUID")),
        "sensitiveType": "0",
        "source": "",
        "busChannel": text(row.get("busChannel")),
        "groupUserIds": "",
    }
    return FoundCallback(conversation_key(place), write(fields), _FORM)


def _at(missed: FoundCallback) -> int:
    return milliseconds(fields_of(missed.body).get("msgTimestamp"), 0)


def logs(subjects: Sequence[str], span: TimeRange | None, cursor: str, account: RongcloudAccount) -> Reading:
    """Everything that was said in the app, an hour at a time."""
    del subjects
    left = begin_of(cursor, span)
    if left is None:
        return ""
    return (yield from paged(gaps.ask(left, (), account), _at))
