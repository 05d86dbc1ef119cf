"""Whatever a file makes of the process that reads it, it gets nothing, reaches nobody and harms no one else.

Each deed is also done with `media.sandbox = "off"`, where it works: so that the test does not hold by being done wrongly.
"""

import asyncio
import json
import os
import socket
import subprocess
import sys
import threading
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import asynccontextmanager, suppress
from pathlib import Path
from typing import Any

import pytest
from msgspec import Struct, msgpack

from converters.files.media import Shape
from streams.media.sandbox.threads import MOST
from streams.media.transcode.pool import TranscodePool
from streams.media.transcode.request import Transcoded, TranscodeFailed, TranscodeLimits, TranscodeRequest, WorkerResult
from streams.media.transcode.results import FalseResultError, RequestFiles
from streams.media.transcode.wire import LONGEST_ANSWER, framed
from streams.media.transcode.worker import Sandbox
from tests.attacks.hostile_worker import DEEDS

pytestmark = pytest.mark.skipif(sys.platform != "linux", reason="other kernels have other means, which the role does not use")

SECRET = "s3cret-of-the-relay"
HEIC = b"\0\0\0\x18ftypheic" + bytes(4) + b"mif1heic"
WON = "won-" + SECRET
PATIENCE = 120.0
LIMITS = TranscodeLimits(cpu_seconds=5, seconds=60.0, memory_bytes=256 << 20, output_bytes=1 << 16)
LIES = ("say_what_it_is_told", "change_the_file_after_the_answer")
THREADS = "begin_threads_one_after_another"
"""No harm to anybody: a file whose reader needs threads may do it."""
PROVED_OTHERWISE = {
    "look_for_descriptors_that_are_not_its_own",
    "write_over_its_source",  # there is nothing to find or to write to
    "become_another_program",
    "run_what_it_wrote_itself",
    "send_its_descriptors_on",  # no answer comes back; see below
    "connect_in_another_form_of_calls",
    "speak_through_a_ring",  # many kernels are built without
}
LIMITED = {"run_a_shell", "live_on_as_a_child", "bomb_with_forks", "bomb_with_threads", "leave_for_another_namespace"}
"""The limit of processes, which does not hold for root, keeps a worker from these even without the filter."""
X86 = {"read_a_file_by_openat2", "connect_in_another_form_of_calls"}
MACHINE = os.uname().machine

VICTIM = """
import ctypes, os, sys
secret = ctypes.create_string_buffer(os.environ["IM_RELAY_SECRET"].encode(), 32)
print(ctypes.addressof(secret), flush=True)
sys.stdin.read()
"""


class Victim(Struct):
    """A process of the same user, with a secret in its environment and memory, and what else lies around."""

    process: "subprocess.Popen[str]"
    address: int
    port: int
    directory: Path

    def told(self) -> dict[str, Any]:
        there = {name: str(self.directory / name) for name in ("outside", "socket", "moved")}
        return {
            **there,
            "path": str(self.directory / "secret"),
            "victim": self.process.pid,
            "address": self.address,
            "port": self.port,
            "won": WON,
        }

    def unharmed(self) -> bool:
        here = {path.name for path in self.directory.iterdir()}
        return self.process.poll() is None and here == {"secret", "moved", "socket"} and (self.directory / "secret").read_text() == SECRET


def _greeting(listener: socket.socket) -> None:
    with suppress(OSError):
        while True:
            there, _ = listener.accept()
            with there, suppress(OSError):
                there.sendall(SECRET.encode())


@pytest.fixture
def victim(tmp_path: Path) -> Iterator[Victim]:
    directory = tmp_path / "role"
    directory.mkdir()
    (directory / "secret").write_text(SECRET)
    (directory / "moved").write_text("")
    with (
        socket.create_server(("127.0.0.1", 0)) as tcp,
        socket.socket(socket.AF_UNIX) as unix,
        subprocess.Popen(
            [sys.executable, "-c", VICTIM], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True, env={"IM_RELAY_SECRET": SECRET}
        ) as process,
    ):
        unix.bind(str(directory / "socket"))
        unix.listen()
        for listener in (tcp, unix):
            threading.Thread(target=_greeting, args=(listener,), daemon=True).start()
        assert process.stdout is not None
        yield Victim(process, int(process.stdout.readline()), tcp.getsockname()[1], directory)
        process.kill()


@asynccontextmanager
async def pool(sandbox: Sandbox = "require", program: str = "hostile_worker") -> AsyncIterator[TranscodePool]:
    one = TranscodePool(1, LIMITS, sandbox, f"tests.attacks.{program}")
    await one.start()
    try:
        yield one
    finally:
        await one.close()


Attack = Callable[..., TranscodeRequest]


