"""`make chaos-migrate`: a migration beside live traffic, its workers, its feeder and the broker killed, and everything accounted for.

`python -m tests.migrate.chaos [--users N] [--groups N] [--messages N] [--kills N] [--live N] [--seed S]`

What lies at the platform afterwards has to be what an undisturbed run leaves there, the old platform has to have heard nothing of it, every live
message has to have arrived, and a second run has to write nothing. A live message may have arrived twice where a request had no answer and its callback
came later than `deliver.echo_wait`, and then the relay has to have said so. Exits 0 when all of that holds.
"""

import argparse
import os
import random
import shutil
import signal
import subprocess
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import suppress
from pathlib import Path
from typing import Any

from msgspec import Struct

from converters.core.model import Event, Group, direct
from converters.inventory import AnyItem, Friendship, GroupMember, User
from converters.inventory import Group as GroupItem
from tests.migrate.bundles import made, said
from tests.migrate.journal import Counting, imported, members, said_in
from tests.migrate.rig import command, ended, start
from tests.stack import Role, Stack
from tests.waiting import until

AT = 1_700_000_000_000
PATIENCE = 3600.0


class Size(Struct, frozen=True, kw_only=True):
    users: int = 100_000
    groups: int = 10_000
    members: int = 10
    """Of a group."""
    friends: int = 2
    """Of a user."""
    messages: int = 1_000_000
    kills: int = 20
    live: int = 20_000
    rate: float = 30.0
    """Live messages a second."""


def user(number: int) -> str:
    return f"m{number:06}"


def items(size: Size) -> Iterator[AnyItem]:
    for number in range(size.users):
        yield User(id=user(number), name=f"User {number}")
    for number in range(size.users):
        for step in range(1, size.friends + 1):
            if number + step < size.users:
                yield Friendship(owner=user(number), friend=user(number + step))
    for number in range(size.groups):
        yield GroupItem(id=str(880_000 + number), name=f"Group {number}", owner=user(number % size.users), announcement="welcome")
    for number in range(size.groups):
        for step in range(size.members):
            yield GroupMember(
                group=str(880_000 + number),
                user=user((number + step) % size.users),
                role="owner" if not step else "admin" if step == 1 else "member",
            )


