"""What the role does with what the kernel offers: as who it runs, in what, and where there is nothing."""

import asyncio
import json
import pickle
import subprocess
import sys
import textwrap
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

import pytest

from converters.files.media import Shape
from streams.media.transcode.pool import NotSandboxedError, NoWorkerError, TranscodePool, WorkerReady
from streams.media.transcode.request import Transcoded, TranscodeFailed, TranscodeLimits, TranscodeRequest
from streams.media.transcode.worker import Sandbox
from streams.observe.metric_types import REGISTRY
from streams.roles.media import _started, _told
from streams.settings.root import SettingsError
from tests.media.bad import SHAPES, Maker, corpus
from tests.media.transcode.samples import still

ROOT = Path(__file__).parents[3]
LINUX = pytest.mark.skipif(sys.platform != "linux", reason="the sandbox is Linux's")


@asynccontextmanager
async def pool(sandbox: Sandbox, program: str = "streams.media.transcode.zygote") -> AsyncIterator[TranscodePool]:
    one = TranscodePool(2, TranscodeLimits(), sandbox, program)
    await one.start()
    try:
        yield one
    finally:
        await one.close()


def order(directory: Path) -> TranscodeRequest:
    (directory / "source").write_bytes(still("PNG", (160, 120)))
    return TranscodeRequest(directory / "source", directory, "image", Shape(formats=("jpeg",)))


@LINUX
async def test_here_the_kernel_keeps_workers_in(tmp_path: Path) -> None:
    async with pool("require") as one:
        assert one.ready.seccomp
        assert isinstance(await one.press(order(tmp_path)), Transcoded)


async def test_what_was_asked_to_be_off_is_not_said_to_hold(tmp_path: Path) -> None:
    async with pool("off") as one:
        assert one.ready == WorkerReady()
        assert isinstance(await one.press(order(tmp_path)), Transcoded)


async def test_where_the_kernel_offers_nothing_the_setting_decides(tmp_path: Path) -> None:
    one = TranscodePool(1, TranscodeLimits(), "require", "tests.media.transcode.unsealed")
    with pytest.raises(NotSandboxedError):
        await one.start()
    assert one.pid is None
    with pytest.raises(SettingsError, match=r'media\.sandbox = "prefer"'):
        await _started(TranscodePool(1, TranscodeLimits(), "require", "tests.media.transcode.unsealed"))
    async with pool("prefer", "tests.media.transcode.unsealed") as other:
        assert other.ready == WorkerReady()
        assert isinstance(await other.press(order(tmp_path)), Transcoded)


async def test_a_role_without_workers_says_so() -> None:
    with pytest.raises(SettingsError, match="media"):
        await _started(TranscodePool(1, TranscodeLimits(), "require", "tests.media.transcode.unable"))


@LINUX
async def test_a_worker_that_is_not_kept_in_after_all_reads_nothing(tmp_path: Path) -> None:
    async with pool("require", "tests.media.transcode.unsealed_later") as one:
        with pytest.raises(NoWorkerError):
            await one.press(order(tmp_path))
        assert [path.name for path in tmp_path.iterdir()] == ["source"]
    async with pool("prefer", "tests.media.transcode.unsealed_later") as one:
        assert isinstance(await one.press(order(tmp_path)), Transcoded)


def test_what_holds_is_told_and_counted() -> None:
    def counted(layer: str) -> float | None:
        return REGISTRY.get_sample_value("im_relay_media_sandbox", {"layer": layer})

    assert _told(WorkerReady(seccomp=True, landlock=True)) == "files are read in a sandbox: seccomp, landlock"
    assert [counted(layer) for layer in ("seccomp", "landlock", "network")] == [1, 1, 0]
    assert _told(WorkerReady()) == "files are read without a sandbox"
    assert [counted(layer) for layer in ("seccomp", "landlock", "network")] == [0, 0, 0]


