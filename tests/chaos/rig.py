"""The whole relay under a load, two processes of each role, and who starts them again when they end."""

import asyncio
import os
import signal
import subprocess
import time
from collections import Counter
from collections.abc import Callable, Collection, Iterator
from pathlib import Path
from random import Random
from typing import Any

import httpx

from streams.exactly_once.life_signs import PUT_OUT
from streams.identities.follower import put
from streams.kafka.local.ports import free_port
from tests import doings
from tests.apps import APPS
from tests.apps import GROUPS as NAMED
from tests.chaos.accounts import Account, Books, check
from tests.chaos.balancer import Balancer
from tests.chaos.evidence import Journals, books, event_of, given_up, letters, lines
from tests.chaos.workers import Worker, figures
from tests.journals import KINDS
from tests.stack import Stack

TALKS = 240
GROUPS = 40
"""Of the talks."""
SESSION, LEASE, ECHO_WAIT = 6.0, 2.0, 7.0
RESTART = 0.3
"""Seconds after which a process that ended is started again, where a scenario does not say otherwise."""
WRITE_BUFFER = 65_536
"""Bytes of the local state's write buffers: small enough that every store is compacted many times in a run."""

Story = Iterator[float]
"""What is done to the relay: it yields the seconds until it wants to go on."""