def events(size: Size, draw: random.Random) -> Iterator[Event]:
    """Most conversations are short, some are long; a tenth of the messages is in groups."""
    left, talk, number = size.messages, 0, 0
    while left:
        count = min(left, draw.choice((1, 3, 10, 10, 30, 200)))
        left -= count
        group = size.groups and talk % 10 == 0
        one = talk % size.users
        place = (
            Group(str(880_000 + talk // 10 % size.groups))
            if group
            else direct(user(one), user((one + 1 + talk // size.users) % size.users))
        )
        for turn in range(count):
            number += 1
            sender = user((talk // 10 % size.groups + turn % size.members) % size.users) if group else user(one)
            yield said(place, sender, number, AT + number * 1000, f"history {number}")
        talk += 1


class Played(Struct):
    complaints: list[str]
    counts: Counter[str]
    seconds: float = 0.0


def play(directory: Path, size: Size, seed: int, say: Callable[[str], None], *, bootstrap: str = "") -> Played:
    """With a node of its own, which is killed as well, unless there is a *bootstrap*."""
    draw = random.Random(seed)
    everything = list(events(size, draw)) if size.messages <= 50_000 else None
    bundle = made(directory / "made", items(size), everything if everything is not None else events(size, random.Random(seed)))
    wanted = said_in(everything if everything is not None else events(size, random.Random(seed)))
    say(f"bundle {bundle.name}: {size.users} users, {size.groups} groups, {size.messages} messages")
    played = Played([], Counter())
    settings = f'\n[migrate]\ndirectory = "{directory / "bundles"}"\n'
    limits: dict[str, Any] = {"limit_calls": 0, "limit_user_calls": 0, "max_groups": 1_000_000}
    with Stack(directory / "stack", limits=0, media=None, settings=settings, bootstrap=bootstrap or None, easemob=limits) as stack:
        workers = [stack.add(f"migrate-{number}", ["migrate", "work", "--platform", "easemob"]) for number in range(2)]
        for worker in workers:
            stack.wait_ready(worker)
        stack.easemob.mood(accept_but_lose_answer=0.002, error_500=0.002, seed=seed)
        counting = Counting(stack.easemob)
        began = time.monotonic()
        stack.yunxin.load(rate=size.rate, count=size.live, conversations=20, seed=seed)
        arguments = ["--live-since", "none", "--bundle", str(bundle)]
        applying = start(stack.config, *arguments)
        total = 5 * size.users // 4 + size.messages
        for kill in range(size.kills):
            due = (kill + 1) * total // (size.kills + 2)
            _until(counting, due, applying)
            what = draw.choice(("worker", "worker", "feeder", "broker") if stack.node is not None else ("worker", "worker", "feeder"))
            played.counts[what] += 1
            say(f"kill -9 {what} after {counting.now()}")
            if what == "feeder":
                applying.kill()
                applying.wait()
                applying = start(stack.config, *arguments)
            elif what == "broker" and stack.node is not None:
                assert stack.node.pid is not None
                os.kill(stack.node.pid, signal.SIGKILL)
                stack.node.stop()
                stack.node.start()
            else:
                _again(draw.choice(workers))
        done = ended(applying, 0, PATIENCE)
        played.seconds = time.monotonic() - began
        say(f"applied in {played.seconds:.0f} s: {size.messages / played.seconds:.0f} messages a second of all")
        stack.easemob.mood()
        played.complaints += _wrong(stack, size, done, wanted, bundle)
    return played


def _until(counting: Counting, due: int, applying: "subprocess.Popen[str]") -> None:
    until(lambda: counting.now() >= due or applying.poll() is not None, PATIENCE)


def _again(worker: Role) -> None:
    assert worker.child is not None
    worker.child.kill()
    worker.child.wait()
    worker.start()


def _wrong(stack: Stack, size: Size, done: dict[str, Any], wanted: Counter[tuple[str, ...]], bundle: Path) -> Iterator[str]:
    if not done["good"]:
        yield f"apply says that it is not done: {done}"
    until(lambda: not stack.yunxin.progress()["running"], PATIENCE)
    until(lambda: len(_live(stack)) >= size.live, 300.0)
    journal = stack.easemob.journal("accepted", "refused")
    found = imported(journal)
    if found != wanted:
        yield f"histories differ: {sum((wanted - found).values())} are lacking, {sum((found - wanted).values())} are not as they should be"
    made_users = Counter(entry["user"] for entry in journal if entry["kind"] == "accepted" and entry["api"] == "user.create")
    if len([name for name in made_users if name.startswith("m")]) < size.users:
        yield f"{len(made_users)} users of {size.users}"
    groups = [entry for entry in journal if entry["kind"] == "accepted" and entry["api"] == "group.create"]
    if len(groups) != size.groups:
        yield f"{len(groups)} groups were made of {size.groups}"
    if (joined := sum(len(who) for who in members(journal).values())) != size.groups * (size.members - 1):
        yield f"{joined} members joined, not {size.groups * (size.members - 1)}"
    live = _live(stack)
    if len(live) != size.live:
        yield f"{len(live)} live messages arrived of {size.live}"
    doubled = live.total() - len(live)
    stack.easemob.settled()
    with suppress(AssertionError):  # what it knows then is told
        until(lambda: _named(stack) >= doubled)
    if (named := _named(stack)) != doubled:
        yield f"{doubled} live messages arrived twice, and the relay knows of {named}"
    old = [entry for entry in stack.yunxin.journal("accepted") if entry["api"] not in ("token", "send")]
    if old:
        yield f"the old platform was asked for {Counter(entry['api'] for entry in old)}"
    letters = command(stack.config, "dead", "list", "--json", code=None)
    if letters.strip():
        yield f"dead letters: {letters.splitlines()[:3]}"
    before = len([entry for entry in journal if entry["kind"] == "accepted"])
    again = ended(start(stack.config, "--bundle", str(bundle)), 0, PATIENCE)
    after = len(stack.easemob.journal("accepted"))
    if not again["good"] or after != before:
        yield f"a second run wrote {after - before}"


def _live(stack: Stack) -> Counter[str]:
    """How often each has arrived."""
    sent = (str(entry.get("text", "")) for entry in stack.easemob.journal("accepted") if entry["api"] == "send")
    return Counter(text for text in sent if text.startswith("c"))


def _named(stack: Stack) -> float:
    """What the relay says to have arrived twice; its `deliver` is never killed here."""
    lines = stack.roles["deliver-easemob"].metrics().splitlines()
    return sum(float(line.rpartition(" ")[2]) for line in lines if line.startswith("im_relay_duplicates_detected_total{"))


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    whole = Size()
    for name in ("users", "groups", "messages", "kills", "live"):
        parser.add_argument(f"--{name}", type=int, default=getattr(whole, name))
    parser.add_argument("--seed", type=int, default=random.SystemRandom().randrange(1_000_000))
    arguments = parser.parse_args()
    given = {name: getattr(arguments, name) for name in ("users", "groups", "messages", "kills", "live")}
    print(f"seed {arguments.seed}", flush=True)
    directory = Path(tempfile.mkdtemp(prefix="chaos-migrate-"))
    played = play(directory, Size(**given), arguments.seed, lambda line: print(line, flush=True))
    for text in played.complaints:
        print(f"WRONG: {text}")
    print(f"killed: {dict(played.counts)}; {'all of it holds' if not played.complaints else f'logs: {directory}'}")
    if not played.complaints:
        shutil.rmtree(directory, ignore_errors=True)
    return 1 if played.complaints else 0


if __name__ == "__main__":
    sys.exit(main())
