"""Every file under cases/ is one callback, delivery or reply, and what becomes of it. To report a bug, add a file."""

from pathlib import Path
from typing import Any
from urllib.parse import parse_qs

import msgspec
import pytest
from msgspec import UNSET, Struct, UnsetType

from converters import PLATFORMS
from converters.core import wire
from converters.core.model import NOTHING, Delivery, Loss, TargetContext
from converters.platform import (
    Accepted,
    Answered,
    Callback,
    Decoded,
    DecodedEvent,
    Ignored,
    Incoming,
    OwnEcho,
    Probe,
    Rejected,
    Reply,
    Request,
    Verdict,
)
from tests.converters.shapes import NOW, incoming, shape
from tests.converters.shapes import body as body_of
from tests.narrowed import of_kind

FOLDER = Path(__file__).parent.parent / "cases"
CASES = sorted(FOLDER.glob("*/*.json"))


class Answer(Struct, forbid_unknown_fields=True):
    status: int = 200
    body: Any = ""
    headers: dict[str, str] = {}
    api: str = ""
    method: str = "POST"
    path: str = "/"
    asked: Any = ""
    """The request's own body: what the answer is held against."""


class Given(Struct, forbid_unknown_fields=True):
    """One of callback, delivery and reply; *account* is laid over the platform's example."""

    callback: Any = UNSET
    raw: str | UnsetType = UNSET
    """In place of *callback*, where it is no JSON that this file could hold: one character for each byte."""
    headers: dict[str, str] = {}
    delivery: Delivery | UnsetType = UNSET
    there: TargetContext = NOTHING
    """What is known at the target, beside the delivery."""
    reply: Answer | UnsetType = UNSET
    account: dict[str, Any] = {}


class Expect(Struct, forbid_unknown_fields=True):
    verdict: str | UnsetType = UNSET
    """The key under which it is stored, `probe`, or `rejected: ` and the reason."""
    decoded: list[Any] | UnsetType = UNSET
    requests: list[Any] | UnsetType = UNSET
    losses: list[Loss] = []
    outcome: Answered | UnsetType = UNSET


class Case(Struct, forbid_unknown_fields=True):
    why: str
    given: Given
    expect: Expect


def read(path: Path) -> tuple[Case, Any, Any]:
    case = wire.load(path.read_bytes(), Case)
    platform = PLATFORMS[path.parent.name]
    account = msgspec.convert({**msgspec.to_builtins(platform.example()), **case.given.account}, platform.account)
    return case, platform, account


def test_there_are_cases_of_every_platform() -> None:
    assert {path.parent.name for path in CASES} == set(PLATFORMS)


@pytest.mark.parametrize("path", CASES, ids=lambda path: f"{path.parent.name}-{path.stem}")
def test_case(path: Path) -> None:
    case, platform, account = read(path)
    given, expect, done = case.given, case.expect, 0
    assert case.why, "a draft: compare it with the vendor's documentation, and write why it must be so"
    if expect.verdict is not UNSET:
        assert verdict(platform, account, given) == expect.verdict, case.why
        done += 1
    if expect.decoded is not UNSET:
        body = body_of(platform.name, given.callback) if given.raw is UNSET else given.raw.encode("latin-1")
        stored = Callback("app", body, NOW, given.headers)
        found = wire.load_any(wire.dump_any([shown(one) for one in platform.decode(stored, account)]))
        assert found == expect.decoded, case.why
        done += 1
    if expect.requests is not UNSET:
        encoded = platform.encode(given.delivery, account, given.there)
        assert [sent(request) for request in encoded.requests] == expect.requests, case.why
        assert list(encoded.losses) == expect.losses, case.why
        done += 1
    if expect.outcome is not UNSET:
        answer = of_kind(Answer, given.reply)
        body, asked = (given.encode() if isinstance(given, str) else wire.dump_any(given) for given in (answer.body, answer.asked))
        request = Request(answer.method, answer.path, {}, asked, answer.api)
        assert platform.read_reply(request, Reply(answer.status, answer.headers, body)) == expect.outcome, case.why
        done += 1
    assert done, "a case that expects nothing"


def verdict(platform: Any, account: Any, given: Given) -> str:
    if platform.name == "easemob":  # the signature is part of the sample
        request = Incoming(given.headers, "", wire.dump_any(given.callback) if given.raw is UNSET else given.raw.encode("latin-1"))
    else:
        secret = getattr(account, shape(platform.name).SECRET)
        request = incoming(platform.name, given.callback, secret, **given.headers)
    verdict: Verdict = platform.check(request, account, NOW)
    match verdict:
        case Accepted(key=key):
            return key.decode()
        case Probe():
            return "probe"
        case Rejected(reason=reason):
            return f"rejected: {reason}"


def shown(one: Decoded) -> dict[str, Any]:
    match one:
        case DecodedEvent(event=event, losses=losses):
            said = {"said": msgspec.to_builtins(event)}
            if one.elsewhere:
                said["elsewhere"] = [other.event.id for other in one.elsewhere]
            return {**said, "losses": [{"what": loss.what} for loss in losses]} if losses else said
        case Ignored(reason=reason):
            return {"ignored": reason}
        case OwnEcho():
            usual = {"part": 0, "more": False}
            return {"echo": {name: value for name, value in msgspec.to_builtins(one).items() if name not in usual or value != usual[name]}}


def sent(request: Request) -> dict[str, Any]:
    """Without the method where it is POST, and without a body where there is none; a field that comes several times is a list."""
    call: dict[str, Any] = {"api": request.api, "path": request.path}
    if request.method != "POST":
        call["method"] = request.method
    if not request.body:
        return call
    if "json" in request.headers["Content-Type"]:
        return call | {"body": wire.load_any(request.body)}
    fields = parse_qs(request.body.decode(), keep_blank_values=True, strict_parsing=True)
    return call | {"body": {name: values[0] if len(values) == 1 else values for name, values in fields.items()}}
