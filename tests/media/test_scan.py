"""Files through a virus scanner, by its own protocol."""

import asyncio
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from msgspec import structs
from pydantic import ValidationError

from converters.core.bodies import File
from converters.files.media import WITHHELD, MediaJob, Role
from streams.media.context import MediaContext
from streams.media.job import TransferFailed, Transferred, transfer
from streams.media.scan.clamd import Clamd as Client
from streams.media.scan.clamd import ScanResult
from streams.media.scan.settings import ScannerSettings
from tests import attachments
from tests.media.around import EASEMOB, apps_of, around
from tests.media.clamd import EICAR, Clamd
from tests.simulators.process import SimulatorProcess

INFECTED = ScanResult("infected", "Win.Test.EICAR_HDB-1")


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "file"


async def scanned(clamd: Clamd, path: Path, content: bytes, timeout: float = 60.0) -> ScanResult:
    path.write_bytes(content)
    return await Client(clamd.address, timeout).scan(path)


@pytest.mark.parametrize("before", [0, 1, (256 << 10) - 10, 600_000])
async def test_what_is_infected_is_found_wherever_it_lies(before: int, path: Path) -> None:
    async with Clamd() as clamd:
        content = bytes(before) + EICAR + bytes(before)
        assert await scanned(clamd, path, content) == INFECTED if len(content) < 1 << 20 else ScanResult("too-large")
        clean = content.replace(EICAR, b"")
        assert await scanned(clamd, path, clean) == ScanResult("clean") if len(clean) < 1 << 20 else ScanResult("too-large")
        assert clean in clamd.scanned or len(clean) > 1 << 20, "byte for byte"


async def test_a_socket_s_path_is_an_address_too(path: Path, tmp_path: Path) -> None:
    async with Clamd(path=tmp_path / "clamd") as clamd:
        assert await scanned(clamd, path, EICAR) == INFECTED
        assert await scanned(clamd, path, b"") == ScanResult("clean")


async def test_a_file_larger_than_it_takes_is_not_taken_for_clean(path: Path) -> None:
    async with Clamd(largest=1000) as clamd:
        assert (await scanned(clamd, path, bytes(1000))).verdict == "clean"
        # Who hangs up with bytes unread may take its answer along: then it was away.
        assert (await scanned(clamd, path, bytes(1001))).verdict in ("too-large", "away")
        assert (await scanned(clamd, path, bytes(5_000_000))).verdict in ("too-large", "away")


@pytest.mark.parametrize("mood", ["hangs up", "babbles", "fails", "cuts its answer", "says more than OK"])
async def test_what_is_no_answer_says_nothing_of_the_file(mood: str, path: Path) -> None:
    async with Clamd() as clamd:
        clamd.mood = mood
        assert await scanned(clamd, path, b"fine") == ScanResult("away")


async def test_one_that_says_nothing_is_waited_for_no_longer_than_is_said(path: Path) -> None:
    async with Clamd() as clamd:
        clamd.mood = "silent"
        assert await scanned(clamd, path, b"fine", timeout=0.2) == ScanResult("away")


async def test_where_nobody_listens_it_is_away(path: Path) -> None:
    async with Clamd() as clamd:
        address = clamd.address
    path.write_bytes(b"fine")
    assert await Client(address, 5.0).scan(path) == ScanResult("away")


# -- a whole job


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


def job(yunxin: SimulatorProcess, sample: attachments.Sample, role: Role = "file") -> MediaJob:
    yunxin.send("alice", "bob", sample.media())
    media = yunxin.journal("said")[-1]["media"]
    file = File(url=media["url"], name=sample.name)
    return MediaJob(event="e", place=0, role=role, file=file, source="old", target="new", conversation=b"", partition=0, received=0)


async def carried(one: MediaJob, here: MediaContext, clamd: Clamd) -> Transferred | TransferFailed:
    here = structs.replace(here, scanner=Client(clamd.address, 30.0))
    target = here.apps["new"]
    assert target.platform.media is not None
    shape = target.platform.media.shape(one.role, target.account)
    assert shape is not None
    async with asyncio.timeout(120):
        return await transfer(one, shape, target, here)


