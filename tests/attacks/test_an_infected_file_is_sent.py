"""Against the real roles on a real Kafka: a file that the virus scanner knows gets to nobody, and nor does its address; the talk goes on."""

import asyncio
import subprocess
import sys
import threading
from collections.abc import Iterator
from pathlib import Path
from uuid import uuid4

import httpx
import pytest

from tests import attachments
from tests.media.clamd import EICAR, Clamd
from tests.stack import Stack
from tests.whole.crossing import IMPATIENT, Exchange, accepted

ROOT = Path(__file__).parents[2]


@pytest.fixture(scope="module")
def clamd() -> Iterator[Clamd]:
    """In a loop of its own: the test waits without one."""
    one, began, over = Clamd(largest=8 << 20), threading.Event(), asyncio.Event()
    loops: list[asyncio.AbstractEventLoop] = []

    async def serve() -> None:
        async with one:
            loops.append(asyncio.get_running_loop())
            began.set()
            await over.wait()

    thread = threading.Thread(target=lambda: asyncio.run(serve()))
    thread.start()
    assert began.wait(30)
    yield one
    loops[0].call_soon_threadsafe(over.set)
    thread.join()


@pytest.fixture(scope="module")
def stack(kafka: str, clamd: Clamd, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Stack]:
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("IM_RELAY_MEDIA__SCANNER__ADDRESS", clamd.address)
        one = Stack(
            tmp_path_factory.mktemp("stack"),
            bootstrap=kafka,
            prefix=f"v{uuid4().hex[:8]}.",
            partitions=2,
            settings=f"{IMPATIENT}\norder_hold = 60",
            media="patience = 12.0",
            anew=True,  # what a neighbour might read is what a role is started with
        )
        with one:
            yield one


def test_its_place_is_taken_by_a_text_and_the_talk_goes_on(stack: Stack, clamd: Clamd) -> None:
    exchange, name = Exchange(stack), stack.platforms[0]
    fine, ill = attachments.document(1), attachments.document(2)
    ill = ill._replace(content=ill.content + EICAR)
    exchange.say(name, "alice", "bob", "before")
    exchange.send(name, "alice", "bob", fine)
    sent = exchange.send(name, "alice", "bob", ill)
    exchange.say(name, "alice", "bob", "behind")
    exchange.read()
    exchange.has_arrived(4)
    (shown,) = [one for one in accepted(stack.easemob, "send") if sent in str(one["ext"])]
    assert shown["name"] == "txt"
    assert ill.name in shown["text"]
    assert "未通过安全检查" in shown["text"]
    address = next(one["media"]["url"] for one in stack.source.journal("said") if str(one["id"]) == sent)
    assert address not in str(shown)
    found = exchange.all_arrived(name)
    assert (found.lost, found.doubled, found.out_of_order) == ([], [], [])
    assert any(EICAR in each for each in clamd.scanned)
    assert not any(EICAR in str(one).encode() for one in stack.easemob.journal("accepted"))
    for words in ('outcome="infected"', 'im_relay_media_scans_total{kind="file",verdict="infected"}'):
        stack.roles["media"].counts(words)


@pytest.mark.skipif(sys.platform != "linux", reason="the sandbox is Linux's")
def test_the_role_says_what_keeps_its_workers_in_and_is_closed_to_its_neighbours(stack: Stack) -> None:
    role = stack.roles["media"]
    ready = httpx.get(f"http://127.0.0.1:{role.observe}/readyz", timeout=5, trust_env=False).json()
    assert "seccomp" in ready["sandbox"]
    role.counts('im_relay_media_sandbox{layer="seccomp"} 1.0')
    for each in stack.roles.values():
        assert each.child is not None
        neighbour = subprocess.run(
            [sys.executable, "-m", "tests.attacks.unprivileged", "-c", f"print(open('/proc/{each.child.pid}/environ').read())"],
            cwd=ROOT,
            capture_output=True,
            text=True,
            check=False,
        )
        assert (neighbour.stdout, "PermissionError" in neighbour.stderr) == ("", True)
