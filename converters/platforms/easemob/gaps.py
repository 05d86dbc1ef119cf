"""What Easemob keeps of callbacks that never came: its exception storage, out of which it sends them again, and history files.

Source: "Easemob: Callback exception storage", "Easemob: Download message history files". The storage (paid) has all kinds of
callbacks, of three days, by slots of ten minutes; the files have messages only, an hour in each, and come late.
"""

import zlib
from collections.abc import Generator, Iterator, Sequence
from gzip import GzipFile
from io import BytesIO
from typing import Any

from msgspec import Struct

from converters import mending
from converters.core import offset_hours, wire
from converters.core.lenient import milliseconds
from converters.core.model import Conversation, Room, conversation_key
from converters.platform import FileRequest, FoundCallback, GapConversation, Gaps, Reply, Request, TimeRange
from converters.platforms.easemob.account import EasemobAccount
from converters.platforms.easemob.envelope import Envelope
from converters.platforms.easemob.ids import plain
from converters.platforms.easemob.scope import likeliest
from converters.platforms.easemob.values import table, text

_SLOT = 600_000
_REPLAYS = 10
"""Times that the page advises a slot to be sent, at the most."""
_LONGEST = 1 << 28
_HEADERS = {"Accept": "application/json", "Content-Type": "application/json"}


class _Slot(Struct, frozen=True):
    date: str
    size: int = 0
    retry: int = 0


class _Slots(Struct, frozen=True):
    data: tuple[_Slot, ...] = ()


class _Answer(Struct, frozen=True):
    data: Any = None


_Asked = Generator[Request | FileRequest | FoundCallback, Reply | None, list[str]]


def ask(span: TimeRange, conversations: Sequence[Conversation], account: EasemobAccount) -> GapConversation:
    rooms = frozenset(place.id for place in conversations if isinstance(place, Room))
    unseen = yield from _stored(span, account)
    unseen += yield from _files(span, rooms, account)
    return "; ".join(unseen)


def _stored(span: TimeRange, account: EasemobAccount) -> _Asked:
    """Has the slots of *span* sent again: the first time at once, then each time after twice as long as before."""
    base = f"/{account.org}/{account.app}/callbacks/storage"
    reply = yield Request("GET", f"{base}/info", _HEADERS, b"", "callbacks/storage/info", repeatable=True)
    if reply is None:
        return []
    if reply.status != 200:
        return [f"callback exception storage: {reply.status}"]
    try:
        slots = wire.load(reply.body, _Slots, lenient=True).data
    except wire.Malformed:
        return ["callback exception storage: unreadable answer"]
    refused = 0
    for slot in slots:
        begin = offset_hours.moment(slot.date, account.hours_ahead)
        # What is lost is put where it was given up, which is a little later than it was said.
        if begin is None or not slot.size or begin + _SLOT <= span.since or begin >= span.until + _SLOT:
            continue
        if slot.retry and (slot.retry >= _REPLAYS or span.until < begin + (_SLOT << slot.retry)):
            continue
        body = wire.dump_any({"date": slot.date})
        reply = yield Request("POST", f"{base}/retry", _HEADERS, body, "callbacks/storage/retry")
        refused += reply is not None and not _succeeded(reply)
    return [f"callback exception storage: {refused} slots are not sent again"] if refused else []


def _succeeded(reply: Reply) -> bool:
    try:
        return reply.status == 200 and wire.load(reply.body, _Answer).data == "success"
    except wire.Malformed:
        return False


def _files(span: TimeRange, rooms: frozenset[str], account: EasemobAccount) -> _Asked:
    missing, unreadable, records = [], 0, 0
    for hour in offset_hours.hour_names(span, account.hours_ahead):
        path = f"/{account.org}/{account.app}/chatmessages/{hour}"
        reply = yield Request("GET", path, _HEADERS, b"", "chatmessages", repeatable=True)
        if reply is None:
            continue
        urls = urls_of(reply)
        if not urls:
            missing.append(hour)
        for url in urls:
            file = yield FileRequest(url)
            if file is None:
                continue
            if file.status != 200:
                unreadable += 1
                continue
            try:
                for line in lines_of(file.body):
                    try:
                        found = _missed(line, span, rooms, account)
                    except wire.Malformed:
                        records += 1
                        continue
                    if found is not None:
                        yield found
            except (OSError, EOFError, zlib.error, wire.Malformed):
                unreadable += 1
    said = [f"no history file (yet) of {', '.join(missing)}"] if missing else []
    said += [f"{unreadable} history files cannot be read"] if unreadable else []
    return said + ([f"{records} records of history files cannot be read"] if records else [])


def urls_of(reply: Reply) -> list[str]:
    if reply.status != 200:
        return []
    try:
        listed = wire.load(reply.body, _Answer).data
    except wire.Malformed:
        return []
    found = [table(one).get("url") for one in listed] if isinstance(listed, list) else []
    return [url for url in found if isinstance(url, str)]


def lines_of(body: bytes) -> Iterator[bytes]:
    """One record each: that they stand in lines the page does not say, so a list of them is taken as well.

    Raises OSError, EOFError, zlib.error, Malformed.
    """
    with GzipFile(fileobj=BytesIO(body)) if body[:2] == b"\x1f\x8b" else BytesIO(body) as file:
        first = file.readline(_LONGEST)
        if first.lstrip()[:1] == b"[":
            listed = wire.load_any(first + file.read(_LONGEST))
            yield from [wire.dump_any(one) for one in listed] if isinstance(listed, list) else ()
            return
        while first:
            if first.strip():
                yield first
            first = file.readline(_LONGEST)


def _missed(line: bytes, span: TimeRange, rooms: frozenset[str], account: EasemobAccount) -> FoundCallback | None:
    """None where it is not of *span*. Raises Malformed."""
    held, _ = mending.load_any(line)
    if not isinstance(held, dict):
        raise wire.Malformed("no object")
    at, message = milliseconds(text(held.get("timestamp")), 0), text(held.get("msg_id"))
    if not message or not at:
        raise wire.Malformed("no msg_id or timestamp")
    if not span.since <= at < span.until or held.get("direction") == "incoming":
        return None
    payload = table(held.get("payload"))
    to = text(payload.get("to")) or plain(text(held.get("to")))
    kind = text(held.get("chat_type"))
    callback = {
        "callId": f"{account.app_key}_{message}",
        "eventType": "chat",
        "timestamp": at,
        "msg_id": message,
        # A file may say groupchat of rooms too.
        "chat_type": "chatroom" if to.lower() in rooms else kind,
        "from": text(payload.get("from")) or plain(text(held.get("from"))),
        "to": to,
        "payload": payload,
        "appkey": account.app_key,
    }
    if kind != "chat":
        callback["group_id"] = text(held.get("group_id")) or to
    body = wire.dump_any(callback)
    place = likeliest(wire.load(body, Envelope))
    return FoundCallback(conversation_key(place) if place else b"?" + account.app_key.encode(), body)


GAPS = Gaps(
    ask,
    note="Callback exception storage (回调异常存储, paid) has lost callbacks sent again; history files, of which each comes some time after its "
    "hour, have messages only, and recalls, edits and group events not. Both for three days.",
    oldest=3 * 86_400,
)
