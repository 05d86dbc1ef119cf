"""The history beside what is known of it: *accepted*, as the target answered each import, and *seen*, where its history files show imports.

No call reads a conversation back. What was accepted is held against the bundle by number and by the chained hash of its ids; what was seen, by
the marks that the imports bear. Where nothing can be seen, a person looks at some conversations.
"""

import shutil
from collections.abc import Callable, Iterator
from hashlib import blake2b
from heapq import nsmallest
from pathlib import Path

from converters.addressing import conversation_of
from converters.core.model import Conversation, Direct, conversation_key
from converters.differences import Difference
from converters.platform import Callback, FoundCallback, OwnEcho, TimeRange
from converters.routing.identity_table import IdentityLookup, Kind
from converters.routing.route import App
from streams.migrate.bundle import Bundle, KeyedTalk
from streams.migrate.known import Known
from streams.migrate.records import Progress
from streams.migrate.store import SIDES, Store
from streams.migrate.target_view import TargetView
from streams.migrate.verify_records import HistoryResult, Look
from streams.operate.gaps import within
from streams.outbound.asking import Asking
from streams.outbound.vendor_client import VendorClient

LOOKS = 50
"""Conversations that a person is asked to look at."""
LATE = 7_200_000
"""Ms for which history files are late: younger messages are not looked for."""

Note = Callable[[list[Difference]], None]


class SeenImports:
    """Ids of messages that the target's history files show. Lies on disk while it is needed. Raises BundleError."""

    def __init__(self, directory: Path) -> None:
        self._path = directory
        shutil.rmtree(directory, ignore_errors=True)
        self._store = Store(directory)
        self.oldest = 0
        """Of the messages that were seen, in ms since 1970; 0: there were none."""
        self.doubled: set[str] = set()
        self.unread = 0

    async def read(self, app: App, client: VendorClient, span: TimeRange) -> str:
        """All that the files of *span* hold; what could not be seen, in the platform's words."""
        gaps = app.platform.gaps
        if gaps is None:
            return "the platform keeps no files"
        asking = Asking(gaps.ask(span, (), app.account), client.ask)
        async for found in asking:
            self._take(found, app)
        self._store.flush()
        self._find_doubled()
        return asking.unseen

    def __contains__(self, event: str) -> bool:
        return self._store.get(SIDES, event.encode()) is not None

    def remove(self) -> None:
        self._store.close()
        shutil.rmtree(self._path, ignore_errors=True)

    def _take(self, found: FoundCallback, app: App) -> None:
        try:
            said = app.platform.decode(Callback(app.name, found.body, 0, found.headers), app.account)
        except Exception:  # noqa: BLE001 - Malformed, or a defect of a decoder: it is not ours then, or cannot be told
            self.unread += 1
            return
        for one in said:
            if isinstance(one, OwnEcho):
                self.oldest = min(self.oldest or one.at, one.at)
                self._store.put(SIDES, one.event_id.encode(), b"")
                self._store.put(SIDES, f"{one.event_id}\x1f{one.part}\x1f{one.remote_id}".encode(), b"")

    def _find_doubled(self) -> None:
        """Parts of which two messages lie there. Once all is read: the store is slow to answer while it is written."""
        before: list[bytes] = []
        for key, _ in self._store.scan(SIDES):
            part = key.split(b"\x1f")[:2]
            if len(part) == 2 and part == before:
                self.doubled.add(part[0].decode())
            before = part


class HistoryVerifier:
    def __init__(self, bundle: Bundle, source: App, view: TargetView, identities: IdentityLookup, known: Known, note: Note) -> None:
        self._bundle, self._source, self._view = bundle, source, view
        self._identities, self._known, self._note = identities, known, note

    def accepted(self, say: Callable[[str, int, int], None]) -> HistoryResult:
        """By conversation: how much, and whether it is what the bundle holds."""
        result = HistoryResult()
        for one in self._bundle.conversations():
            if not one.talk.count:
                continue
            progress = self._progress(one)
            result.conversations += 1
            result.expected += one.talk.count
            result.accepted += progress.count
            result.live += progress.live
            result.left_out += progress.skipped
            result.doubts += progress.doubts
            decided = progress.count + progress.live + progress.skipped
            result.open += max(0, one.talk.count - decided)
            result.stopped += bool(progress.stopped)
            if progress.count == one.talk.count == decided:
                self._chained(one, progress, result)
            if not result.conversations % 1000:
                say("message", result.expected, self._bundle.count("message"))
        return result

    def _chained(self, one: KeyedTalk, progress: Progress, result: HistoryResult) -> None:
        chain = ""
        for said in self._bundle.messages(one.key):
            chain = blake2b(f"{chain}\x1f{said.event.id}\x1fin".encode(), digest_size=16).hexdigest()
        if chain == progress.chain:
            result.chained += 1
        else:
            result.broken += 1
            self._note([Difference(sort="different", kind="conversation", item=_named(one.talk.conversation), fields=("chain",))])

    def seen(self, files: SeenImports, span: TimeRange, result: HistoryResult, *, by_import: bool) -> None:
        """Each message that the files have to show. *by_import*: they go by the time of the import, else by that of the message."""
        for one in self._bundle.conversations():
            progress = self._progress(one)
            if not progress.count:
                continue
            left = progress.live + progress.skipped
            for said in self._bundle.messages(one.key):
                event = said.event
                if event.at > progress.at or left:  # what was left out of a conversation, its record does not name
                    looked = event.id in files
                else:
                    looked = event.id in files or by_import or span.since <= event.at < span.until - LATE
                if not looked:
                    continue
                result.looked_for += 1
                if event.id in files:
                    result.seen += 1
                else:
                    result.missing += 1
                    self._note([Difference(sort="missing", kind="message", item=event.id)])
                if event.id in files.doubled:
                    result.doubled += 1
                    self._note([Difference(sort="doubled", kind="message", item=event.id)])

    def looks(self) -> tuple[Look, ...]:
        """Drawn by the bundle's hash."""
        seed = self._bundle.meta.sha256.encode()[:64]
        talks = (
            (blake2b(one.key, key=seed, digest_size=8).digest(), one.key, one) for one in self._bundle.conversations() if one.talk.count
        )
        return tuple(self._look(one) for _, _, one in nsmallest(LOOKS, talks, key=lambda each: each[:2]))

    def _look(self, one: KeyedTalk) -> Look:
        talk = one.talk
        return Look(
            kind=str(talk.conversation.__struct_config__.tag),
            ids=tuple(self._ids(talk.conversation)),
            count=self._progress(one).count,
            first=talk.first,
            last=talk.last,
        )

    def _ids(self, conversation: Conversation) -> Iterator[str]:
        if isinstance(conversation, Direct):
            yield from map(self._view.native, conversation.users)
            return
        there = conversation_of(conversation, self._source, self._identities)
        assert not isinstance(there, Direct)
        kind: Kind = "group" if str(there.__struct_config__.tag) == "group" else "room"
        yield self._identities.native(self._view.target.platform.name, kind, there.id) or ""

    def _progress(self, one: KeyedTalk) -> Progress:
        return self._known.progress(conversation_key(conversation_of(one.talk.conversation, self._source, self._identities)))


def span_of(app: App, started: int, now: int) -> TimeRange:
    """What the files of *app* still show of a run that began at *started*."""
    gaps = app.platform.gaps
    assert gaps is not None, "asked before"
    oldest = now - gaps.oldest * 1000
    span, _ = within(gaps, oldest, now, now)
    return TimeRange(span.since, max(span.until, started))


def _named(conversation: Conversation) -> str:
    return conversation_key(conversation).decode()
