"""Copies of a person's files in the relay's own store: found by what that person has sent, as long as the topics hold it."""

import re
from collections.abc import Sequence
from contextlib import suppress
from pathlib import Path

import msgspec
from msgspec import Struct

from converters.core import wire
from converters.core.localized import localized
from converters.core.model import Delivery
from converters.core.wire import Malformed
from converters.files.media import MediaResult
from converters.routing.user_ids import fold
from streams.erase.person import PersonNames
from streams.files.disk import FileDirectory
from streams.files.naming import KEY
from streams.operate.topic_reader import OperateError, TopicReader
from streams.settings.root import Settings

_IN_URL = re.compile(KEY.pattern + r"(?=$|[?#])")


class Copy(Struct, frozen=True, order=True):
    key: str
    shared: bool
    """Somebody else has sent the same file: the object is theirs, too, and stays."""


async def copies(reader: TopicReader, deliveries: Sequence[str], results: Sequence[str], names: PersonNames) -> list[Copy]:
    """What lies in the store under a key of ours because of that person. Raises OperateError."""
    theirs = set[str]()
    for topic in deliveries:
        async for raw in reader.records(await reader.spans(reader.partitions(topic))):
            with suppress(Malformed):
                delivery = wire.load(raw.value or b"", Delivery)
                if {fold(delivery.event.sender), fold(delivery.author)} & names.all:
                    theirs.add(delivery.event.id)
    found: dict[str, bool] = {}
    others = set[str]()
    for topic in results:
        async for raw in reader.records(await reader.spans(reader.partitions(topic))):
            with suppress(Malformed):
                result = wire.load(raw.value or b"", MediaResult)
                for key in keys_of(result):
                    if result.event in theirs:
                        found[key] = False
                    else:
                        others.add(key)
    return sorted(Copy(key, key in others) for key in found)


def keys_of(result: MediaResult) -> list[str]:
    """By what the links of the file and its thumbnail name, if they are of the relay's store."""
    stored = [one for one in (result.carried, result.carried.thumbnail if result.carried else None) if one is not None]
    return [match[0] for one in stored if (match := _IN_URL.search(one.url)) is not None]


class Removal(Struct):
    """What became of copies: keys."""

    removed: list[str] = msgspec.field(default_factory=list)
    absent: list[str] = msgspec.field(default_factory=list)
    left: list[str] = msgspec.field(default_factory=list)
    """Not reached from here."""


async def remove(settings: Settings, keys: Sequence[str]) -> Removal:
    """Delete objects of the store that the settings name. Raises OperateError."""
    store, gone = settings.media.store, Removal()
    if not keys or store.kind == "none":
        return gone
    if store.kind == "files":
        return _from_disk(settings.files.directory, keys)
    from streams.media.store.s3 import BucketStore

    bucket = BucketStore(store, settings.media)
    for key in keys:
        if await bucket.delete(key):
            gone.removed.append(key)
        else:
            gone.left.append(key)
    return gone


def _from_disk(directory: Path, keys: Sequence[str]) -> Removal:
    gone = Removal()
    if not (directory / "kept").is_dir():
        gone.left += keys  # the role `files` has its disk elsewhere
        return gone
    files = FileDirectory(directory, kept=0)
    for key in keys:
        try:
            files.where(key).unlink()
            gone.removed.append(key)
        except FileNotFoundError:
            gone.absent.append(key)
        except OSError as error:
            raise OperateError(
                localized("files.directory is {directory}: {strerror}", directory=directory, strerror=error.strerror)
            ) from None
    return gone


def gone_by(settings: Settings, now: int) -> int | None:
    """When a copy that is put now is deleted by itself, ms since 1970; None where nothing deletes it."""
    store = settings.media.store
    days = settings.files.kept_days if store.kind == "files" else store.kept_days
    return now + int(days * 86_400_000) if days else None