@pytest.fixture
def attack(tmp_path: Path) -> Attack:
    count = iter(range(1000))

    def made(deed: str, head: bytes = b"", **told: Any) -> TranscodeRequest:
        directory = tmp_path / f"order-{next(count)}"
        directory.mkdir()
        (directory / "source").write_bytes(head + json.dumps({"deed": deed, **told}).encode())
        return TranscodeRequest(directory / "source", directory, "voice", Shape())

    return made


async def outcome(one: TranscodePool, order: TranscodeRequest) -> Transcoded | TranscodeFailed:
    async with asyncio.timeout(PATIENCE):
        return await one.press(order)


def loot(found: Transcoded | TranscodeFailed) -> str:
    return found.path.read_text(errors="replace") if isinstance(found, Transcoded) else ""


@pytest.mark.parametrize("head", [b"", HEIC], ids=["", "as a file whose reader needs threads"])
@pytest.mark.parametrize("program", ["hostile_worker", "hostile_worker_bare"])
async def test_no_deed_gets_anything_or_reaches_anybody(program: str, head: bytes, victim: Victim, attack: Attack) -> None:
    async with pool(program=program) as one:
        zygote = one.pid
        assert one.ready.seccomp
        for deed in DEEDS.keys() - {*LIES, THREADS, *(X86 if MACHINE != "x86_64" else ())}:
            order = attack(deed, head, zygote=zygote, **victim.told())
            source = order.source.read_bytes()
            found = await outcome(one, order)
            assert SECRET not in loot(found), deed
            assert found == TranscodeFailed("forbidden-call", crashed=True) or loot(found).startswith("refused: "), (
                deed,
                found,
                loot(found),
            )
            assert victim.unharmed(), deed
            assert order.source.read_bytes() == source, deed
            assert {path.name for path in order.directory.iterdir()} <= {"source", "made"}, deed
        assert one.pid == zygote, "nor is the process that forks them harmed"


@pytest.mark.parametrize("deed", sorted(DEEDS.keys() - {*LIES} - PROVED_OTHERWISE - (X86 if MACHINE != "x86_64" else set())))
async def test_without_the_filter_the_same_deed_works(deed: str, victim: Victim, attack: Attack) -> None:
    if deed in LIMITED and os.geteuid() != 0:
        pytest.skip("kept by the limit of processes")
    if "memory" in deed or deed in ("attach_to_the_role", "take_a_descriptor_of_the_role"):
        yama = Path("/proc/sys/kernel/yama/ptrace_scope")
        if os.geteuid() != 0 and yama.exists() and yama.read_text().strip() != "0":
            pytest.skip("this machine keeps users from their own processes' memory")
    async with pool("off") as one:
        assert not one.ready.seccomp
        found = await outcome(one, attack(deed, zygote=one.pid, **victim.told()))
    assert SECRET in loot(found) or not victim.unharmed(), (found, loot(found))


async def test_without_the_filter_a_program_is_run(victim: Victim, attack: Attack) -> None:
    if os.geteuid() != 0:
        pytest.skip("kept by the limit of processes")
    async with pool("off") as one:
        await outcome(one, attack("become_another_program", zygote=one.pid, **victim.told()))
    assert (victim.directory / "outside").exists()


@pytest.mark.parametrize(("head", "most"), [(b"", 0), (HEIC, MOST - 1)], ids=["any file", "one whose reader needs threads"])
async def test_threads_are_counted_by_another_process(head: bytes, most: int, attack: Attack) -> None:
    async with pool() as one:
        for _ in range(2):
            found = await outcome(one, attack("bomb_with_threads", head, won=WON))
            assert loot(found) == f"refused: [Errno 1] after {most}"
        found = await outcome(one, attack("begin_threads_one_after_another", head, won=WON))
        assert loot(found) == (WON if most else "refused: [Errno 1] after 0"), "and those that have ended do not count"


def said(**more: Any) -> str:
    """An answer as an honest worker would write it, but for *more*."""
    return msgpack.encode({"made": {"new": True, "format": "bin", "source_format": "bin", **more}}).hex()


def framed_of(body: bytes) -> str:
    return framed(body).hex()


