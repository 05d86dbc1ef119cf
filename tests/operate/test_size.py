"""`im-relay size`: what it reckons with is written down where it was measured, and more never needs less."""

import json
from pathlib import Path
from typing import Any

import pytest
from msgspec.structs import replace
from typer.testing import CliRunner

from streams.cli.app import app
from streams.operate.measured import FIGURES
from streams.operate.sizing import BUSY, READERS, Wanted, size
from tests.stack import ROOT

BASE = Wanted(peak=1000, average=350, users=1_000_000)


def test_each_figure_says_where_it_was_measured() -> None:
    targets = (ROOT / "Makefile").read_text()
    for name, figure in FIGURES.items():
        assert figure.value > 0, name
        for place in figure.where.split(", "):
            known = (
                (ROOT / place).is_file()
                if place.endswith(".md")
                else f"\n{place.removeprefix('make ')}:" in targets
                if place.startswith("make ")
                else True
            )
            assert known, f"{name}: {place}"


@pytest.mark.parametrize("name", ["ledger-bytes", "state-bytes", "ingress-cpu", "convert-cpu"])
def test_what_a_page_says_is_what_is_reckoned_with(name: str) -> None:
    figure = FIGURES[name]
    shown = f"{figure.value * 1e6:.0f}" if name.endswith("-cpu") else f"{figure.value:g}"
    assert shown in Path(ROOT / figure.where).read_text()


@pytest.mark.parametrize(
    "more",
    [{"peak": 10_000.0}, {"average": 3500.0}, {"users": 10**8}, {"days": 30.0}, {"files": 0.5}, {"replication": 5}, {"target_ms": 2000.0}],
)
def test_more_needs_no_less(more: dict[str, Any]) -> None:
    small, large = size(BASE), size(replace(BASE, **more))
    assert large != small
    for field in ("partitions", "kafka_cores", "kafka_disk", "state", "cores", "memory"):
        assert getattr(large, field) >= getattr(small, field), field
    for one, other in zip(small.roles, large.roles, strict=True):
        assert other.replicas >= one.replicas
        assert other.disk >= one.disk


def test_no_worker_is_without_a_partition_or_busier_than_planned() -> None:
    for peak in (1.0, 100.0, 1000.0, 10_000.0, 100_000.0):
        found = size(replace(BASE, peak=peak, average=peak))
        for role in found.roles:
            assert role.role == "ingress" or role.replicas <= found.partitions
            assert role.cores / role.replicas / (READERS if role.role == "media" else 1) <= BUSY + 1e-9, role


def test_a_day_of_messages_is_in_the_disks() -> None:
    found = size(Wanted(peak=1000, average=1000, replication=1))
    assert found.kafka_by_topic["ledger.{platform}"] == pytest.approx(1000 * 86_400 * 8 * 354 / 1e9)
    assert found.state == pytest.approx(500 * 86_400 * 10.7 * 132 * 2 * 1.25 / 1e9), "as the chart's values say"


def test_the_command_prints_a_table_and_json() -> None:
    done = CliRunner(env={"COLUMNS": "200"}).invoke(app, ["size", "--messages", "1000", "--average", "350"])
    assert done.exit_code == 0
    assert "kafka.partitions = 12" in done.stdout
    told = json.loads(CliRunner().invoke(app, ["size", "--messages", "1000", "--average", "350", "--json"]).stdout)
    assert told["partitions"] == 12
    assert told["figures"]["ledger-bytes"]["value"] == 354
    assert CliRunner().invoke(app, ["size", "--messages", "0"]).exit_code == 2


@pytest.mark.parametrize("page", ["operations.md", "operations.zh-CN.md"])
def test_the_page_has_what_the_command_says(page: str) -> None:
    text = (ROOT / "docs" / page).read_text()
    for wanted in (BASE, Wanted(peak=10_000, average=3500, users=10_000_000)):
        found = size(wanted)
        disk = found.kafka_disk / 3
        assert f"{found.state:.0f} GB" in text
        assert f"| {found.partitions} |" in text
        assert (f"{disk:.0f} GB" if disk < 1000 else f"{disk / 1000:.1f} TB") in text
