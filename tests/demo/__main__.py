"""`make demo`: the whole relay on this machine, with people talking on both sides.

PLATFORM: the one that is left, `yunxin`, `rongcloud` or `own`. ONCE=1: a fixed run, checked.
"""

import contextlib
import os
import signal
import statistics
import sys
import tempfile
import threading
import time
from pathlib import Path

from rich.console import Console
from rich.table import Table

from tests import doings
from tests.apps import APPS
from tests.demo.crossing import check as check_messages
from tests.demo.crossing import source_key
from tests.demo.journals import Journals
from tests.demo.people import People
from tests.demo.script import lines
from tests.demo.shown import Shown
from tests.stack import Stack

ONCE = 65
"""What is said and done in a checked run: five times the script."""


def addresses(console: Console, stack: Stack) -> None:
    table = Table(show_header=False, box=None, padding=(0, 2))
    for name, role in stack.roles.items():
        table.add_row(name, f"http://127.0.0.1:{role.observe}/metrics", f"log {role.log}")
    table.add_row("callbacks", f"{stack.ingress}/callbacks/old, …/new", f"settings {stack.config}")
    for name, simulator in stack.sides.items():
        table.add_row(f"{name} simulator", f"{simulator.url}/_journal", "POST /_say, /_mood")
    table.add_row("Kafka", stack.bootstrap, f"logs {stack.directory / 'kafka'}")
    console.print(table)


def talk(stack: Stack, console: Console, stop: threading.Event, many: int | None) -> Journals:
    journals = Journals(stack)
    shown, people = Shown(console, journals), People(stack, journals)
    script = lines(edits=APPS[stack.platforms[0]].edits)
    spoken = 0
    pause = 0.05 if many else 0.7
    while not stop.is_set() and (many is None or spoken < many):
        line = next(script)
        # Nobody answers, changes or takes back what is not there yet.
        deadline = time.monotonic() + 10
        while not people.can(line) and time.monotonic() < deadline and not stop.wait(0.05):
            shown.news()
        people.do(line)
        spoken += 1
        stop.wait(pause)
        shown.news()
    # What was said last is still on its way.
    deadline = time.monotonic() + 30
    while not journals.complete and time.monotonic() < deadline:
        time.sleep(0.1)
        shown.news()
    time.sleep(0.5)  # a double would come now
    shown.news()
    return journals


def verdict(console: Console, journals: Journals) -> bool:
    found = check_messages(journals.says, journals.arrives)
    operations = doings.check(journals.done, journals.seen, journals.other)
    origins = {source_key(one): one for one in journals.says}
    took = [one.at - origins[one.source].at for one in journals.arrives if one.source in origins]
    for name in ("lost", "doubled", "out_of_order", "changed", "strange"):
        for one in getattr(found, name):
            console.print(f"[red]{name.replace('_', ' ')}:[/] {one}", highlight=False)
    wrong = operations.complaints()
    for text in wrong:
        console.print(f"[red]{text}[/]", highlight=False)
    console.print(
        f"said {found.said}, arrived {len(journals.arrives)}, lost {len(found.lost)}, doubled {len(found.doubled)}, "
        f"out of order {len(found.out_of_order)}, changed {len(found.changed)}"
        + (f"; latency p50 {statistics.median(took):.0f} ms, largest {max(took)} ms" if took else ""),
        highlight=False,
    )
    told = ", ".join(f"{count} {what}s" for what, count in sorted(operations.done.items()))
    console.print(f"{told}, {'each on its message once' if not wrong else 'and not all as they should be'}", highlight=False)
    return found.good and found.said > 0 and not wrong


def main() -> int:
    once = os.environ.get("ONCE", "") not in ("", "0")
    platform = os.environ.get("PLATFORM") or "yunxin"
    if platform not in APPS or platform == "easemob":
        sys.exit(f"PLATFORM is {platform}; it can be {', '.join(name for name in APPS if name != 'easemob')}")
    console = Console(soft_wrap=True)
    stop = threading.Event()
    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, lambda *_: stop.set())
    with contextlib.ExitStack() as exits:
        directory = Path(os.environ.get("DEMO_DIR") or exits.enter_context(tempfile.TemporaryDirectory(prefix="im-relay-")))
        prefix = f"demo{int(time.time())}." if os.environ.get("KAFKA_BOOTSTRAP") else ""
        stack = exits.enter_context(
            Stack(directory, source=platform, prefix=prefix, say=lambda line: console.print(f"[dim]· {line}[/]", highlight=False))
        )
        addresses(console, stack)
        if not once:
            console.print("\nEach line is what arrived on the other side. Ctrl-C ends it.\n", highlight=False)
        journals = talk(stack, console, stop, ONCE if once else None)
        good = verdict(console, journals)
        console.print("[dim]· stops[/]")
    console.print("[green]every message arrived once and in order[/]" if good else "[red]that was not right[/]")
    return 0 if good else 1


if __name__ == "__main__":
    sys.exit(main())
