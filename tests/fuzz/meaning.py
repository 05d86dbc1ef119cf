"""Whether words that a person wrote get lost: each field of a callback is changed in every way, one at a time, and what was written is looked for.

It has to be in what is sent, or a loss is counted, or there is a dead letter. Being passed by is no way out: a message that is carried as it is
documented has to be carried, or buried, whatever one of its fields is.
"""

import argparse
import hashlib
import json
import sys
import time
from collections.abc import Iterator
from pathlib import Path as FilePath
from random import Random, SystemRandom
from typing import Any
from urllib.parse import unquote_plus, urlencode

from msgspec import Struct

from converters import PLATFORMS
from converters.core.model import TargetContext
from converters.files.dry_run_files import assume_transferred
from converters.platform import Callback
from converters.routing.route import App, DeadLettered, Deliver, Dropped, route
from tests.converters.examples import account_of
from tests.converters.shapes import NOW
from tests.fuzz.grammar import Inner, Production, productions
from tests.fuzz.target import Everybody

HUGE = "y" * 70_000
MISSING, TWICE, NULL_FIRST = object(), object(), object()
ODD = ("\ud83d", "\u202e", "\x00", "\u0085", "\ufeff", "👨‍👩‍👧‍👦", "ﷺ" * 40, "\r", "e\u0301")

IDENTIFIES = {
    "easemob": {"appkey", "eventType", "msg_id", "security", "callId"},
    "yunxin": {"eventType", "msgidServer"},
    "rongcloud": {"msgUID"},
}
"""Fields that say what sort of callback it is, or of which message: without them it is another callback."""
KINDS = {"chat_type", "convType", "channelType"}
"""Of these one alone may be wrong: with another field wrong as well, nothing says any more that a person wrote."""
DROPS = {"easemob": {"typing"}, "yunxin": {"moderated", "refused", "blocked"}, "rongcloud": {"moderated", "directed"}}

Path = tuple[str | int, ...]


class Lost(Struct, frozen=True):
    platform: str
    target: str
    production: str
    change: str
    words: str
    body: bytes
    what: str


def paths(value: Any, here: Path = ()) -> Iterator[Path]:
    """Of every field, at any depth."""
    inner = value.value if isinstance(value, Inner) else value
    if here:
        yield here
    if isinstance(inner, dict):
        for name, one in inner.items():
            yield from paths(one, (*here, name))
    elif isinstance(inner, list):
        for place, one in enumerate(inner):
            yield from paths(one, (*here, place))


def changes(value: Any) -> Iterator[tuple[str, Any]]:
    """What may stand in place of *value*."""
    yield "missing", MISSING
    yield "null", None
    yield "empty", type(value)() if isinstance(value, str | list | dict) else 0
    yield "twice", TWICE
    yield "null first", NULL_FIRST
    yield "list", [value]
    yield "table", {"a": value}
    yield "boolean", True
    match value:
        case str():
            yield "number", 17
            yield "huge", value + HUGE
            for number, odd in enumerate(ODD):
                yield f"odd {number}", value + odd
        case bool() | int() | float():
            yield "text", str(value)
            yield "no number", "many"
            yield "huge", 10**30
            yield "negative", -1
        case Inner(value=inner):
            yield "object", inner
            yield "broken", Inner(MISSING)
        case _:
            pass


class _Doubled(dict[str, Any]):
    """Written with *name* twice."""

    def __init__(self, held: dict[str, Any], name: str, first: Any) -> None:
        super().__init__(held)
        self.name, self.first = name, first


