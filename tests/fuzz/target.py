"""What is done with every body: checked, decoded, routed, put on the wire and read back, written to each platform."""

import json
import traceback
from pathlib import Path
from typing import Any

import msgspec
from msgspec import Struct

from converters import PLATFORMS
from converters.core import wire
from converters.core.model import NOTHING, Delivery
from converters.core.operations import Presence, Reaction, Read, Received, Typing
from converters.platform import Accepted, Callback, DecodedEvent, Ignored, Incoming, Probe, Rejected
from converters.platforms.easemob.envelope import SignedFields
from converters.routing.id_mapping import NewIdentity
from converters.routing.identity_table import IdentityTable, Kind
from converters.routing.route import App, DeadLettered, Deliver, Dropped, EchoOf, RejectedMark, Routed, route
from tests.converters.examples import account_of, row_of, there_of
from tests.converters.shapes import NOW, body, shape
from tests.fuzz.mutations import Mutator
from tests.narrowed import of_kind

OPEN = {"easemob": ("unsigned_events",)}
"""Settings that take what a platform does not sign; all others that do so are found by `test_every_setting_that_opens_is_fuzzed`."""
HARMLESS = (Reaction, Read, Received, Typing, Presence)
MOST_UNSIGNED = 8
CASES = Path(__file__).parents[1] / "cases"


class Finding(Struct):
    """What was raised, where, and the shortest body that did it."""

    error: str
    where: str
    body: bytes


class Everybody(IdentityTable):
    """Groups and rooms are called the same everywhere."""

    def canonical(self, platform: str, kind: Kind, native: str) -> str | None:
        return native if kind != "user" else None

    def native(self, platform: str, kind: Kind, canonical: str) -> str | None:
        return canonical if kind != "user" else None


