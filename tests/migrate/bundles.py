"""Bundles made without reading a source: what a test wants to be applied."""

import hashlib
from collections.abc import Iterable
from pathlib import Path
from typing import Any

import msgspec

from converters.core import wire
from converters.core.bodies import Text
from converters.core.event_id import new_event_id
from converters.core.model import Conversation, Event, conversation_key
from converters.core.operations import Post
from converters.inventory import AnyItem, item_id, kind_of
from streams.migrate.bundle import META_KEY, ROWS, Bundle, Meta, Talk, hashed, message_key, message_row, sha256
from streams.migrate.store import ITEMS, MESSAGES, META, TALKS, Store

SOURCE, TARGET = ("old", "yunxin"), ("new", "easemob")


def said(conversation: Conversation, sender: str, number: int, at: int, text: str) -> Event:
    """A text of the history; *number* makes its id."""
    tag = str(conversation.__struct_config__.tag)
    return Event(
        id=new_event_id(SOURCE[1], SOURCE[0], tag, str(number)),
        source=SOURCE[0],
        remote_id=str(number),
        conversation=conversation,
        sender=sender,
        at=at,
        operation=Post(Text(text)),
    )


def made(directory: Path, items: Iterable[AnyItem], events: Iterable[Event] = (), **meta: Any) -> Path:
    """The directory of a complete bundle in *directory*, named after its hash; *events* by conversation and time."""
    path = directory / "making"
    store = Store(path / ROWS)
    counts: dict[str, int] = {}
    for item in items:
        store.put(ITEMS, item_id(item).encode(), wire.dump(item))
        counts[kind_of(item)] = counts.get(kind_of(item), 0) + 1
    talks: dict[bytes, Talk] = {}
    hashes: dict[bytes, Any] = {}
    for number, event in enumerate(events):
        key, raw = conversation_key(event.conversation), wire.dump(event)
        row = message_key(key, event.at, number.to_bytes(8, "big"))
        store.put(MESSAGES, row, message_row("test:1", event.sender, raw))
        talk = talks.get(key) or Talk(conversation=event.conversation, first=event.at)
        talks[key] = msgspec.structs.replace(talk, count=talk.count + 1, last=event.at)
        hashes.setdefault(key, hashlib.sha256()).update(hashed(row, raw))
        counts["message"] = counts.get("message", 0) + 1
    for key, talk in talks.items():
        store.put(TALKS, key, wire.dump(msgspec.structs.replace(talk, sha256=hashes[key].hexdigest())))
    store.flush()
    plain: dict[str, Any] = {
        "source": "test",
        "source_app": SOURCE[0],
        "source_platform": SOURCE[1],
        "target_app": TARGET[0],
        "target_platform": TARGET[1],
        "edition": "flagship",
        "before_group": "restamp",
        "horizon": 0,
        "made": 1_760_000_000_000,
        "counts": counts,
    } | meta
    whole = Meta(**plain)
    whole = msgspec.structs.replace(whole, sha256=sha256(store, whole))
    store.put(META, META_KEY, wire.dump(whole))
    store.flush()
    store.close()
    there = directory / whole.sha256[:12]
    path.rename(there)
    with Bundle.open(there) as bundle:
        bundle.verify()
    return there
