"""One file: fetched, checked, made into what the target shows, and put there."""

import asyncio
import base64
import binascii
import hashlib
import shutil
import tempfile
import time
from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import Any, TypeVar

import structlog
from msgspec import Struct, structs

from converters.core.model import StoredFile
from converters.core.outcome import Delivered, NotSent, Refused
from converters.files.media import Download, FileUpload, MediaJob, Role, Shape
from converters.files.media_formats import FORMATS
from converters.platform import Request
from converters.routing.route import App
from streams.media import fetch
from streams.media.context import MediaContext
from streams.media.naming import form_of, named
from streams.media.store import StoreFailed as NotKept
from streams.media.transcode.pool import NoWorkerError
from streams.media.transcode.request import Transcoded, TranscodeRequest
from streams.observe import metrics
from streams.outbound.attempts import delays

FIRST, LONGEST = 0.3, 20.0
"""Seconds between attempts: the first, and the most that doubling makes of it."""


class Transferred(Struct, frozen=True):
    carried: StoredFile
    codec: str
    """`from>to`, by the first bytes."""
    lives: float = 0.0
    """Seconds for which the store keeps it; 0 is for ever."""


class TransferFailed(Struct, frozen=True):
    """It stays where it was. *reason* is a short, fixed word."""

    reason: str
    codec: str
    again: bool = False
    after: float = 0.0


_SHOWN = frozenset({"image", "gif", "voice", "video", "sticker"})
_STILL_A_FILE = frozenset(
    {"truncated", "unsupported", "pixels", "too-long", "too-large", "cpu", "memory", "timeout", "damaged", "mislabelled"}
)
"""Reasons for which a file is no picture, voice or video, and may be passed on as what it is. Not where it took over who reads it, or may have."""

log = structlog.get_logger()

T = TypeVar("T")
_TAKEN = Delivered("")


async def transfer(job: MediaJob, shape: Shape, target: App, context: MediaContext) -> Transferred | TransferFailed:
    """Bring it over; never raises for what lies in the file, or for what servers do."""
    directory = Path(await asyncio.to_thread(tempfile.mkdtemp, dir=context.directory))
    try:
        return await _Transfer(job, shape, target, context, directory).carry()
    finally:
        await asyncio.shield(asyncio.to_thread(shutil.rmtree, directory, ignore_errors=True))