class Fuzzer:
    """One platform; its corpus are the case files, and whatever led to something new."""

    def __init__(self, platform: str, seed: int = 0) -> None:
        self.platform = platform
        found = [json.loads(path.read_bytes())["given"].get("callback") for path in sorted((CASES / platform).glob("*.json"))]
        self.mutator = Mutator([body(platform, said) for said in found if said is not None], seed)
        self.findings: dict[str, Finding] = {}
        self.tried = 0
        self._seen: set[str] = set()
        self._accounts = {name: account_of(name) for name in PLATFORMS}
        self._open = [msgspec.structs.replace(self._accounts[platform], **{name: True}) for name in OPEN.get(platform, ())]
        self._secret = getattr(self._accounts[platform], shape(platform).SECRET)
        self._known = Everybody()

    def run(self, count: int) -> None:
        for _ in range(count):
            self.one(self.mutator.next())

    def corpus(self) -> None:
        """The bodies as they are."""
        for each in tuple(self.mutator.corpus):
            self.one(each)

    def one(self, raw: bytes) -> None:
        self.tried += 1
        try:
            signature = self._check(raw) + self._route(raw)
        except Exception as error:
            self._found(error, raw)
            return
        if signature not in self._seen:
            self._seen.add(signature)
            if len(raw) < 20_000:
                self.mutator.corpus.append(raw)

    def _check(self, raw: bytes) -> str:
        platform, account = PLATFORMS[self.platform], self._accounts[self.platform]
        unsigned = platform.check(self._unsigned(raw), account, NOW)
        assert isinstance(unsigned, Rejected | Probe), "unsigned, and taken"
        for more in self._open:
            self._harmless(raw, more)
        signed = self._signed(raw)
        verdict = platform.check(signed, account, NOW)
        assert isinstance(verdict, Accepted | Rejected | Probe)
        if isinstance(verdict, Accepted) and platform.once is not None:
            known = platform.once(signed, account, NOW)
            assert known is not None, "it may be said again with other words"
            assert known.said
            assert known.until == 0 or known.until >= NOW
        return type(verdict).__name__

    def _harmless(self, raw: bytes, account: Any) -> None:
        """With every setting that takes something unsigned: few events, of kinds that undo nothing, and they teach nothing."""
        platform = PLATFORMS[self.platform]
        if not isinstance(platform.check(self._unsigned(raw), account, NOW), Accepted):
            return
        try:
            said = [one for one in platform.decode(Callback("a", raw, NOW), account) if not isinstance(one, Ignored)]
        except wire.Malformed:
            return
        assert len(said) <= MOST_UNSIGNED, "one unsigned body makes many deliveries"
        for one in said:
            assert isinstance(one, DecodedEvent), "unsigned, and evidence"
            assert not one.proven, "unsigned, and believed"
            assert isinstance(one.event.operation, HARMLESS), f"unsigned, and {type(one.event.operation).__name__}"

    def _unsigned(self, raw: bytes) -> Incoming:
        """*raw* without what could be a signature: the mutations know no secret, but a case file may be signed."""
        everywhere = Incoming({}, "", raw.replace(b'"security"', b'"insecurity"'))
        try:
            wire.load_top(raw, SignedFields)
            held: dict[str, Any] = json.loads(raw)
        except (wire.Malformed, ValueError, RecursionError):
            # What is not sound is taken all the same where it is signed, wherever that stands.
            return everywhere
        secret = held.pop("security", None)
        return Incoming({}, "", json.dumps(held).encode() if secret else raw)

    def _signed(self, raw: bytes) -> Incoming:
        if self.platform != "easemob":
            return of_kind(Incoming, shape(self.platform).signed(raw, self._secret, {}))
        try:  # the signature is part of the body
            return of_kind(Incoming, shape(self.platform).signed({"callId": "c", "timestamp": NOW} | json.loads(raw), self._secret, {}))
        except (ValueError, TypeError, RecursionError):
            return Incoming({}, "", raw)

    def _route(self, raw: bytes) -> str:
        signature = ""
        for target in PLATFORMS:
            apps = {
                "a": App("a", PLATFORMS[self.platform], self._accounts[self.platform], "b"),
                "b": App("b", PLATFORMS[target], self._accounts[target], "a"),
            }
            for routed in route(Callback("a", raw, NOW), apps, self._known):
                signature += self._routed(routed, target)
        return signature

    def _routed(self, routed: Routed, target: str) -> str:
        match routed:
            case Deliver(delivery=delivery):
                return self._written(delivery, target)
            case EchoOf(echo=echo):
                assert wire.dump(echo)
                return "echo"
            case DeadLettered(cause=cause, detail=detail):
                assert detail.encode()
                return cause
            case Dropped(reason=reason):
                return reason
            case NewIdentity():
                return "minted"
            case RejectedMark(reason=reason):
                return reason

    def _written(self, delivery: Delivery, target: str) -> str:
        assert wire.load(wire.dump(delivery), Delivery) == delivery
        operation = delivery.event.operation
        signature = row_of(operation)
        for there in (NOTHING, there_of(target, operation)):
            encoded = PLATFORMS[target].encode(delivery, self._accounts[target], there)
            signature += "".join(sorted(loss.what for loss in encoded.losses)) + str(min(len(encoded.requests), 2))
            assert all(request.path.isascii() and request.body is not None for request in encoded.requests)
        return signature

    def _found(self, error: Exception, raw: bytes) -> None:
        frames = traceback.extract_tb(error.__traceback__)
        last = [frame for frame in frames if "converters" in frame.filename] or frames
        where = f"{Path(last[-1].filename).parent.name}/{Path(last[-1].filename).name}:{last[-1].lineno}"
        key = f"{type(error).__name__} {where}"
        known = self.findings.get(key)
        if known is None or len(raw) < len(known.body):
            self.findings[key] = Finding(f"{type(error).__name__}: {str(error)[:200]}", where, raw)


def shown(finding: Finding) -> dict[str, Any]:
    return {"error": finding.error, "where": finding.where, "body": finding.body.decode("utf-8", "backslashreplace")[:2_000]}
