"""The rules, read again when the settings file changes; what is wrong in it changes nothing."""

import asyncio
import os
import signal
from collections.abc import AsyncIterator, Callable, Mapping
from pathlib import Path

import pytest

from converters.routing.route import App
from streams.convert.reload import RulesReloader
from streams.observe.metric_types import REGISTRY
from streams.settings.root import load, resolve

APPS = """
[marks]
secret = "of-the-marks-of-the-tests"
[apps.old]
platform = "yunxin"
target = "new"
account = {app_key = "k", app_secret = "ssssssssssssssss"}
[apps.new]
platform = "own"
target = "old"
account = {secret = "a-secret-of-more-than-thirty-two-characters", base_url = "http://127.0.0.1:9"}
"""
DROP = '[[apps.old.rules]]\nname = "{}"\ndo = "drop"\n'
DEADLINE = 20.0


class Followed:
    """A file that is followed, and what came of it."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self.taken: list[list[str]] = []
        self.changed = asyncio.Event()
        settings = load(path)
        self.rereading = RulesReloader(path, settings, resolve(settings), self._take, every=0.01)

    def _take(self, apps: Mapping[str, App]) -> None:
        self.taken.append([rule.name for rule in apps["old"].rules])
        self.changed.set()

    async def until(self, done: Callable[[], object]) -> None:
        async with asyncio.timeout(DEADLINE):
            while not done():
                await asyncio.sleep(0.005)


@pytest.fixture
async def followed(tmp_path: Path) -> AsyncIterator[Followed]:
    path = tmp_path / "relay.toml"
    path.write_text(APPS)
    one = Followed(path)
    async with one.rereading:
        yield one


def readings(outcome: str) -> float:
    return REGISTRY.get_sample_value("im_relay_rules_read_total", {"outcome": outcome}) or 0.0


def in_force() -> list[str]:
    return [sample.labels["digest"] for metric in REGISTRY.collect() if metric.name == "im_relay_rules" for sample in metric.samples]


async def test_a_change_is_taken_and_its_digest_shown(followed: Followed) -> None:
    before = followed.rereading.digest
    followed.path.write_text(APPS + DROP.format("nothing"))
    await followed.until(lambda: followed.taken)
    assert followed.taken == [["nothing"]]
    assert followed.rereading.digest != before
    assert followed.rereading.digest in in_force()
    assert before not in in_force()
    followed.path.write_text(APPS)
    await followed.until(lambda: len(followed.taken) == 2)
    assert followed.taken[1] == []
    assert followed.rereading.digest == before


async def test_another_file_in_its_place_is_a_change(followed: Followed) -> None:
    times = followed.path.stat()
    other = followed.path.with_name("other.toml")
    other.write_text(APPS + DROP.format("a"))
    os.utime(other, ns=(times.st_atime_ns, times.st_mtime_ns))  # as a mounted file may have
    other.replace(followed.path)
    await followed.until(lambda: followed.taken)


@pytest.mark.parametrize(
    ("text", "why"),
    [
        ("[apps.old", "is not TOML"),
        (APPS + DROP.format("Not Good"), "apps.old.rules.0.name"),
        (APPS + '[[apps.new.rules]]\nname = "a"\ndo = "fly"\n', "apps.new.rules.0.do"),
        (APPS + DROP.format("a") + DROP.format("a"), "two of the name a"),
        (APPS + "[kafka]\npartitions = 0\n", "kafka.partitions"),
    ],
)
async def test_a_bad_file_is_logged_and_the_old_rules_stay(
    followed: Followed, text: str, why: str, capfd: pytest.CaptureFixture[str], caplog: pytest.LogCaptureFixture
) -> None:
    before, refused = followed.rereading.digest, readings("refused")
    followed.path.write_text(text)
    await followed.until(lambda: readings("refused") > refused)
    assert (followed.taken, followed.rereading.digest) == ([], before)
    logged = "".join(capfd.readouterr()) + caplog.text
    assert why in logged
    assert before in logged
    assert "more-than-thirty-two" not in logged
    followed.path.write_text(APPS + DROP.format("well-again"))
    await followed.until(lambda: followed.taken)
    assert followed.taken == [["well-again"]]


async def test_a_file_that_is_away_for_a_moment_changes_nothing(followed: Followed) -> None:
    refused = readings("refused")
    text = followed.path.read_text()
    followed.path.unlink()
    followed.rereading.ask()
    await followed.until(lambda: not followed.rereading._asked.is_set())
    followed.path.write_text(text + DROP.format("back"))
    await followed.until(lambda: followed.taken)
    assert readings("refused") == refused


async def test_a_hangup_is_an_order_to_look(followed: Followed) -> None:
    same = readings("same")
    os.kill(os.getpid(), signal.SIGHUP)
    await followed.until(lambda: readings("same") > same)
    assert followed.taken == []


async def test_what_else_changes_waits_for_a_restart(
    followed: Followed, capfd: pytest.CaptureFixture[str], caplog: pytest.LogCaptureFixture
) -> None:
    third = '[apps.third]\nplatform = "own"\ntarget = "old"\naccount = {secret = "a-secret-of-more-than-thirty-two-characters", base_url = "http://x"}\n'
    followed.path.write_text(APPS + DROP.format("a") + third)
    await followed.until(lambda: followed.taken)
    assert followed.rereading._apps.keys() == {"old", "new"}
    assert "wait for a restart" in "".join(capfd.readouterr()) + caplog.text
