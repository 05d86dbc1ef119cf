"""The parameters of a call: a form, whose repeated names make lists, or a JSON object."""

from typing import Any, Self
from urllib.parse import parse_qs

import orjson


class Fields:
    """Every value is text; a value that is empty counts as missing."""

    def __init__(self, values: dict[str, list[str]]) -> None:
        self._values = values

    @classmethod
    def of_form(cls, body: bytes) -> Self:
        return cls(parse_qs(body.decode("utf-8", "replace")))

    @classmethod
    def of_json(cls, body: bytes) -> Self | None:
        """None when *body* is no JSON object. Numbers and booleans may come as themselves or as strings."""
        given = as_object(body)
        return None if given is None else cls({name: texts(value) for name, value in given.items()})

    def one(self, name: str, default: str = "") -> str:
        """The first of them."""
        values = self._values.get(name)
        return values[0] if values else default

    def many(self, name: str) -> list[str]:
        """Each once, in order."""
        values = self._values.get(name)
        return list(dict.fromkeys(values)) if values else []

    def number(self, name: str, default: int | None = None) -> int | None:
        """*default* too when it is no whole number."""
        try:
            return int(self._values[name][0])
        except (KeyError, IndexError, ValueError):
            return default

    def yes(self, name: str) -> bool:
        return self.one(name).lower() in ("1", "true")

    def names(self) -> list[str]:
        return list(self._values)

    def named(self, what: str) -> dict[str, str]:
        """The values of ``what[ID]``, by their IDs."""
        return {name[len(what) + 1 : -1]: self.one(name) for name in self.names() if name.startswith(f"{what}[") and name.endswith("]")}

    def has(self, name: str) -> bool:
        return bool(self._values.get(name))


def texts(value: Any) -> list[str]:
    if isinstance(value, list):
        return [text for one in value for text in texts(one)]
    text = value if isinstance(value, str) else dumped(value)
    return [text] if text and value is not None else []


def dumped(value: Any) -> str:
    return orjson.dumps(value).decode()


def as_object(raw: str | bytes) -> dict[str, Any] | None:
    """The JSON object in *raw*, or None."""
    try:
        value = orjson.loads(raw)
    except orjson.JSONDecodeError:
        return None
    return value if isinstance(value, dict) else None