def ill(sample: attachments.Sample) -> attachments.Sample:
    return sample._replace(content=sample.content + EICAR)


async def test_an_infected_file_goes_nowhere(yunxin: SimulatorProcess, easemob: SimulatorProcess, tmp_path: Path) -> None:
    async with Clamd() as clamd, around(apps_of(yunxin, easemob), tmp_path) as here:
        before = len(easemob.journal("file"))
        found = await carried(job(yunxin, ill(attachments.document(1))), here, clamd)
        assert found == TransferFailed("infected", "")
        assert found.reason in WITHHELD
        assert len(easemob.journal("file")) == before
        assert isinstance(await carried(job(yunxin, attachments.document(2)), here, clamd), Transferred)
    assert list(tmp_path.iterdir()) == []


async def test_what_is_made_of_a_file_is_scanned_too(yunxin: SimulatorProcess, easemob: SimulatorProcess, tmp_path: Path) -> None:
    async with Clamd() as clamd, around(apps_of(yunxin, easemob), tmp_path) as here:
        sample = attachments.voice(3, "aac")
        assert isinstance(await carried(job(yunxin, sample, "voice"), here, clamd), Transferred)
        source, made = clamd.scanned
    assert source == sample.content
    assert made.startswith(b"#!AMR\n")


@pytest.mark.parametrize(
    ("when_away", "expected"), [("retry", TransferFailed("unscanned", "", again=True)), ("pass", None)], ids=["retry", "pass"]
)
async def test_while_the_scanner_is_away_the_setting_decides(
    when_away: str, expected: TransferFailed | None, yunxin: SimulatorProcess, easemob: SimulatorProcess, tmp_path: Path
) -> None:
    scanner: dict[str, Any] = {"when_away": when_away}
    async with Clamd() as clamd, around(apps_of(yunxin, easemob), tmp_path, retry_for=0.0, scanner=scanner) as here:
        clamd.mood = "hangs up"
        found = await carried(job(yunxin, attachments.document(4)), here, clamd)
        assert isinstance(found, Transferred) if expected is None else found == expected


async def test_a_scanner_that_comes_back_is_asked_again(yunxin: SimulatorProcess, easemob: SimulatorProcess, tmp_path: Path) -> None:
    async with Clamd() as clamd, around(apps_of(yunxin, easemob), tmp_path, retry_for=100.0) as here:
        clamd.mood = "fails"
        work = asyncio.create_task(carried(job(yunxin, ill(attachments.document(5))), here, clamd))
        async with asyncio.timeout(100):
            while not clamd.scanned:
                await asyncio.sleep(0.01)
        clamd.mood = "well"
        assert await work == TransferFailed("infected", "")


async def test_a_file_larger_than_the_scanner_takes_is_withheld(
    yunxin: SimulatorProcess, easemob: SimulatorProcess, tmp_path: Path
) -> None:
    async with Clamd(largest=100) as clamd, around(apps_of(yunxin, easemob), tmp_path, retry_for=0.0) as here:
        found = await carried(job(yunxin, attachments.document(6)), here, clamd)
    assert isinstance(found, TransferFailed)
    assert found.reason == "unscanned"


@pytest.mark.parametrize("address", ["", "clamav:3310", "127.0.0.1:3310", "[::1]:3310", "/run/clamav/clamd.ctl"])
def test_an_address_is_a_host_and_a_port_or_a_path(address: str) -> None:
    assert ScannerSettings(address=address).address == address


@pytest.mark.parametrize(
    "address", ["clamav", "http://clamav:3310", "clamav:", ":3310", "::1:3310", "clamav:3310/x", "clam av:3310", "run/clamd"]
)
def test_what_is_no_address_is_said_so_before_the_first_file(address: str) -> None:
    with pytest.raises(ValidationError, match="address"):
        ScannerSettings(address=address)
