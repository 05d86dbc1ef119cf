"""One file, from where it lies to where it is wanted, between two simulated platforms."""

import base64
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from msgspec import structs

from converters.core.bodies import File
from converters.files.media import MediaJob, Role
from converters.platform import AnyPlatform
from converters.platforms.easemob.account import EasemobAccount
from streams.media.context import MediaContext
from streams.media.job import TransferFailed, Transferred, transfer
from streams.media.transcode.pool import NoWorkerError
from streams.media.transcode.request import TranscodeFailed, TranscodeRequest
from tests import attachments
from tests.media.around import EASEMOB, apps_of, around
from tests.media.transcode.samples import SOUND, film, moving, sine, still
from tests.narrowed import of_kind
from tests.simulators.process import SimulatorProcess


@pytest.fixture(scope="module")
def yunxin() -> Iterator[SimulatorProcess]:
    with SimulatorProcess("yunxin") as one:
        one.preload(["alice", "bob"])
        yield one


@pytest.fixture(scope="module")
def easemob() -> Iterator[SimulatorProcess]:
    with SimulatorProcess("easemob", **EASEMOB) as one:
        one.preload(["alice", "bob"])
        yield one


def job(file: File, role: Role, source: str) -> MediaJob:
    target = "new" if source == "old" else "old"
    return MediaJob(event="e", place=0, role=role, file=file, source=source, target=target, conversation=b"", partition=0, received=0)


def said(side: SimulatorProcess, sample: attachments.Sample) -> File:
    """*sample*, as it lies on *side* when somebody has sent it."""
    side.send("alice", "bob", sample.media())
    media = side.journal("said")[-1]["media"]
    return File(url=media["url"], secret=media.get("secret", ""), name=sample.name)


async def carried(one: MediaJob, here: MediaContext) -> Transferred | TransferFailed:
    target = here.apps[one.target]
    assert target.platform.media is not None
    shape = target.platform.media.shape(one.role, target.account)
    assert shape is not None
    return await transfer(one, shape, target, here)


class Pressing:
    """In place of a pool: answers each order with *answer*, or raises it."""

    def __init__(self, answer: TranscodeFailed | Exception) -> None:
        self._answer = answer
        self.orders = 0

    async def press(self, order: TranscodeRequest) -> TranscodeFailed:
        del order
        self.orders += 1
        if isinstance(self._answer, Exception):
            raise self._answer
        return self._answer


def having(here: MediaContext, **changes: Any) -> MediaContext:
    return structs.replace(here, **changes)


async def test_a_voice_is_fetched_transcoded_and_lies_at_the_target(
    yunxin: SimulatorProcess, easemob: SimulatorProcess, tmp_path: Path
) -> None:
    sample = attachments.voice(3, "aac")
    async with around(apps_of(yunxin, easemob), tmp_path) as here:
        found = await carried(job(said(yunxin, sample), "voice", "old"), here)
    assert isinstance(found, Transferred)
    assert found.codec == "aac>amr"
    there = easemob.fetch({"url": found.carried.url, "secret": found.carried.secret})
    assert attachments.same("voice", sample.content, there)
    assert (found.carried.size, found.carried.name, found.carried.mime) == (len(there), "voice-3.amr", "audio/amr")
    assert list(tmp_path.iterdir()) == []


async def test_a_token_that_is_refused_is_renewed_once(yunxin: SimulatorProcess, easemob: SimulatorProcess, tmp_path: Path) -> None:
    sample = attachments.document(4)
    async with around(apps_of(yunxin, easemob), tmp_path) as here:
        wanted = job(said(easemob, sample), "file", "new")
        assert isinstance(await carried(wanted, here), Transferred)
        easemob.mood(token_expire_now=True)
        easemob.mood()
        assert isinstance(await carried(wanted, here), Transferred)


async def test_what_ends_the_process_that_reads_it_is_tried_twice_in_all(
    yunxin: SimulatorProcess, easemob: SimulatorProcess, tmp_path: Path
) -> None:
    file = said(yunxin, attachments.picture(5))
    async with around(apps_of(yunxin, easemob), tmp_path) as here:
        pool = Pressing(TranscodeFailed("crashed", crashed=True))
        assert await carried(job(file, "image", "old"), having(here, pool=pool)) == TransferFailed("crashed", "")
        assert pool.orders == 2
        pool = Pressing(TranscodeFailed("empty"))
        assert await carried(job(file, "image", "old"), having(here, pool=pool)) == TransferFailed("empty", "")
        assert pool.orders == 1
    assert list(tmp_path.iterdir()) == []


async def test_a_machine_that_starts_no_process_says_nothing_of_the_file(
    yunxin: SimulatorProcess, easemob: SimulatorProcess, tmp_path: Path
) -> None:
    file = said(yunxin, attachments.picture(6))
    async with around(apps_of(yunxin, easemob), tmp_path, retry_for=0.0) as here:
        found = await carried(job(file, "image", "old"), having(here, pool=Pressing(NoWorkerError("closed"))))
    assert found == TransferFailed("no-worker", "", again=True)


