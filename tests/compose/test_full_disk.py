"""The disk of Kafka is full: what is said then is taken once there is room, and nothing was taken for stored that was not."""

import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import httpx
import pytest

from tests.compose.page import Page
from tests.compose.project import Project
from tests.waiting import until

pytestmark = pytest.mark.compose
LABELS = {"com.docker.compose.project": "im-relay", "com.docker.compose.volume": "kafka"}


@contextmanager
def small_disk(project: Project, place: Path, megabytes: int) -> Iterator[Path]:
    """The volume of Kafka lies there; it outlives containers, as a disk does."""
    place.mkdir()
    subprocess.run(["mount", "-t", "tmpfs", "-o", f"size={megabytes}m,uid=1000", "tmpfs", str(place)], check=True)
    labels = [part for name, value in LABELS.items() for part in ("--label", f"{name}={value}")]
    options = [part for one in ("type=none", "o=bind", f"device={place}") for part in ("--opt", one)]
    project.engine.docker("volume", "create", *labels, *options, "im-relay_kafka")
    try:
        yield place
    finally:
        project.typed(Page().block("away"))
        subprocess.run(["umount", "--lazy", str(place)], check=True)


def test_a_full_disk_stops_kafka_and_room_is_all_that_it_needs(project: Project, tmp_path: Path) -> None:
    with small_disk(project, tmp_path / "disk", 192) as place:
        project.typed(Page().block("start"))
        project.wait_well()
        exchange = project.exchange()
        exchange.chat(2, "while there is room")
        exchange.came_once(exchange.all_arrived())
        before = project.services()["kafka"]
        filler = place / "filler"
        subprocess.run(["dd", "if=/dev/zero", f"of={filler}", "bs=64k"], capture_output=True, check=False)  # ends where the disk does
        assert filler.stat().st_size > 32 << 20
        full = project.exchange()
        full.chat(2, "while the disk is full")
        until(lambda: refused(project), 240, lambda: project.log("kafka"))
        until(lambda: project.services()["kafka"].restarts > before.restarts, 240, lambda: project.log("kafka"))
        filler.unlink()
        project.wait_well()
        project.fill_gaps()
        full.chat(2, "with room again")
        full.came_once(full.all_arrived())


def refused(project: Project) -> bool:
    """Whether a callback was answered with an error, and none was taken for nothing."""
    told = [one for side in project.sides.values() for one in side.journal("callback") if one.get("status")]
    return any(one["status"] >= 500 for one in told)


def test_nothing_listens_any_more() -> None:
    with pytest.raises(httpx.TransportError):
        httpx.get("http://127.0.0.1:9090/-/ready", trust_env=False)