LIE = {
    "nothing": "",
    "half a length": "0000",
    "a length and nothing": "00000010",
    "endless": (0xFFFF_FFFF).to_bytes(4, "big").hex(),
    "longer than an answer may be": framed_of(bytes(LONGEST_ANSWER + 1)),
    "no msgpack": framed_of(b"\xc1" * 40),
    "deeply nested": framed_of(b"\x91" * 4_000 + b"\xc0"),
    "an array where a map should be": framed_of(msgpack.encode([1, 2, 3])),
    "neither made nor failed": framed_of(msgpack.encode({})),
    "a reason of its own": framed_of(msgpack.encode({"failed": SECRET})),
    "a format of its own": framed_of(bytes.fromhex(said(format="html"))),
    "a picture that is a text": framed_of(bytes.fromhex(said(format="jpeg", width=1, height=1))),
    "another source": framed_of(bytes.fromhex(said(source_format="jpeg"))),
    "less than no width": framed_of(bytes.fromhex(said(width=-1))),
    "no number can be so large": framed_of(bytes.fromhex(said(duration=1 << 63))),
    "more pixels than there may be": framed_of(bytes.fromhex(said(width=1 << 20, height=1 << 20))),
    "a thumbnail that nobody wanted": framed_of(bytes.fromhex(said(thumbnail={"width": 1, "height": 1}))),
    "two answers": framed_of(bytes.fromhex(said())) * 2,
    "an answer and more": framed_of(bytes.fromhex(said())) + "00",
}


@pytest.mark.parametrize("sandbox", ["require", "off"])
async def test_an_answer_that_is_none_costs_the_order_and_nothing_else(sandbox: Sandbox, attack: Attack) -> None:
    async with pool(sandbox) as one:
        for lie, raw in LIE.items():
            order = attack("say_what_it_is_told", raw=raw, made=b"text".hex())
            assert await outcome(one, order) == TranscodeFailed("crashed", crashed=True), lie
            assert [path.name for path in order.directory.iterdir()] == ["source"], lie
        order = attack("say_what_it_is_told", raw=framed_of(bytes.fromhex(said())), made=b"text".hex())
        assert loot(await outcome(one, order)) == "text", "and the truth is believed"


async def test_a_new_file_that_is_empty_is_not_taken(attack: Attack) -> None:
    async with pool("off") as one:
        order = attack("say_what_it_is_told", raw=framed_of(bytes.fromhex(said())), made="")
        assert await outcome(one, order) == TranscodeFailed("crashed", crashed=True)


async def test_no_file_grows_beyond_what_it_may_have(attack: Attack) -> None:
    async with pool() as one:
        order = attack("say_what_it_is_told", raw=framed_of(bytes.fromhex(said())), made=bytes(LIMITS.output_bytes + 1000).hex())
        found = await outcome(one, order)
    assert not isinstance(found, Transcoded) or found.path.stat().st_size <= LIMITS.output_bytes


def test_a_file_that_has_grown_all_the_same_is_not_taken(attack: Attack) -> None:
    with RequestFiles(attack("none"), LIMITS) as files:
        os.write(files.descriptors[1], bytes(LIMITS.output_bytes + 1))
        with pytest.raises(FalseResultError):
            files.taken(WorkerResult(new=True, format="bin", source_format="bin"))


async def test_a_file_larger_than_its_target_takes_is_not_taken_from_a_worker_that_says_nothing_of_it(attack: Attack) -> None:
    async with pool() as one:
        order = attack("say_what_it_is_told", raw=framed_of(bytes.fromhex(said())), made=bytes(1000).hex())
        order = TranscodeRequest(order.source, order.directory, "voice", Shape(largest=999))
        assert await outcome(one, order) == TranscodeFailed("crashed", crashed=True)


@pytest.mark.parametrize("sandbox", ["require", "off"])
async def test_a_name_in_an_answer_names_nothing(sandbox: Sandbox, victim: Victim, attack: Attack) -> None:
    secret = str(victim.directory / "secret")
    named = said(path=secret, file=secret, made=secret, thumbnail=None)
    async with pool(sandbox) as one:
        order = attack("say_what_it_is_told", raw=framed_of(bytes.fromhex(named)), made=b"text".hex())
        found = await outcome(one, order)
    assert isinstance(found, Transcoded)
    assert found.path.parent == order.directory
    assert loot(found) == "text"


async def test_a_file_is_not_changed_after_it_was_looked_at(attack: Attack) -> None:
    """Its worker has ended by then, or costs the order."""
    async with pool() as one:
        found = await outcome(one, attack("change_the_file_after_the_answer", raw=said(), won=WON))
    assert found == TranscodeFailed("crashed", crashed=True)


async def test_an_end_that_does_not_fit_the_answer_is_none(attack: Attack) -> None:
    async with pool() as one:
        order = attack("say_what_it_is_told", raw=framed_of(bytes.fromhex(said())), made=b"text".hex(), code=3)
        assert await outcome(one, order) == TranscodeFailed("crashed", crashed=True)


async def test_the_next_file_is_read_by_another_process_that_knows_nothing_of_the_first(victim: Victim, attack: Attack) -> None:
    async with pool() as one:
        first = attack("read_a_file", path=str(victim.directory / "secret"), note=SECRET)
        await outcome(one, first)
        second = attack("read_a_file", path=str(first.source))
        assert SECRET not in loot(await outcome(one, second))
