"""What the tests know of each platform by themselves: how it signs, and what it calls back for a request of ours.

A module for each platform, under its name, with

- `SECRET`: the account's setting that signs callbacks,
- `signed(said, secret, headers) -> Incoming`: *said* as it is posted; bytes stay as they are,
- `message(text, *, sender, to, kind, number, ext, native) -> dict`: a callback of a message, of the kind *native* if it is named,
- `echo(request, number) -> dict`: what is called back after *request* was taken,
- `text(said) -> str`: what people read of a callback,
- `fits(request, said)`: asserts that *request* keeps to the documented sizes; *said* is its echo,
- `elsewhere(said, user) -> list`: *said* as it would be had *user* said it, or been told it,
- `of_another_app(said) -> (said, headers) | None`: None where a callback names no app,
- if it is no JSON, `body(said) -> bytes`,
- and `UNTOLD`: the kinds that the platform does as they are, and never calls back about.
"""

import json
from importlib import import_module
from typing import Any

from converters.platform import Incoming, Request

NOW = 1_700_000_000_000


def shape(platform: str) -> Any:
    return import_module(f"tests.converters.shapes.{platform}")


def incoming(platform: str, said: Any, secret: str, **headers: str) -> Incoming:
    """*said* as the platform would post it, signed with *secret*."""
    asked: Incoming = shape(platform).signed(said, secret, headers)
    return asked


def body(platform: str, said: Any) -> bytes:
    """*said* as it lies in a stored callback."""
    of = getattr(shape(platform), "body", None)
    written: bytes = json.dumps(said, ensure_ascii=False).encode() if of is None else of(said)
    return written


def message(
    platform: str,
    text: str = "hi",
    *,
    sender: str = "alice",
    to: str = "bob",
    kind: str = "direct",
    number: int = 1,
    ext: Any = None,
    native: str = "",
) -> dict[str, Any]:
    """A callback of a message, text or of the platform's own kind *native*."""
    said: dict[str, Any] = shape(platform).message(text, sender=sender, to=to, kind=kind, number=number, ext=ext, native=native)
    return said


def as_callback(platform: str, request: Request, number: int = 1) -> dict[str, Any]:
    """What the platform calls back after it has taken *request*."""
    said: dict[str, Any] = shape(platform).echo(request, number)
    return said


def text_of(platform: str, request: Request) -> str:
    """What people read once *request* was taken."""
    said: str = shape(platform).text(as_callback(platform, request))
    return said
