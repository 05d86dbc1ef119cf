"""Journals of simulators, read alike whatever the platform."""

import json
from collections.abc import Mapping
from typing import Any, NamedTuple

Entry = Mapping[str, Any]

KINDS = {"person": "direct", "group": "group", "room": "room"}
"""A simulator's kinds of conversation, in the relay's words."""

_SIGNALS = {"RC:ReadNtf", "RC:TypSts"}
"""What is sent like a message and is none."""


class Mark(NamedTuple):
    event: str
    late: bool


def is_message(entry: Entry) -> bool:
    """Whether a message was said or accepted; not a recall, an edit, a receipt or what befalls a group."""
    if entry["kind"] == "accepted":
        return entry["api"] == "send" and entry["name"] not in _SIGNALS
    if entry["kind"] != "said" or "operation" in entry or "recalls" in entry:
        return False
    body = entry["body"]
    return not isinstance(body, dict) or body.get("op", "post") == "post"


def mark(entry: Entry) -> Mark | None:
    """What the relay wrote on a message that was accepted."""
    held = entry.get("relay")
    if held is None:
        ext = entry["ext"]
        try:
            held = (json.loads(ext) if isinstance(ext, str) else ext)["relay"]
        except (KeyError, TypeError, ValueError):
            return None
    return Mark(str(held["id"]), bool(held.get("late", False)))


def doing(entry: Entry) -> tuple[str, str]:
    """What was done, and to which message; each platform notes it in its own way."""
    said = entry["kind"] == "said"
    body = entry.get("body")
    what = "recall" if "recalls" in entry else entry.get("operation") or entry.get("api") or (body or {}).get("op", "")
    named = entry.get("payload") if said else entry.get("there")
    if said and isinstance(body, dict) and "op" in body:
        named = {"message": body.get("message", {}).get("id")}
    number = (named or {}).get("message") or next((entry[name] for name in ("read", "edits", "recalls", "id") if name in entry), "")
    return ("read" if what == "read_ack" else what), str(number)


def new_text(entry: Entry) -> str:
    """Of an edit."""
    given = entry.get("payload") or entry
    body = given.get("body") or {}
    body = body.get("body", body)  # the own server's, whose operation it lies in
    return str(given.get("text") or body.get("msg") or body.get("text") or "")


def last(entries: list[dict[str, Any]], otherwise: int = 0) -> int:
    """The number of the last entry."""
    return int(entries[-1]["seq"]) if entries else otherwise
