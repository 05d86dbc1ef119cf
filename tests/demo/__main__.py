"""`make demo`: the whole relay on this machine, with people talking on both sides.

PLATFORM: the one that is left, any of `tests.apps` but Easemob. ONCE=1: a fixed run, checked.
"""

import contextlib
import os
import signal
import statistics
import sys
import tempfile
import threading
import time
from collections import Counter
from pathlib import Path
from typing import NamedTuple

from rich.console import Console

from streams.locale.language import of_environment
from tests import doings
from tests.apps import APPS
from tests.demo.crossing import check as check_messages
from tests.demo.crossing import source_key
from tests.demo.journals import Journals
from tests.demo.page import Page
from tests.demo.people import People
from tests.demo.script import ROUNDS, lines, script
from tests.demo.shown import Shown
from tests.fetched import Fetched
from tests.stack import Stack


class Words(NamedTuple):
    """What the demo says itself; where its parts tell of what they do, they speak English."""

    en: str
    zh: str


EACH_LINE = Words("Each line is what arrived on the other side. Ctrl-C ends it.", "每一行是到达另一边的一条消息。按 Ctrl-C 结束。")
STOPS = Words("stops", "正在停止")
GOOD = Words("every message arrived once and in order", "每条消息都只到了一次，顺序正确")
WRONG = Words("that was not right", "结果不正确，见上面的红字")


def say(words: Words) -> str:
    return words.zh if of_environment() == "zh" else words.en


def addresses(console: Console, stack: Stack) -> None:
    rows = {name: f"http://127.0.0.1:{role.observe}/metrics" for name, role in stack.roles.items()}
    rows["callbacks"] = f"{stack.ingress}/callbacks/old, …/new"
    rows |= {f"{name} simulator": f"{side.url}/_journal; POST /_say, /_mood" for name, side in stack.sides.items()}
    rows |= {"Kafka": stack.bootstrap, "settings": str(stack.config), "logs": f"{stack.directory}/*.log"}
    for name, where in rows.items():
        console.print(f"  {name:<20} {where}", soft_wrap=True, highlight=False)


def talk(stack: Stack, console: Console, stop: threading.Event, journals: Journals, fetched: Fetched, *, once: bool) -> None:
    shown, people = Shown(console, journals, fetched), People(stack, journals)
    one_round = script(lacks=APPS[stack.platforms[0]].lacks, files=stack.carries)
    many = ROUNDS * len(one_round) if once else None
    told = lines(one_round)
    spoken = 0
    pause = 0.05 if many else 0.7
    while not stop.is_set() and (many is None or spoken < many):
        line = next(told)
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


def verdict(console: Console, journals: Journals, fetched: Fetched) -> bool:
    found = check_messages(journals.says, journals.arrives)
    operations = doings.check(journals.done, journals.seen, journals.other)
    origins = {source_key(one): one for one in journals.says}
    took = [one.at - origins[one.source].at for one in journals.arrives if one.source in origins]
    for name in ("lost", "doubled", "out_of_order", "changed", "strange"):
        for one in getattr(found, name):
            console.print(f"[red]{name.replace('_', ' ')}:[/] {one}", highlight=False)
    spoiled = fetched.complaints(journals.says, journals.arrives)
    wrong = operations.complaints() + spoiled
    for text in wrong:
        console.print(f"[red]{text}[/]", highlight=False)
    console.print(
        f"said {found.said}, arrived {len(journals.arrives)}, lost {len(found.lost)}, doubled {len(found.doubled)}, "
        f"out of order {len(found.out_of_order)}, changed {len(found.changed)}"
        + (f"; latency p50 {statistics.median(took):.0f} ms, largest {max(took)} ms" if took else ""),
        highlight=False,
    )
    told = ", ".join(f"{count} {what}s" for what, count in sorted(operations.done.items()))
    console.print(
        f"{told}, {'each on its message once' if not operations.complaints() else 'and not all as they should be'}", highlight=False
    )
    files = Counter(one.media["kind"] for one in journals.says if one.media is not None)
    if files:
        told = ", ".join(f"{count} {kind}s" for kind, count in sorted(files.items()))
        console.print(f"{told}: {f'{len(spoiled)} of them spoiled' if spoiled else 'each the same when it arrived'}", highlight=False)
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
        journals, fetched = Journals(stack), Fetched(stack.sides)
        if stack.carries:
            page = exits.enter_context(Page(journals, fetched))
            console.print(f"hear and see them · 看图听音: {page.url}", highlight=False)
        if not once:
            console.print(f"\n{say(EACH_LINE)}\n", highlight=False)
        talk(stack, console, stop, journals, fetched, once=once)
        good = verdict(console, journals, fetched)
        console.print(f"[dim]· {say(STOPS)}[/]")
    console.print(f"[green]{say(GOOD)}[/]" if good else f"[red]{say(WRONG)}[/]")
    return 0 if good else 1


if __name__ == "__main__":
    sys.exit(main())