class _Transfer:
    def __init__(self, job: MediaJob, shape: Shape, target: App, context: MediaContext, directory: Path) -> None:
        self._job = job
        self._shape = shape
        self._target = target
        self._context = context
        self._directory = directory
        self._renewed = False
        """Our token was refused once, and another one asked for."""
        self._until = time.monotonic() + context.settings.retry_for

    async def carry(self) -> Transferred | TransferFailed:
        job, direction = self._job, self._context.direction(self._job)
        source = self._directory / "source"
        fetched = await self._step("fetch", lambda: self._fetched(source))
        if isinstance(fetched, TransferFailed):
            return fetched
        metrics.MEDIA_BYTES.labels(direction, job.role, "in").inc(fetched)
        if (left := await self._scanned(source)) is not None:
            return left
        made = await self._step("press", lambda: self._pressed(source))
        if isinstance(made, TransferFailed):
            return await self._as_file(source, made)
        for new in (made, made.thumbnail):
            if new is not None and new.path != source and (left := await self._scanned(new.path)) is not None:
                return left
        codec = f"{made.source_format}>{made.format}"
        put = await self._step("put", lambda: self._put(made, self._shape, job.role))
        if isinstance(put, TransferFailed):
            return structs.replace(put, codec=codec)
        carried, lives = put
        if made.thumbnail is not None and self._shape.thumbnail is not None:
            small, shape = made.thumbnail, self._shape.thumbnail
            put = await self._step("put", lambda: self._put(small, shape, "thumbnail"))
            # Without it the message is whole enough.
            if not isinstance(put, TransferFailed):
                carried, lives = structs.replace(carried, thumbnail=put[0]), min(lives, put[1]) or max(lives, put[1])
        size = await asyncio.to_thread(lambda: made.path.stat().st_size)
        metrics.MEDIA_BYTES.labels(direction, job.role, "out").inc(size)
        if job.role == "voice":
            metrics.MEDIA_AUDIO.labels(direction, codec).inc(made.duration / 1000)
        return Transferred(carried, codec, lives)

    async def _as_file(self, source: Path, left: TransferFailed) -> Transferred | TransferFailed:
        """The file at *source* as a plain one, where nothing that the target shows can be made of it; *left* says why."""
        media, job = self._target.platform.media, self._job
        shape = media.shape("file", self._target.account) if media is not None else None
        size = await asyncio.to_thread(lambda: source.stat().st_size)
        if left.reason not in _STILL_A_FILE or job.role not in _SHOWN or shape is None or 0 < shape.largest < size:
            return left
        log.info("goes as a plain file", event_id=job.event, kind=job.role, reason=left.reason)
        name = await asyncio.to_thread(form_of, source)
        made = Transcoded(path=source, format=name, source_format=name)
        put = await self._step("put", lambda: self._put(made, shape, "file"))
        codec = f"{name}>{name}"
        if isinstance(put, TransferFailed):
            return structs.replace(put, codec=codec)
        metrics.MEDIA_BYTES.labels(self._context.direction(job), job.role, "out").inc(size)
        return Transferred(structs.replace(put[0], as_file=True), codec, put[1])

    async def _step(self, name: str, step: Callable[[], Awaitable[T | TransferFailed]]) -> T | TransferFailed:
        """*step*, again and again while that may help and there is time."""
        with metrics.MEDIA_STEP_SECONDS.labels(self._job.role, name).time():
            for wait in delays(FIRST, LONGEST):
                found = await step()
                if not isinstance(found, TransferFailed) or not found.again:
                    return found
                pause = max(wait, found.after)
                if time.monotonic() + pause >= self._until:
                    return found
                await asyncio.sleep(pause)
        raise AssertionError("delays have no end")

    # -- fetch

    async def _fetched(self, into: Path) -> int | TransferFailed:
        """The bytes, in *into*; the answer is how many."""
        file, largest = self._job.file, self._largest()
        if file.inline:
            return await asyncio.to_thread(_decoded, file.inline, into, largest)
        source = self._context.apps[self._job.source]
        assert source.platform.media is not None, "whose callback named a file says how it is had"
        download = source.platform.media.download(file, source.account)
        if authorised := download.authorised:
            headers = await self._context.clients[source.name].credentials(download.url, renewed=self._renewed)
            if headers is None:
                return TransferFailed("no-token", "", again=True)
            download = Download(download.url, {**download.headers, **headers})
        found = await self._context.fetcher.fetch(download, into, largest=largest)
        if isinstance(found, fetch.FetchFailed):
            worn_out = authorised and found.status == 401 and not self._renewed
            self._renewed = self._renewed or worn_out
            return TransferFailed(found.reason, "", found.again or worn_out, found.after or 0.0)
        return found.size

    def _largest(self) -> int:
        """What is made smaller may be larger than the target takes."""
        most = self._context.settings.max_bytes
        kept_as_it_is = not self._shape.formats
        return min(most, self._shape.largest) if kept_as_it_is and self._shape.largest else most

    # -- scan

    async def _scanned(self, path: Path) -> TransferFailed | None:
        """What keeps the file at *path* from going on."""
        found = await self._step("scan", lambda: self._scan(path))
        return found if isinstance(found, TransferFailed) else None

    async def _scan(self, path: Path) -> TransferFailed | bool:
        scanner, settings = self._context.scanner, self._context.settings.scanner
        if scanner is None:
            return True
        found = await scanner.scan(path)
        metrics.MEDIA_SCANS.labels(self._job.role, found.verdict).inc()
        if found.verdict == "clean":
            return True
        log.warning("virus scan", event_id=self._job.event, verdict=found.verdict, signature=found.signature)
        if found.verdict == "infected":
            return TransferFailed("infected", "")
        return settings.when_away == "pass" or TransferFailed("unscanned", "", again=found.verdict == "away")

    # -- press

    async def _pressed(self, source: Path) -> Transcoded | TransferFailed:
        order = TranscodeRequest(source, self._directory, self._job.role, self._shape, self._job.alone)
        reason = ""
        for _ in range(2):  # perhaps it was not the file: once more, and no more
            try:
                found = await self._context.pool.press(order)
            except NoWorkerError:
                return TransferFailed("no-worker", "", again=True)
            except OSError:  # its files cannot be opened
                return TransferFailed("disk", "", again=True)
            if isinstance(found, Transcoded):
                return found
            reason = found.reason
            if reason == "forbidden-call":
                log.error("a file made the process that read it ask for what it must not", event_id=self._job.event, kind=self._job.role)
            if not found.crashed:
                break
            metrics.MEDIA_CRASHES.labels(self._job.role).inc()
        return TransferFailed(reason, "")

    # -- put

    async def _put(self, made: Transcoded, shape: Shape, role: Role) -> tuple[StoredFile, float] | TransferFailed:
        """Where it lies now, and for how many seconds; 0 is for ever."""
        content = await asyncio.to_thread(made.path.read_bytes)
        known = FORMATS[made.format]
        mime = known.mime if made.format != "bin" else self._job.file.mime or known.mime
        name = "thumbnail.jpg" if role == "thumbnail" else named(self._job, made)
        carried = StoredFile(
            "",
            name=name,
            size=len(content),
            mime=mime,
            md5=hashlib.md5(content).hexdigest(),  # noqa: S324 - the platforms' checksum
            width=made.width,
            height=made.height,
            duration=made.duration,
            lost=made.lost,
        )
        inline = (len(content) + 2) // 3 * 4
        if inline <= shape.inline and not 0 < shape.inline_longest < made.duration:
            return structs.replace(carried, inline=base64.b64encode(content).decode()), 0.0
        media = self._target.platform.media
        assert media is not None, "it has a shape for the file"
        if media.upload is None:
            return await self._kept(made, carried, content)
        upload = FileUpload(content=content, name=name, mime=mime, role=role, width=made.width, height=made.height)
        return await self._uploaded(upload, media.upload, carried)

    async def _kept(self, made: Transcoded, carried: StoredFile, content: bytes) -> tuple[StoredFile, float] | TransferFailed:
        store = self._context.store
        if store is None:
            return TransferFailed("no-store", "")
        digest = hashlib.sha256(content).hexdigest()
        kept = await store.put(made.path, name=carried.name, mime=carried.mime, digest=digest, app=self._target.name)
        if isinstance(kept, NotKept):
            return TransferFailed(kept.reason, "", kept.again, kept.after or 0.0)
        return structs.replace(carried, url=kept.url), kept.lives

    async def _uploaded(
        self, upload: FileUpload, write: Callable[[FileUpload, Any], Request], carried: StoredFile
    ) -> tuple[StoredFile, float] | TransferFailed:
        media, name = self._target.platform.media, self._target.name
        assert media is not None
        assert media.uploaded is not None, "who takes uploads answers them"
        request = write(upload, self._target.account)
        admission = self._context.admissions[name]
        async with admission.breaker_call(request) as breaker_call:
            if not await admission.admit(breaker_call, request, live=True, again=False):
                return TransferFailed("breaker", "", again=True)
            reply = await self._context.clients[name].question(request)
            found = media.uploaded(upload, request, reply, self._target.account) if reply is not None else NotSent("no answer")
            # Uploaded twice, one of the two is a file that no message names: nobody sees it.
            admission.learn(breaker_call, request, found if isinstance(found, NotSent | Refused) else _TAKEN)
        match found:
            case StoredFile():
                return _filled(found, carried), 0.0
            case NotSent(retry_after=after, throttled=throttled, ours=ours):
                return TransferFailed("throttled" if throttled else "locked-out" if ours else "upload", "", again=True, after=after or 0.0)
            case Refused(reason=reason):
                return TransferFailed(reason if reason == "too-large" else "refused", "")


def _decoded(inline: str, into: Path, largest: int) -> int | TransferFailed:
    if len(inline) // 4 * 3 > largest:
        return TransferFailed("too-large", "")
    try:
        content = base64.b64decode(inline.translate({13: None, 10: None}), validate=True)
    except (binascii.Error, ValueError):
        return TransferFailed("damaged", "")
    into.write_bytes(content)
    return len(content)


def _filled(found: StoredFile, carried: StoredFile) -> StoredFile:
    """What the platform answered, and what we know of the file."""
    return structs.replace(carried, url=found.url, secret=found.secret)