@pytest.mark.parametrize(
    ("file", "reason"),
    [
        (File("http://127.0.0.1:8080/a"), "address"),
        (File("http://10.0.0.1/a"), "address"),
        (File("file:///etc/passwd"), "scheme"),
        (File("http://169.254.169.254/latest"), "address"),
        (File(inline="!!"), "damaged"),
        (File("no address"), "url"),
    ],
    ids=lambda one: one if isinstance(one, str) else one.url or "inline",
)
async def test_what_must_not_be_fetched_is_not(
    yunxin: SimulatorProcess, easemob: SimulatorProcess, tmp_path: Path, file: File, reason: str
) -> None:
    async with around(apps_of(yunxin, easemob), tmp_path, allow=[]) as here:
        found = await carried(job(file, "image", "old"), here)
    assert isinstance(found, TransferFailed)
    assert (found.reason, found.again) == (reason, False)


async def test_a_target_that_takes_no_files_needs_a_store(yunxin: SimulatorProcess, easemob: SimulatorProcess, tmp_path: Path) -> None:
    apps = apps_of(yunxin, easemob)
    media = apps["new"].platform.media
    assert media is not None
    platform: AnyPlatform = structs.replace(apps["new"].platform, media=structs.replace(media, upload=None))
    apps["new"] = structs.replace(apps["new"], platform=platform)
    async with around(apps, tmp_path) as here:
        found = await carried(job(said(yunxin, attachments.picture(7)), "image", "old"), here)
    assert found == TransferFailed("no-store", "jpeg>jpeg")


def flv() -> bytes:
    return b"FLV\x01\x05\0\0\0\x09" + bytes(200)


WHOLE = {
    ("image", "an SVG"): b"<svg xmlns='http://www.w3.org/2000/svg'/>",
    ("voice", "silk of nothing"): b"\x02#!SILK_V3\x0c\0" + b"\x81" * 12,
    ("video", "an FLV"): flv(),
    ("gif", "a text"): b"no picture at all",
    ("sticker", "half a WebP"): still("WEBP", (320, 240))[:150],
    ("voice", "a WAV that was cut"): SOUND["wav"]([sine(440.0, 8_000, 1.0)], 8_000)[:-4_000],
}


@pytest.mark.parametrize(("role", "what"), WHOLE)
async def test_what_cannot_be_shown_arrives_as_a_file(
    yunxin: SimulatorProcess, easemob: SimulatorProcess, tmp_path: Path, role: Role, what: str
) -> None:
    content = WHOLE[role, what]
    file = File(inline=base64.b64encode(content).decode(), name="as it was called.xyz")
    async with around(apps_of(yunxin, easemob), tmp_path) as here:
        found = await carried(job(file, role, "old"), here)
    assert isinstance(found, Transferred)
    assert (found.carried.as_file, found.carried.name, found.carried.size) == (True, "as it was called.xyz", len(content))
    assert easemob.fetch({"url": found.carried.url, "secret": found.carried.secret}) == content
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize(
    ("role", "content", "codec", "lost"),
    [
        ("image", moving("WEBP"), "webp>gif", "colours"),
        ("video", film("webm", "libvpx", sound="libopus"), "webm>mp4", ""),
        ("image", still("JPEG")[:-2], "jpeg>jpeg", ""),
        ("voice", SOUND["amr"]([sine(440.0, 8_000, 0.5)], 8_000)[6:], "amr>amr", ""),
    ],
    ids=["moving WebP", "WebM", "JPEG without its end", "AMR without a head"],
)
async def test_what_can_be_mended_or_remade_is(
    yunxin: SimulatorProcess, easemob: SimulatorProcess, tmp_path: Path, role: Role, content: bytes, codec: str, lost: str
) -> None:
    file = File(inline=base64.b64encode(content).decode(), name="one")
    async with around(apps_of(yunxin, easemob), tmp_path) as here:
        found = await carried(job(file, role, "old"), here)
    assert isinstance(found, Transferred)
    assert (found.codec, found.carried.lost, found.carried.as_file) == (codec, lost, False)


async def test_where_the_target_takes_no_file_of_its_size_it_stays(
    yunxin: SimulatorProcess, easemob: SimulatorProcess, tmp_path: Path
) -> None:
    apps = apps_of(yunxin, easemob)
    apps["new"] = structs.replace(apps["new"], account=structs.replace(of_kind(EasemobAccount, apps["new"].account), file_limit=100))
    async with around(apps, tmp_path) as here:
        assert await carried(job(File(inline=base64.b64encode(flv()).decode()), "video", "old"), here) == TransferFailed("unsupported", "")