class Rig(Stack):
    """*account* are more lines of the account of the app `old`, *deliver* of the section of that name; without *media* no file is brought
    over. *each*: processes of the `deliver` to Easemob. Not *hurried*, all times of the settings are the usual ones.
    *restart*: seconds after which a process that ended is started again. The rest is `Stack`'s."""

    def __init__(
        self,
        directory: Path,
        random: Random,
        *,
        bootstrap: str,
        account: str = "",
        deliver: str = "",
        talks: int = TALKS,
        groups: int = GROUPS,
        media: str | None = None,
        hurried: bool = True,
        each: int = 2,
        restart: float = RESTART,
        say: Callable[[str], None] = print,
        **options: Any,
    ) -> None:
        settings = f"lease = {LEASE}\necho_wait = {ECHO_WAIT}\n{deliver}" if hurried else deliver
        super().__init__(
            directory,
            bootstrap=bootstrap,
            prefix=f"chaos{os.getpid()}-{time.time_ns() // 10**6}.",
            limits=0,
            settings=settings,
            media=media,
            say=lambda _: None,
            **options,
        )
        self.random = random
        self.tell = say
        self.begun = time.monotonic()
        self.counts: Counter[str] = Counter()
        """What was done, by what it was."""
        self.failed_attempts: Counter[str] = Counter()
        """Callbacks that had to be sent again or were given up, by what was answered."""
        self.left: list[str] = []
        """Processes that ended without being asked to."""
        self.workers: list[Worker] = []
        self._account = account
        self._talks, self._groups = talks, groups
        self._each, self._hurried, self._restart = each, hurried, restart
        self._ports: dict[str, int] = {}
        self._names = dict(NAMED)
        self._unheard: set[str] = set()
        self.deliver = tuple(f"deliver-{platform}" for platform in self.platforms)
        """Kinds of workers."""
        self.journals: Journals
        self.written: Books

    # -- the stack

    def _toml(self, port: int) -> str:
        return super()._toml(port).replace("[apps.old.account]\n", f"[apps.old.account]\n{self._account}\n")

    def _start_roles(self) -> None:
        self._introduce()
        self.journals = Journals(self.sides, self.apps, self._names)
        self._ports = {f"ingress-{number}": free_port() for number in (1, 2)}
        self._exit.enter_context(Balancer(self.callbacks, list(self._ports.values())))
        for kind in ("ingress", "convert", *(["media"] if self.carries else []), *self.deliver):
            for number in range(1, 1 + (self._each if kind == self.deliver[-1] else 2)):
                self.join(kind, number)

    def _introduce(self) -> None:
        """People and groups on both sides."""
        direct = range(self._talks - self._groups)
        people = [f"u{number}{side}" for number in direct for side in "ab"]
        sides: dict[str, dict[str, list[str]]] = {platform: {} for platform in self.platforms}
        for number in range(1, self._groups):  # the stack's own is the first
            members = [f"g{number}{side}" for side in "abc"]
            for platform in self.platforms:
                group = str(APPS[platform].groups + number)
                sides[platform][group] = members
                self._names[group] = f"g{number}"
        for platform, side in self.sides.items():
            side.preload(people, sides[platform])

    def name_groups(self) -> None:
        super().name_groups()
        entries: list[Any] = [
            (platform, "group", str(APPS[platform].groups + number), f"g{number}")
            for number in range(1, self._groups)
            for platform in self.platforms
        ]
        asyncio.run(put(self.bootstrap, f"{self.prefix}identities", entries))

    def join(self, kind: str, number: int, **environment: str) -> Worker:
        name = f"{kind}-{number}"
        given = {
            "PYTHONUNBUFFERED": "1",
            "IM_RELAY_OBSERVE__LOG": "json",
            "IM_RELAY_TEST_WRITE_BUFFER": str(WRITE_BUFFER),
            "IM_RELAY_TEST_LOG_BURST": "1000000",  # the account counts lines
            **({"IM_RELAY_KAFKA__SESSION_TIMEOUT": str(SESSION)} if self._hurried else {}),
            **environment,
        }
        if kind == "ingress":
            given["IM_RELAY_INGRESS__PORT"] = str(self._ports[name])
        role, _, platform = kind.partition("-")
        words = [role, *(("--platform", platform) if platform else ()), "--config", str(self.config)]
        worker = Worker(kind, number, words, self.directory / f"{name}.log", given)
        worker.runs(self._code)
        self._exit.callback(worker.stop)
        self.workers.append(worker)
        self.roles[name] = worker
        worker.start()
        return worker

    def leave(self, worker: Worker) -> None:
        """SIGTERM, and it stays away."""
        worker.wanted = False
        self.ask(worker)

    # -- what is done to it

    def log(self, what: str) -> None:
        self.tell(f"  {time.monotonic() - self.begun:6.1f} s  {what}")

    def kill(self, worker: Worker) -> None:
        self.log(f"kill -9 {worker.name}")
        self.counts["kill -9"] += 1
        worker.expected = "killed"
        worker.frozen = False
        worker.send(signal.SIGKILL)

    def ask(self, worker: Worker) -> None:
        self.log(f"SIGTERM {worker.name}")
        self.counts["SIGTERM"] += 1
        worker.expected = "asked"
        worker.send(signal.SIGTERM)

    def freeze(self, worker: Worker) -> None:
        self.log(f"SIGSTOP {worker.name}")
        self.counts["SIGSTOP"] += 1
        worker.frozen = True
        worker.expected = "frozen"  # when it wakes it may find itself fenced, and leave
        worker.send(signal.SIGSTOP)

    def thaw(self, worker: Worker) -> None:
        self.log(f"SIGCONT {worker.name}")
        worker.frozen = False
        worker.send(signal.SIGCONT)

    def victim(self, *kinds: str, ready: bool = False) -> Worker | None:
        """One that runs, drawn from the seed; only one that is *ready*, if so asked."""
        found = [one for one in self.workers if one.alive and one.wanted and not one.frozen and (not kinds or one.kind in kinds)]
        if ready:
            found = [one for one in found if one.ready()]
        # Never the last ingress: a callback that nobody takes is lost by the platform's own rules, and nothing would be learned.
        if sum(one.kind == "ingress" and one.alive and one.ready() for one in self.workers) < 2:
            found = [one for one in found if one.kind != "ingress"]
        return self.random.choice(found) if found else None

    def tend(self) -> None:
        """Start again what has ended, as an orchestrator does."""
        now = time.monotonic()
        for worker in self.workers:
            if worker.child is None or worker.frozen or worker.alive:
                continue
            if worker.due:
                if now >= worker.due and worker.wanted:
                    worker.due = 0.0
                    worker.start()
                continue
            code = worker.child.wait()
            if not worker.expected or (worker.expected == "asked" and code):
                self.left.append(f"{worker.name} ({code})")
                self.log(f"{worker.name} left by itself with {code}")
            worker.expected = ""
            worker.due = now + self._restart

    # -- the load

    def load(self, messages: int, rate: float) -> None:
        """Half of *messages* on each side, both at half the *rate*."""
        for side in self.sides.values():
            side.load(rate=rate / 2, count=messages // 2, conversations=self._talks, groups=self._groups, seed=self.random.randrange(10**6))

    def talking(self) -> bool:
        return any(side.progress()["running"] for side in self.sides.values())

    def play(self, *stories: Story) -> None:
        """Until all *stories* are told and nothing more is said."""
        due = dict.fromkeys(stories, 0.0)
        looked = 0.0
        talking = True
        while due or talking:
            now = time.monotonic()
            self.tend()
            for story in [one for one, at in due.items() if at <= now]:
                pause = next(story, None)
                if pause is None:
                    del due[story]
                else:
                    due[story] = time.monotonic() + pause
            if now - looked > 1.0:
                looked, talking = now, self.talking()
            time.sleep(0.02)

    def settle(self, patience: float = 120.0) -> str:
        """Wait until all has arrived and nothing is open; what is not so after *patience* seconds, or nothing."""
        end = time.monotonic() + patience
        quiet = 0
        missing = "it was not looked at"
        while time.monotonic() < end:
            self.tend()
            self.journals.read()
            before, missing = missing, self._unfinished()
            if missing.partition(":")[0] != before.partition(":")[0]:
                self.log(f"  {missing or 'at rest'}")
            quiet = 0 if missing else quiet + 1
            if quiet == 4:  # lag is looked at every 2 s
                return ""
            time.sleep(1.0)
        return f"not at rest after {patience:g} s: {missing}"

    def _unfinished(self) -> str:
        for name, side in self.sides.items():
            if waiting := side.progress()["waiting"]:
                return f"{waiting} callbacks wait at {name}"
        owned: Counter[str] = Counter()
        for worker in self.workers:
            if not worker.wanted or worker.kind == "ingress":
                continue
            if not worker.alive or worker.frozen:
                return f"{worker.name} is not there"
            try:
                numbers = figures(worker.metrics())
            except (httpx.HTTPError, OSError):
                return f"{worker.name} does not answer"
            for gauge in ("im_relay_lag_records", "im_relay_open_events"):
                if numbers[gauge]:
                    return f"{worker.name}: {gauge} is {numbers[gauge]:g}"
            owned[worker.kind] += int(numbers["im_relay_partitions_owned"])
        # The partitions of a worker that was killed are nobody's until its session is over: nobody shows their lag.
        for kind, count in owned.items():
            if count != self.partitions:
                return f"{kind}: {count} of {self.partitions} partitions are owned"
        return ""

    def delays(self, *, doubtful: bool = False) -> list[tuple[int, int]]:
        """(when it was said, ms until it arrived) of each message that has; of one that came twice, the first time. Without conversations in which
        a send was in doubt, or of these alone: they wait for evidence. Once there is an account."""
        doubts = {one.lane for one in self.journals.said if one.event in self.written.opened}
        said = {one.event: one.at for one in self.journals.said if (one.lane in doubts) == doubtful}
        found: dict[str, int] = {}
        for one in self.journals.arrived:
            if one.event in said:
                found.setdefault(one.event, one.at - said[one.event])
        return sorted((said[event], took) for event, took in found.items())

    # -- the end

    def close_books(self) -> None:
        """Stop the roles in good order; what they do then belongs to the run."""
        for worker in self.workers:
            worker.send(signal.SIGCONT)
            worker.send(signal.SIGTERM)
        for worker in self.workers:
            try:
                code = worker.child.wait(30) if worker.child else 0
            except subprocess.TimeoutExpired:
                code = None
            if code is None:
                self.left.append(f"{worker.name} (did not stop when asked to)")
            elif worker.wanted and code and worker.expected != "killed":
                self.left.append(f"{worker.name} ({code}, at the end)")

    def dead_letters(self, stage: str) -> int:
        return letters(self.bootstrap, self.prefix, self.partitions)[stage]

    def account(self, *, shuffled: bool = False) -> Account:
        self.journals.read()
        logs = sorted(self.directory.glob("*.log"))
        lost = {event: status for name, side in self.sides.items() for event, status in given_up(side, name, self.apps[name]).items()}
        self._unheard = set(lost)
        for status in lost.values():
            self.counts[f"callbacks given up by the platform after {status}"] += 1
        for side in self.sides.values():
            self.failed_attempts.update(str(e["status"]) for e in side.journal("callback") if e["outcome"] != "acknowledged")
        self.counts["workers put out by others"] = sum(line.get("event") == PUT_OUT for line in lines(logs))
        self.written = books(self.bootstrap, self.prefix, self.partitions, logs, self.platforms)
        return check(self.journals.said, self.journals.arrived, self.written, lost, shuffled=shuffled)

    def operations(self, uncarried: Collection[tuple[str, str]]) -> doings.Findings:
        """What became of recalls, edits and receipts, once there is an account; *uncarried* as in `doings.check`."""
        other = dict(zip(self.platforms, self.platforms[::-1], strict=True))
        return doings.check(*self.journals.doings(), other, deaths=self.counts["kill -9"], uncarried=uncarried)

    def doubled_though_heard(self, account: Account) -> list[str]:
        """Duplicates whose earlier copy the target did call back about: for these the relay has no excuse."""
        copies: dict[str, list[str]] = {}
        for one in self.journals.arrived:
            copies.setdefault(one.event, []).append(one.where)
        doubled = {text.partition(" at ")[0] for text in account.duplicate}
        return [
            f"duplicate although its echo was taken: {event} at {where}"
            for event in sorted(doubled)
            for where in copies[event][:-1]
            if not any(self._event_at(where, kind) in self._unheard for kind in KINDS)
        ]

    def _event_at(self, where: str, kind: str) -> str:
        platform, _, number = where.partition(" ")
        return event_of(platform, self.apps[platform], kind, number)
