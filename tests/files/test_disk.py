"""Whole or not at all, and deleted when its time is over."""

import asyncio
import os
from collections.abc import AsyncIterator
from hashlib import sha256
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from streams.files import disk as disks
from streams.files.disk import BLOCK, DirectoryError, FileDirectory
from tests.files.conftest import Clock

KEYS = [f"new/{number:040x}" for number in range(5)]


async def pieces(*chunks: bytes) -> AsyncIterator[bytes]:
    for chunk in chunks:
        yield chunk


@pytest.fixture
def disk(tmp_path: Path) -> FileDirectory:
    one = FileDirectory(tmp_path, kept=100, clock=Clock())
    one.open()
    return one


async def kept(disk: FileDirectory, key: str, content: bytes = b"x") -> None:
    assert await disk.receive(key, sha256(content).hexdigest(), len(content), pieces(content)) == "stored"


async def test_it_is_not_there_before_its_last_byte_is(disk: FileDirectory, tmp_path: Path) -> None:
    content, half, on = os.urandom(2 * BLOCK), asyncio.Event(), asyncio.Event()

    async def slowly() -> AsyncIterator[bytes]:
        yield content[:BLOCK]
        yield content[BLOCK:-1]
        half.set()
        await on.wait()
        yield content[-1:]

    task = asyncio.create_task(disk.receive(KEYS[0], sha256(content).hexdigest(), len(content), slowly()))
    async with asyncio.timeout(20):
        await half.wait()
        assert disk.find(KEYS[0]) is None
        on.set()
        assert await task == "stored"
    assert disk.where(KEYS[0]).read_bytes() == content
    assert list((tmp_path / "coming").iterdir()) == []


@pytest.mark.parametrize("chunks", [(b"abc",), (b"abcd", b"e"), (b"abcx",), ()])
async def test_too_little_too_much_or_something_else_is_not_kept(disk: FileDirectory, tmp_path: Path, chunks: tuple[bytes, ...]) -> None:
    assert await disk.receive(KEYS[0], sha256(b"abcd").hexdigest(), 4, pieces(*chunks)) == "differs"
    assert disk.find(KEYS[0]) is None
    assert list((tmp_path / "coming").iterdir()) == []


async def test_too_much_is_noticed_before_all_of_it_came(disk: FileDirectory) -> None:
    came = 0

    async def endless() -> AsyncIterator[bytes]:
        nonlocal came
        while True:
            came += 1
            yield bytes(BLOCK)

    assert await disk.receive(KEYS[0], "ab" * 32, BLOCK, endless()) == "differs"
    assert came == 2


async def test_a_cancelled_upload_leaves_nothing(disk: FileDirectory, tmp_path: Path) -> None:
    begun = asyncio.Event()

    async def stalled() -> AsyncIterator[bytes]:
        yield bytes(BLOCK)
        begun.set()
        await asyncio.Event().wait()

    task = asyncio.create_task(disk.receive(KEYS[0], "ab" * 32, 2 * BLOCK, stalled()))
    async with asyncio.timeout(20):
        await begun.wait()
        task.cancel()
        with pytest.raises(asyncio.CancelledError):
            await task
    assert list((tmp_path / "coming").iterdir()) == []


@given(st.text(max_size=80))
def test_only_keys_have_a_place(text: str) -> None:
    with pytest.raises(ValueError, match="not a key"):
        FileDirectory(Path("/nowhere"), kept=1).where(text)


@pytest.mark.parametrize(
    "key",
    [
        f"new/{'0' * 40}\n",
        f"../{'0' * 40}",
        f"new/../{'0' * 40}",
        f"/{'0' * 40}",
        f"new/{'0' * 40}.a/b",
        f"new/{'0' * 40}..",
        f"NEW/{'0' * 40}",
    ],
)
def test_what_looks_like_a_key_has_no_place(key: str) -> None:
    with pytest.raises(ValueError, match="not a key"):
        FileDirectory(Path("/nowhere"), kept=1).where(key)


async def test_the_sweep_deletes_what_is_over_and_counts_the_rest(disk: FileDirectory, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(disks, "AT_ONCE", 2)
    clock: Clock = disk._clock  # type: ignore[assignment]
    for number, key in enumerate(KEYS):
        await kept(disk, key, b"x" * (number + 1))
        clock.now += 30
    moved: list[int] = []
    seen = await disk.sweep(lambda: moved.append(1))
    assert (seen.deleted, seen.files, seen.bytes) == (2, 3, 3 + 4 + 5)
    assert moved
    assert [disk.where(key).exists() for key in KEYS] == [False, False, True, True, True]


async def test_what_was_put_again_meanwhile_stays(disk: FileDirectory, monkeypatch: pytest.MonkeyPatch) -> None:
    clock: Clock = disk._clock  # type: ignore[assignment]
    await kept(disk, KEYS[0])
    clock.now += 99
    listed = disks._listed

    def and_meanwhile(folder: Path) -> list[tuple[Path, int]]:
        found = listed(folder)
        assert disk.renew(KEYS[0], 1)
        clock.now += 50
        return found

    monkeypatch.setattr(disks, "_listed", and_meanwhile)
    assert (await disk.sweep()).deleted == 0
    assert disk.find(KEYS[0]) is not None


async def test_what_is_over_is_not_there_even_before_it_is_deleted(disk: FileDirectory) -> None:
    clock: Clock = disk._clock  # type: ignore[assignment]
    await kept(disk, KEYS[0])
    assert not disk.renew(KEYS[0], 2)
    clock.now += 100
    assert disk.find(KEYS[0]) is None
    assert not disk.renew(KEYS[0], 1)
    await kept(disk, KEYS[0])
    assert disk.find(KEYS[0]) is not None


def test_a_directory_is_of_one_process_and_has_to_be_one(disk: FileDirectory, tmp_path: Path) -> None:
    with pytest.raises(DirectoryError, match="another process uses it"):
        FileDirectory(tmp_path, kept=1).open()
    disk.close()
    FileDirectory(tmp_path, kept=1).open()
    (tmp_path / "file").write_text("")
    with pytest.raises(DirectoryError, match=r"files\.directory"):
        FileDirectory(tmp_path / "file", kept=1).open()


def test_what_an_earlier_process_left_half_done_is_removed(disk: FileDirectory, tmp_path: Path) -> None:
    (tmp_path / "coming" / "left").write_bytes(b"half")
    disk.close()
    again = FileDirectory(tmp_path, kept=1)
    again.open()
    assert list((tmp_path / "coming").iterdir()) == []