def changed(value: Any, path: Path, new: Any) -> Any:
    """*value* with what is at *path* replaced."""
    if isinstance(value, Inner):
        return Inner(changed(value.value, path, new))
    name, rest = path[0], path[1:]
    if isinstance(value, list):
        assert isinstance(name, int)
        if rest:
            return [*value[:name], changed(value[name], rest, new), *value[name + 1 :]]
        return value[:name] + ([] if new in (MISSING, TWICE, NULL_FIRST) else [new]) + value[name + 1 :]
    assert isinstance(value, dict)
    assert isinstance(name, str)
    if rest:
        return value | {name: changed(value[name], rest, new)}
    if new is MISSING:
        return {key: one for key, one in value.items() if key != name}
    if new is TWICE or new is NULL_FIRST:
        return _Doubled(value, name, value[name] if new is TWICE else None)
    return value | {name: new}


def written(value: Any) -> str:
    """As JSON, with what is doubled doubled, and Inner as text; a lone half of a pair is an escape."""
    match value:
        case Inner(value=inner):
            return json.dumps("{broken" if inner is MISSING else written(inner))
        case dict():
            fields = [f"{json.dumps(name)}:{written(one)}" for name, one in value.items()]
            if isinstance(value, _Doubled):
                fields.insert(0, f"{json.dumps(value.name)}:{written(value.first)}")
            return "{" + ",".join(fields) + "}"
        case list():
            return "[" + ",".join(map(written, value)) + "]"
        case _:
            return json.dumps(value)


def form(said: dict[str, Any]) -> bytes:
    """Of a callback that is a form: what is JSON in it is text; a doubled field is there twice."""
    fields = [(name, _field(one)) for name, one in said.items()]
    if isinstance(said, _Doubled):
        fields.insert(0, (said.name, _field(said.first)))
    return urlencode(fields, errors="surrogatepass").encode()


def _field(value: Any) -> str:
    return json.loads(written(value)) if isinstance(value, Inner) else value if isinstance(value, str) else written(value)


class MeaningFuzzer:
    """One platform. The same *seed* tries the same bodies in the same order."""

    def __init__(self, platform: str, seed: int = 0) -> None:
        self.platform = platform
        self.productions = tuple(productions(platform))
        self._random = Random(seed)
        self._accounts = {name: account_of(name) for name in PLATFORMS}
        self._known = Everybody()
        self.tried = 0
        self.found: dict[str, Lost] = {}

    def all(self) -> list[tuple[Production, Path, str, Any]]:
        """Every single change of every production."""
        return [
            (one, path, name, new)
            for one in self.productions
            for path in paths(one.said)
            if path[0] not in IDENTIFIES[self.platform]
            for name, new in changes(_at(one.said, path))
            # In a form the first of two equal fields counts: which of them somebody meant nobody can tell.
            if not (self.platform == "rongcloud" and len(path) == 1 and new is NULL_FIRST)
        ]

    def run_pairs(self, count: int) -> None:
        """Two fields of one callback changed, *count* times; doubled fields are left to single changes."""
        every = self.all()
        for _ in range(count):
            one, path, name, new = self._random.choice(every)
            said: Any = changed(one.said, path, new)
            others = [other for other in paths(said) if other[0] not in IDENTIFIES[self.platform] | KINDS and other[: len(path)] != path]
            if path[0] in KINDS or not others or new is TWICE or new is NULL_FIRST:
                continue
            other = self._random.choice(others)
            more, value = self._random.choice(list(changes(_at(said, other))))
            if self.platform == "rongcloud" and len(other) == 1 and value is NULL_FIRST:
                continue
            self.look(one, changed(said, other, value), f"{_named(path)}: {name}; {_named(other)}: {more}")

    def try_one(self, one: Production, path: Path, name: str, new: Any) -> None:
        self.look(one, changed(one.said, path, new), f"{_named(path)}: {name}")

    def look(self, one: Production, said: Any, change: str) -> None:
        raw = form(said) if self.platform == "rongcloud" else written(said).encode()
        there = [word for word in one.words if word.encode() in raw]
        self.tried += 1
        for target in PLATFORMS:
            if target == self.platform or not there:
                continue
            try:
                sent, counted, what = self._carried(raw, target)
            except Exception as error:
                key = f"{self.platform} {one.name.partition(' ')[2]} {change} {target}"
                self.found.setdefault(key, Lost(self.platform, target, one.name, change, there[0], raw, f"raised {type(error).__name__}"))
                continue
            for word in there:
                if not counted and word not in sent:
                    key = f"{self.platform} {one.name.partition(' ')[2]} {change} {target}"
                    self.found.setdefault(key, Lost(self.platform, target, one.name, change, word, raw, what))

    def _carried(self, raw: bytes, target: str) -> tuple[str, bool, str]:
        """What is sent, whether something is counted or buried, and what else happened."""
        apps = {
            "a": App("a", PLATFORMS[self.platform], self._accounts[self.platform], "b"),
            "b": App("b", PLATFORMS[target], self._accounts[target], "a"),
        }
        sent, counted, what = "", False, []
        for routed in route(Callback("a", raw, NOW), apps, self._known):
            match routed:
                case DeadLettered():
                    counted = True
                case Dropped(reason=reason):
                    counted |= reason in DROPS[self.platform]
                    what.append(reason)
                case Deliver(delivery=delivery, losses=losses):
                    files = assume_transferred(delivery, PLATFORMS[target].media, self._accounts[target])
                    encoded = PLATFORMS[target].encode(delivery, self._accounts[target], TargetContext(files=files))
                    counted |= bool(losses or encoded.losses)
                    sent += "".join(unquote_plus(request.body.decode()) + request.path for request in encoded.requests)
                    what.append(type(delivery.event.operation).__name__)
                case _:
                    pass
        return sent, counted, " ".join(what)


