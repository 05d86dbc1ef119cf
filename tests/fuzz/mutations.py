"""Changes to a body: to its bytes, to its JSON, and to the JSON within its JSON."""

import json
from collections.abc import Sequence
from random import Random
from typing import Any

DEEP = "a thousand lists in each other"
"""Stands for them until they are written: the standard library cannot write them itself."""

ODD: tuple[Any, ...] = (
    None,
    True,
    False,
    0,
    -1,
    1,
    7.5,
    1e300,
    -0.0,
    1 << 31,
    1 << 53,
    1 << 63,
    1 << 64,
    -(1 << 63) - 1,
    10**400,
    "",
    "0",
    "1",
    "-1",
    "true",
    "null",
    "{}",
    "[]",
    "{",
    "[[",
    "\x00",
    "a\x00b",
    "\ud800",
    "\udfff\ud800",
    "😀",
    "\u202e",
    "\x1f",
    "İ",
    "1e999",
    "NaN",
    "9" * 400,
    "x" * 5_000,
    "https://",
    "a" * 65,
    [],
    {},
    [None],
    [[]],
    {"": None},
    {"relay": {"id": "x", "d": "y"}},
    "[" * 1_000,
    float("inf"),
    float("nan"),
)
TOKENS = (
    b"{",
    b"}",
    b"[",
    b"]",
    b'"',
    b",",
    b":",
    b"\\",
    b"\\u0000",
    b"\\ud800",
    b"null",
    b"1e999",
    b"-",
    b"&",
    b"=",
    b"%",
    b"%ff",
    b"\x00",
    b"\xff",
    b"\xed\xa0\x80",
    b"\xef\xbb\xbf",
    b"9" * 400,
    b"[" * 1_000,
    b'{"a":' * 1_000,
)


def dumped(value: Any) -> str:
    return json.dumps(value).replace(f'"{DEEP}"', "[" * 1_000 + "]" * 1_000)


class Mutator:
    """The same *seed* makes the same bodies."""

    def __init__(self, corpus: Sequence[bytes], seed: int) -> None:
        self.corpus = list(corpus)
        self._random = Random(seed)

    def next(self) -> bytes:
        random = self._random
        body = random.choice(self.corpus)
        for _ in range(random.choice((1, 1, 1, 2, 3, 8))):
            body = self._structure(body) if random.random() < 0.8 else self._bytes(body)
        return body

    def _structure(self, body: bytes) -> bytes:
        try:
            value = json.loads(body)
        except (ValueError, RecursionError):
            return self._fields(body)
        try:
            return dumped(self._change(value)).encode()
        except (ValueError, RecursionError):
            return body

    def _fields(self, body: bytes) -> bytes:
        """Of a form; what is JSON in it is changed as such."""
        if b"=" not in body:
            return self._bytes(body)
        from urllib.parse import parse_qsl, urlencode

        fields = dict(parse_qsl(body.decode("utf-8", "replace"), keep_blank_values=True))
        if not fields:
            return self._bytes(body)
        name = self._random.choice(list(fields))
        match self._random.randrange(4):
            case 0:
                del fields[name]
            case 1:
                fields[name] = str(self._random.choice(ODD))
            case _:
                fields[name] = self._text(fields[name])
        return urlencode(fields, errors="replace").encode()

    def _text(self, text: str) -> str:
        try:
            value = json.loads(text)
        except (ValueError, RecursionError):
            return text[: self._random.randrange(len(text) + 1)] + str(self._random.choice(ODD))
        try:
            return dumped(self._change(value))
        except (ValueError, RecursionError):
            return text

    def _change(self, value: Any) -> Any:
        """*value* with one place in it changed, at any depth."""
        random = self._random
        if isinstance(value, dict) and value and random.random() < 0.9:
            name = random.choice(list(value))
            match random.randrange(12):
                case 0:
                    return {key: inner for key, inner in value.items() if key != name}
                case 1:
                    return value | {name: self._borrowed()}
                case 2:
                    return value | {random.choice((name.upper(), name + "2", "", "ext", "relay", "kind")): value[name]}
                case _:
                    return value | {name: self._change(value[name])}
        if isinstance(value, list) and value and random.random() < 0.8:
            place = random.randrange(len(value))
            if random.random() < 0.2:
                return value[:place] + value[place + 1 :]
            return [*value[:place], self._change(value[place]), *value[place + 1 :]]
        if isinstance(value, str) and value[:1] in ("{", "[") and random.random() < 0.8:
            return self._text(value)
        match random.randrange(8):
            case 0 if isinstance(value, str):
                return _number(value)
            case 0 | 1 if isinstance(value, int | float):
                return str(value)
            case 2:
                return [value]
            case 3:
                return {"a": value}
            case 4:
                return DEEP
            case _:
                return random.choice(ODD)

    def _borrowed(self) -> Any:
        """Something out of another body."""
        try:
            value = json.loads(self._random.choice(self.corpus))
        except (ValueError, RecursionError):
            return self._random.choice(ODD)
        while isinstance(value, dict) and value and self._random.random() < 0.7:
            value = self._random.choice(list(value.values()))
        return value

    def _bytes(self, body: bytes) -> bytes:
        random = self._random
        place = random.randrange(len(body) + 1)
        end = min(len(body), place + random.randrange(1, 20))
        match random.randrange(5):
            case 0:
                return body[:place]
            case 1:
                return body[:place] + body[end:]
            case 2:
                return body[:place] + random.choice(TOKENS) + body[place:]
            case 3:
                return body[:place] + body[place:end] * random.choice((2, 3, 200)) + body[end:]
            case _:
                return body[:place] + bytes([random.randrange(256)]) + body[place + 1 :]


def _number(text: str) -> Any:
    try:
        return int(text)
    except ValueError:
        return 7
