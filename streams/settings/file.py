"""The settings file as it lies there: its text, and its relative paths, which are from where it lies."""

import tomllib
from functools import cache
from pathlib import Path
from typing import Any, get_args

from pydantic import BaseModel

from converters.core.localized import localized
from streams.settings.errors import section_models

_MARKS = {b"\xff\xfe": "UTF-16", b"\xfe\xff": "UTF-16"}


def read(path: Path) -> dict[str, Any]:
    """With or without a byte order mark, its lines ended as on any system. Raises ValueError, which says what to do."""
    try:
        raw = path.read_bytes()
    except OSError as error:
        raise ValueError(
            localized("settings file {path}: {strerror}; name another with --config", path=path, strerror=error.strerror)
        ) from None
    if (coding := _MARKS.get(raw[:2])) or b"\0" in raw[:64]:
        raise ValueError(
            localized("settings file {path} is {coding}: save it as UTF-8", path=path, coding=coding or localized("UTF-16 or binary"))
        )
    try:
        return tomllib.loads(raw.decode("utf-8-sig"))
    except UnicodeDecodeError as error:
        line = raw[: error.start].count(b"\n") + 1
        raise ValueError(localized("settings file {path} is not UTF-8 (line {line}): save it as UTF-8", path=path, line=line)) from None
    except tomllib.TOMLDecodeError as error:
        raise ValueError(
            localized("settings file {path} is not TOML: {error}{hint}", path=path, error=error, hint=_hint(str(error)))
        ) from None


def placed(given: dict[str, Any], model: type[BaseModel], beside: Path) -> dict[str, Any]:
    """*given* with each relative path as one from *beside*; one that is not there, but is from where the process stands, stays as it is.

    A path is what the model says is one (its type, or `format: path`), and everything that ends in `_file`.
    """
    paths = _paths(model)
    below = section_models(model)
    out: dict[str, Any] = {}
    for key, value in given.items():
        if key == "apps" and isinstance(value, dict):
            out[key] = {name: _app(app, beside) for name, app in value.items()}
        elif key in below and isinstance(value, dict):
            out[key] = placed(value, below[key], beside)
        else:
            out[key] = _placed(value, beside) if key in paths or key.endswith("_file") else value
    return out


@cache
def _paths(model: type[BaseModel]) -> frozenset[str]:
    # Not asked of its JSON schema: to make those of all sections takes every role and command 60 ms.
    marked = {"format": "path"}
    return frozenset(
        name
        for name, field in model.model_fields.items()
        if Path in (field.annotation, *get_args(field.annotation)) or field.json_schema_extra == marked
    )


def _app(app: Any, beside: Path) -> Any:
    if not isinstance(app, dict) or not isinstance(account := app.get("account"), dict):
        return app
    return app | {"account": {key: _placed(value, beside) if key.endswith("_file") else value for key, value in account.items()}}


def _placed(value: Any, beside: Path) -> Any:
    if not isinstance(value, str) or not value or Path(value).is_absolute():
        return value
    there = beside / value
    return value if not there.exists() and Path(value).exists() else str(there)


def _hint(said: str) -> str:
    for words, hint in _HINTS.items():
        if words in said:
            return hint
    return ""


_HINTS = {
    "Cannot declare": localized(". Each section, and each app, is written once: put the two together, or give one another name"),
    "Cannot overwrite": localized(". Each key is written once in its section: take one of the two out"),
    "Unescaped '\\'": localized(". In quotes, a backslash is written twice, or put the text in single quotes"),
    "Invalid value": localized('. A text is in quotes: key = "value"'),
    "Invalid statement": localized(". A line is [section], or key = value"),
}