PRESSING = """
import asyncio, sys, tempfile
from pathlib import Path
from tests.media.transcode.test_sandbox import order, pool

async def main():
    async with pool("require") as one:
        with tempfile.TemporaryDirectory() as directory:
            made = await one.press(order(Path(directory)))
            print(type(made).__name__, one.ready.seccomp, one.ready.landlock, one.ready.network)

def confined():
    # What the default profiles of container runtimes refuse to who has no privileges.
    import os, platform, struct, ctypes
    from streams.media.sandbox.kernel import PR_SET_NO_NEW_PRIVS, PR_SET_SECCOMP, prctl
    from streams.media.sandbox import seccomp
    from streams.media.sandbox.calls import MACHINES
    numbers = MACHINES[platform.machine()].numbers
    code = [(0x20, 0, 0, 0)]
    for name in ("unshare", "setns", "mount", "umount2", "pivot_root", "bpf", "perf_event_open", "userfaultfd", "keyctl", "add_key",
                 "request_key", "kexec_load", "open_by_handle_at", "init_module", "io_uring_setup", "ptrace", "process_vm_readv"):
        code += seccomp._simply(numbers[name], seccomp.ERRNO | 1)
    code.append((0x06, 0, 0, seccomp.ALLOW))
    written = b"".join(struct.pack("<HBBI", *each) for each in code)
    buffer = ctypes.create_string_buffer(written, len(written))
    prctl(PR_SET_NO_NEW_PRIVS, 1)
    prctl(PR_SET_SECCOMP, 2, seccomp.Program(len(code), ctypes.addressof(buffer)))
"""


def run(program: str, *before: str) -> str:
    done = subprocess.run(
        [sys.executable, *before, "-c", PRESSING + textwrap.dedent(program)],
        cwd="/",
        env={"PYTHONPATH": str(ROOT), "PYTHONDONTWRITEBYTECODE": "1"},
        capture_output=True,
        text=True,
        timeout=300,
        check=False,
    )
    assert done.returncode == 0, done.stderr[-2000:]
    return done.stdout.strip()


@LINUX
def test_it_holds_in_a_container_whose_profile_refuses_namespaces() -> None:
    assert run("confined(); asyncio.run(main())").split()[:2] == ["Transcoded", "True"]


@LINUX
@pytest.mark.parametrize("first", ["", "confined(); "])
def test_it_needs_no_privileges(first: str) -> None:
    assert run(f"{first}asyncio.run(main())", "-m", "tests.attacks.unprivileged").split()[:2] == ["Transcoded", "True"]


@LINUX
def test_the_loop_that_roles_run_in_starts_it_as_well() -> None:
    program = """
    import uvloop
    with asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner:
        runner.run(main())
    """
    assert run(program).split()[:2] == ["Transcoded", "True"]


def test_no_file_makes_a_library_read_or_start_anything_late() -> None:
    """What a worker could not have, once it is kept in."""
    maker = Maker(11)
    files = [(role, SHAPES[role][0], content) for _, role, content in corpus()]
    files += [(bad.role, bad.shape, bad.content) for bad in (maker.next() for _ in range(300))]
    files += [(other, SHAPES[other][0], content) for _, role, content in corpus() for other in ("image", "voice", "video") if other != role]
    done = subprocess.run(
        [sys.executable, "-m", "tests.media.transcode.reading"],
        input=pickle.dumps(files),
        cwd=ROOT,
        capture_output=True,
        timeout=300,
        check=True,
    )
    found = json.loads(done.stdout)
    assert found["made"] >= len(corpus())
    assert (found["modules"], found["opened"], found["threads"]) == ([], [], 1)


async def test_every_good_file_comes_out_of_the_sandbox_as_it_does_without(tmp_path: Path) -> None:
    async def through(sandbox: Sandbox) -> list[object]:
        found: list[object] = []
        async with pool(sandbox) as one:
            for number, (_, role, content) in enumerate(corpus()):
                for at, shape in enumerate(SHAPES[role]):
                    directory = tmp_path / f"{sandbox}-{number}-{at}"
                    directory.mkdir()
                    (directory / "source").write_bytes(content)
                    async with asyncio.timeout(120):
                        made = await one.press(TranscodeRequest(directory / "source", directory, role, shape, alone=True))
                    found.append(
                        made
                        if isinstance(made, TranscodeFailed)
                        else (made.format, made.width, made.height, made.duration, made.path.read_bytes())
                    )
        return found

    kept, open_ = await through("require" if sys.platform == "linux" else "off"), await through("off")
    assert kept == open_
    assert sum(isinstance(one, tuple) for one in kept) >= len(corpus())
