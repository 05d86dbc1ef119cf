"""Callbacks that never came, out of the hourly logs: all messages of the app, each a line of JSON behind its time.

Source: "RongCloud: Message history log". An hour's file is there an hour or two after its end, and for three days.
"""

import zlib
from collections.abc import Iterator, Sequence
from io import BytesIO
from typing import Any
from zipfile import BadZipFile, ZipFile

from msgspec import Struct

from converters import mending
from converters.core import offset_hours, urlencoded, wire
from converters.core.lenient import Word, milliseconds, word
from converters.core.model import Conversation, conversation_key
from converters.platform import Callback, FileRequest, FoundCallback, GapConversation, Gaps, Reply, Request, TimeRange
from converters.platforms.rongcloud.account import RongcloudAccount
from converters.platforms.rongcloud.callback import RoutedMessage, conversation_of, fields_in, read
from converters.platforms.rongcloud.content import text
from converters.platforms.rongcloud.operations import event_id

API = "message/history"
_HEADERS = {"Content-Type": "application/x-www-form-urlencoded"}
_LONGEST_LINE = 1 << 20
_DONE, _OFF = 200, 1009


class _Answer(Struct, frozen=True):
    code: Word = None
    url: Word = None


def ask(span: TimeRange, conversations: Sequence[Conversation], account: RongcloudAccount) -> GapConversation:
    """The log is the whole app's: *conversations* are not asked for one by one."""
    del conversations
    empty: list[str] = []
    logs = unread = 0
    for hour in offset_hours.hour_names(span, account.hours_ahead):
        asked = urlencoded.write({"date": hour})
        reply = yield Request("POST", f"/{API}.json", _HEADERS, asked, API, repeatable=True)
        if reply is None:
            continue
        code, url = _told(reply)
        if code == _OFF:
            return "message log: not switched on"
        if code != _DONE:
            logs += 1
            continue
        if not url:
            empty.append(hour)
            continue
        file = yield FileRequest(url)
        if file is None:
            continue
        if file.status != 200:
            logs += 1
            continue
        try:
            for line in lines(file.body):
                found = _missed(line, account) if line is not None else None
                if found is None:
                    unread += 1
                elif span.since <= found[0] < span.until:
                    yield found[1]
        except (BadZipFile, EOFError, NotImplementedError, OSError, RuntimeError, ValueError, zlib.error):
            logs += 1
    unseen = [f"no log (yet), or nothing said, in {', '.join(empty)}"] if empty else []
    unseen += [f"{logs} logs cannot be read"] if logs else []
    return "; ".join([*unseen, *([f"{unread} lines of logs cannot be read"] if unread else [])])


def _told(reply: Reply) -> tuple[int, str]:
    """(code, address of the log); the code 0 for what is no answer."""
    try:
        answer = wire.load(reply.body, _Answer)
        return int(word(answer.code)), word(answer.url)
    except (wire.Malformed, ValueError):
        return 0, ""


def lines(zipped: bytes) -> Iterator[dict[str, Any] | None]:
    """None for a line that cannot be read. Raises BadZipFile and what else `zipfile` raises for what is no zip."""
    with ZipFile(BytesIO(zipped)) as held:
        for name in held.namelist():
            with held.open(name) as file:
                while raw := file.readline(_LONGEST_LINE):
                    if raw.strip():
                        yield _line(raw)


def _line(raw: bytes) -> dict[str, Any] | None:
    begin, end = raw.find(b"{"), raw.rfind(b"}")
    try:
        line = mending.load_any(raw[begin : end + 1])[0] if begin >= 0 else None
    except wire.Malformed:
        return None
    return line if isinstance(line, dict) else None


def _missed(line: dict[str, Any], account: RongcloudAccount) -> tuple[int, FoundCallback] | None:
    """A line as routing would have brought it, and its time; None for one that is no message."""
    fields = fields_in(line)
    if fields is None:
        return None
    at = _at(line, account)
    fields["msgTimestamp"] = str(at)
    if line.get("isSensitiveWord") in ("true", True):
        # Stopped, or sent with other words; the log does not say which of both.
        fields["sensitiveType"] = "1"
    conversation = conversation_of(fields)
    key = conversation_key(conversation) if conversation else b"?" + account.app_key.encode()
    return at, FoundCallback(key, urlencoded.write(fields), _HEADERS)


def _at(line: dict[str, Any], account: RongcloudAccount) -> int:
    """Older logs have the time only as the clocks of the data centre show it; 0 where there is none."""
    given = line.get("timestamp")
    at = milliseconds(given, 0) if isinstance(given, str | int) else 0
    return at or offset_hours.moment(text(line.get("dateTime")), account.hours_ahead) or 0


def held_back(callback: Callback, reason: str) -> str:
    """The log does not tell of a message that some or all of its receivers never got."""
    if reason not in {"moderated", "directed", "system"}:
        return ""
    routed = read(callback.body)
    if not isinstance(routed, RoutedMessage):
        return ""
    place, uid = conversation_of(routed.fields), routed.fields.get("msgUID", "")
    return event_id(callback.app, place, uid) if place is not None and uid else ""


GAPS = Gaps(
    ask,
    held_back=held_back,
    note="The hourly message log, switched on in the console, for three days; the last hour or two are not in it yet. It does not "
    "say for whom a message was that went to some of a group only: such a one comes back as one to all of it.",
    oldest=3 * 86_400,
)