def _at(value: Any, path: Path) -> Any:
    for name in path:
        value = (value.value if isinstance(value, Inner) else value)[name]
    return value


def _named(path: Path) -> str:
    return ".".join(map(str, path))


def shown(lost: Lost) -> dict[str, str]:
    """For a person, with the body as a case file holds it: one character for each byte."""
    return {
        "platform": lost.platform,
        "target": lost.target,
        "production": lost.production,
        "change": lost.change,
        "lost": lost.words,
        "what": lost.what,
        "raw": lost.body.decode("latin-1")[:4_000],
    }


def main() -> int:
    parser = argparse.ArgumentParser("python -m tests.fuzz.meaning", description=__doc__)
    parser.add_argument("--seconds", type=float, default=3600.0, help="in all, shared by the platforms")
    parser.add_argument("--seed", type=int, default=SystemRandom().randrange(1_000_000), help="the same seed tries the same bodies")
    parser.add_argument(
        "--keep", type=FilePath, default=FilePath(".im-relay/fuzz"), help="where each finding is written, to be made a case file"
    )
    given = parser.parse_args()
    print(f"seed {given.seed}", flush=True)
    fuzzers = [MeaningFuzzer(platform, given.seed) for platform in DROPS]
    end = time.monotonic() + given.seconds
    for fuzzer in fuzzers:
        for change in fuzzer.all():
            fuzzer.try_one(*change)
    while time.monotonic() < end:
        for fuzzer in fuzzers:
            fuzzer.run_pairs(200)
    for fuzzer in fuzzers:
        print(f"{fuzzer.platform}: {fuzzer.tried} bodies, {len(fuzzer.found)} findings")
        for lost in fuzzer.found.values():
            given.keep.mkdir(parents=True, exist_ok=True)
            name = f"{lost.platform}-{hashlib.blake2b(lost.body + lost.target.encode(), digest_size=6).hexdigest()}.json"
            (given.keep / name).write_text(json.dumps(shown(lost), ensure_ascii=False, indent=2), encoding="utf-8")
            print(json.dumps(shown(lost), ensure_ascii=False, indent=2))
    return 1 if any(fuzzer.found for fuzzer in fuzzers) else 0


if __name__ == "__main__":
    sys.exit(main())
