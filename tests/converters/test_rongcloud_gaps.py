"""What the hourly log gives back of callbacks that never came."""

import json
from io import BytesIO
from typing import Any
from zipfile import ZipFile

import msgspec
import pytest

from converters import PLATFORMS
from converters.platform import Callback, DecodedEvent, FileRequest, FoundCallback, Reply, Request, TimeRange

RONGCLOUD = PLATFORMS["rongcloud"]
ACCOUNT = RONGCLOUD.example()
AT = 1767225600456  # 2026-01-01 08:00:00.456 in Beijing
LINE = {
    "appId": "demo-rongcloud",
    "fromUserId": "lin01",
    "targetId": "wu02",
    "targetType": 1,
    "GroupId": "",
    "classname": "RC:TxtMsg",
    "content": {"content": "see you at 6"},
    "dateTime": "2026-01-01 08:00:00.456",
    "timestamp": AT,
    "msgUID": "CRER-DAJI-0125-KAPS",
    "source": "iOS",
    "isSensitiveWord": "false",
}
OLD = {name: value for name, value in LINE.items() if name not in ("timestamp", "source", "isSensitiveWord")}
HOUR = Reply(200, {}, b'{"code":200,"url":"https://files.example.net/h.zip","date":"2026010108"}')
EMPTY = Reply(200, {}, b'{"code":200,"url":"","date":"2026010108"}')


def zipped(*said: dict[str, object]) -> bytes:
    held = BytesIO()
    with ZipFile(held, "w") as file:
        file.writestr("2026-01-01-08", "".join(f"2026/01/01 08:00:00{json.dumps(line)}\n" for line in said) + "no line\n")
    return held.getvalue()


def asked(span: TimeRange, *answers: Reply | None, account: Any = ACCOUNT) -> tuple[list[Request | FileRequest | FoundCallback], str]:
    """What is asked and found, the *answers* given in turn."""
    assert RONGCLOUD.gaps is not None
    asking, left = RONGCLOUD.gaps.ask(span, (), account), list(answers)
    seen: list[Request | FileRequest | FoundCallback] = []
    answer: Reply | None = None
    while True:
        try:
            one = asking.send(answer)
        except StopIteration as end:
            assert not left
            return seen, str(end.value)
        seen.append(one)
        answer = None if isinstance(one, FoundCallback) else left.pop(0)


def test_a_line_comes_as_routing_would_have_brought_it() -> None:
    seen, said = asked(TimeRange(AT, AT + 1), HOUR, Reply(200, {}, zipped(LINE)))
    request, fetch, missed = seen
    assert isinstance(request, Request)
    assert request.body == b"date=2026010108"
    assert fetch == FileRequest("https://files.example.net/h.zip")
    assert isinstance(missed, FoundCallback)
    assert missed.key == b"direct\x1flin01\x1fwu02"
    routed = (
        b"fromUserId=lin01&toUserId=wu02&objectName=RC%3ATxtMsg&content=%7B%22content%22%3A%22see+you+at+6%22%7D"
        b"&channelType=PERSON&msgTimestamp=1767225600456&msgUID=CRER-DAJI-0125-KAPS&sensitiveType=0&source=iOS"
    )
    decoded = [RONGCLOUD.decode(Callback("app", body, 1), ACCOUNT) for body in (missed.body, routed)]
    assert decoded[0] == decoded[1]
    assert said == "1 lines of logs cannot be read"


def test_only_what_is_in_the_span_is_found_and_old_lines_have_a_time_too() -> None:
    for line in (LINE, OLD):
        for since, found in ((AT, 1), (AT + 1, 0)):
            seen, _ = asked(TimeRange(since, AT + 60_000), HOUR, Reply(200, {}, zipped(line)))
            assert len(seen) == 2 + found
    (missed,) = (one for one in asked(TimeRange(AT, AT + 1), HOUR, Reply(200, {}, zipped(OLD)))[0] if isinstance(one, FoundCallback))
    (said,) = RONGCLOUD.decode(Callback("app", missed.body, 1), ACCOUNT)
    assert isinstance(said, DecodedEvent)
    assert said.event.at == AT


def test_every_hour_of_the_span_is_asked_for() -> None:
    seen, said = asked(TimeRange(AT, AT + 2 * 3_600_000), EMPTY, EMPTY, EMPTY)
    assert [one.body for one in seen if isinstance(one, Request)] == [b"date=2026010108", b"date=2026010109", b"date=2026010110"]
    assert said == "no log (yet), or nothing said, in 2026010108, 2026010109, 2026010110"
    elsewhere = msgspec.structs.replace(ACCOUNT, hours_ahead=0)
    (request,), _ = asked(TimeRange(AT, AT + 1), EMPTY, account=elsewhere)
    assert isinstance(request, Request)
    assert request.body == b"date=2026010100"


@pytest.mark.parametrize(
    "answers",
    [
        [None],
        [Reply(500, {}, b"")],
        [Reply(429, {}, b'{"code":1008}')],
        [HOUR, None],
        [HOUR, Reply(404, {}, b"")],
        [HOUR, Reply(200, {}, b"no zip")],
        [HOUR, Reply(200, {}, zipped(LINE)[:-30])],
    ],
)
def test_an_hour_that_cannot_be_read_is_told(answers: list[Reply | None]) -> None:
    seen, said = asked(TimeRange(AT, AT + 1), *answers)
    assert not any(isinstance(one, FoundCallback) for one in seen)
    assert said == ("" if answers[-1] is None else "1 logs cannot be read")


def test_a_log_that_is_switched_off_is_told_once() -> None:
    _, said = asked(TimeRange(AT, AT + 10 * 3_600_000), Reply(430, {}, b'{"code":1009}'))
    assert said == "message log: not switched on"


def test_a_moderated_line_is_not_carried() -> None:
    seen, _ = asked(TimeRange(AT, AT + 1), HOUR, Reply(200, {}, zipped({**LINE, "isSensitiveWord": "true"})))
    (missed,) = (one for one in seen if isinstance(one, FoundCallback))
    (decoded,) = RONGCLOUD.decode(Callback("app", missed.body, 1), ACCOUNT)
    assert not isinstance(decoded, DecodedEvent)
