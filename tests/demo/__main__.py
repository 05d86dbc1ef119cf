"""`make demo`: the whole relay on this machine, with people talking on both sides. ONCE=1: a fixed run, checked."""

import contextlib
import os
import signal
import statistics
import sys
import tempfile
import threading
import time
from pathlib import Path
from typing import Any

from rich.console import Console
from rich.table import Table

from tests.demo.crossing import Arrived, Said, arrived, check, said, source_key
from tests.demo.script import Line, lines
from tests.stack import EASEMOB_GROUP, YUNXIN_GROUP, Stack

GROUPS = {YUNXIN_GROUP: "team", EASEMOB_GROUP: "team"}
GROUP_OF = {"yunxin": YUNXIN_GROUP, "easemob": EASEMOB_GROUP}
ONCE = 60
"""Messages of a checked run."""


class Journals:
    """What both simulators have written down, read on as it grows."""

    def __init__(self, stack: Stack) -> None:
        self._sides = {"yunxin": stack.yunxin, "easemob": stack.easemob}
        self._seen = dict.fromkeys(self._sides, 0)
        self.says: list[Said] = []
        self.arrives: list[Arrived] = []

    def read(self) -> list[Arrived]:
        """The messages that have arrived since the last call."""
        news: list[Arrived] = []
        for platform, simulator in self._sides.items():
            entries: list[dict[str, Any]] = simulator.journal(since=self._seen[platform])
            if entries:
                self._seen[platform] = entries[-1]["seq"]
            self.says += said(platform, entries, GROUPS)
            news += arrived(platform, entries, GROUPS)
        news.sort(key=lambda one: one.at)
        self.arrives += news
        return news


def say(stack: Stack, line: Line) -> None:
    simulator = getattr(stack, line.platform)
    group = line.receiver == "team"
    to = GROUP_OF[line.platform] if group else line.receiver
    simulator.say(line.sender, to, line.text, type="group" if group else "person")


def show(console: Console, one: Arrived, origin: Said | None) -> None:
    took = f"{one.at - origin.at:4d} ms" if origin else "     ?"
    source = origin.platform if origin else "?"
    colour = "cyan" if source == "yunxin" else "magenta"
    text = one.text.replace("\n", "⏎").replace("\t", "⇥")
    console.print(
        f"{time.strftime('%H:%M:%S', time.localtime(one.at / 1000))}  "
        f"[{colour}]{source:>7} → {one.platform:<7}[/]  {took}  [bold]{one.sender:>5}[/] in {one.conversation:<13} ",
        end="", highlight=False,
    )  # fmt: skip
    console.print(text, markup=False, highlight=False, soft_wrap=True)


def addresses(console: Console, stack: Stack) -> None:
    table = Table(show_header=False, box=None, padding=(0, 2))
    for name, role in stack.roles.items():
        table.add_row(name, f"http://127.0.0.1:{role.observe}/metrics", f"log {role.log}")
    table.add_row("callbacks", f"{stack.ingress}/callbacks/old, …/new", f"settings {stack.config}")
    for name, simulator in (("yunxin simulator", stack.yunxin), ("easemob simulator", stack.easemob)):
        table.add_row(name, f"{simulator.url}/_journal", "POST /_say, /_mood")
    table.add_row("Kafka", stack.bootstrap, f"logs {stack.directory / 'kafka'}")
    console.print(table)


def talk(stack: Stack, console: Console, stop: threading.Event, many: int | None) -> Journals:
    journals = Journals(stack)
    script = lines()
    spoken = 0
    pause = 0.05 if many else 0.7
    while not stop.is_set() and (many is None or spoken < many):
        say(stack, next(script))
        spoken += 1
        stop.wait(pause)
        report(console, journals)
    # What was said last is still on its way.
    deadline = time.monotonic() + 30
    while len(journals.arrives) < spoken and time.monotonic() < deadline:
        time.sleep(0.1)
        report(console, journals)
    time.sleep(0.5)  # a double would come now
    report(console, journals)
    return journals


def report(console: Console, journals: Journals) -> None:
    news = journals.read()
    origins = {source_key(one): one for one in journals.says}
    for one in news:
        show(console, one, origins.get(one.source))


def verdict(console: Console, journals: Journals) -> bool:
    found = check(journals.says, journals.arrives)
    origins = {source_key(one): one for one in journals.says}
    took = [one.at - origins[one.source].at for one in journals.arrives if one.source in origins]
    for name in ("lost", "doubled", "out_of_order", "changed", "strange"):
        for one in getattr(found, name):
            console.print(f"[red]{name.replace('_', ' ')}:[/] {one}", highlight=False)
    console.print(
        f"said {found.said}, arrived {len(journals.arrives)}, lost {len(found.lost)}, doubled {len(found.doubled)}, "
        f"out of order {len(found.out_of_order)}, changed {len(found.changed)}"
        + (f"; latency p50 {statistics.median(took):.0f} ms, largest {max(took)} ms" if took else ""),
        highlight=False,
    )
    return found.good and found.said > 0


def main() -> int:
    once = os.environ.get("ONCE", "") not in ("", "0")
    console = Console(soft_wrap=True)
    stop = threading.Event()
    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, lambda *_: stop.set())
    with contextlib.ExitStack() as exits:
        directory = Path(os.environ.get("DEMO_DIR") or exits.enter_context(tempfile.TemporaryDirectory(prefix="im-relay-")))
        prefix = f"demo{int(time.time())}." if os.environ.get("KAFKA_BOOTSTRAP") else ""
        stack = exits.enter_context(
            Stack(directory, prefix=prefix, say=lambda line: console.print(f"[dim]· {line}[/]", highlight=False))
        )
        addresses(console, stack)
        if not once:
            console.print("\nEach line is a message that arrived on the other side. Ctrl-C ends it.\n", highlight=False)
        journals = talk(stack, console, stop, ONCE if once else None)
        good = verdict(console, journals)
        console.print("[dim]· stops[/]")
    console.print("[green]every message arrived once and in order[/]" if good else "[red]that was not right[/]")
    return 0 if good else 1


if __name__ == "__main__":
    sys.exit(main())
