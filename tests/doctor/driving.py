"""A diagnosis against a simulator over HTTP, without Kafka: callbacks come to a receiver, which checks them as the ingress does."""

import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

import httpx
import msgspec

from converters.doctor.run import checks_of, diagnose
from converters.doctor.steps import Bare, CheckResult, Clock, DoctorPlan, Fetch, Hear, Heard, Made, Names
from converters.platform import Accepted, Callback, Incoming, Rejected, Reply, Request, SignedBody, Token
from tests.converters.migration.wired import Wired
from tests.simulation.conftest import running
from tests.simulation.receiver import Receiver

NAMES = Names(app="new", prefix="doctor7", patience=5.0)


class Driven:
    """One app at its simulator. *shift*: milliseconds by which our clock is wrong."""

    def __init__(self, name: str, simulator: Any, receiver: Receiver) -> None:
        self.wired = Wired.__new__(Wired)
        self.simulator, self.receiver = simulator, receiver
        Wired.__init__(self.wired, name, simulator)
        self.platform, self.account = self.wired.platform, self.wired.account
        self.shift = 0
        self.made = Made()
        self.bare: Reply | None = None
        """The answer to what goes out without credentials, where it is not the simulator's."""
        self.tampered: Callable[[bytes], bytes] = lambda raw: raw
        self._given = 0

    @property
    def plan(self) -> DoctorPlan[Any]:
        assert self.platform.doctor is not None
        return self.platform.doctor

    def run(self, names: Names = NAMES, answers: Callable[[Request], Any] | None = None) -> dict[str, CheckResult]:
        found: dict[str, CheckResult] = {}
        asking = diagnose(self.platform, self.plan, self.account, names, self.made)
        answer: Any = None
        while True:
            try:
                step = asking.send(answer)
            except StopIteration:
                assert set(found) == {check.name for check in checks_of(self.plan)}
                return found
            match step:
                case CheckResult(check=name):
                    assert name not in found, f"{name} is told twice"
                    found[name] = step
                    answer = None
                case Clock():
                    answer = int(time.time() * 1000) + self.shift
                case Bare(request=request):
                    answer = self.bare or self._bare(request)
                case Fetch(url=url, headers=headers):
                    fetched = self.wired.client.get(url, headers={**headers, **self._token(step)})
                    answer = Reply(fetched.status_code, dict(fetched.headers), fetched.content)
                case Hear(markers=markers):
                    answer = self._heard(markers)
                case Request():
                    answer = answers(step) if answers is not None else None
                    answer = answer if answer is not None else self._send(step)

    def _token(self, step: Fetch) -> dict[str, str]:
        auth = self.platform.auth
        return auth.headers(self.wired.token) if step.authorised and isinstance(auth, Token) else {}

    def _send(self, request: Request) -> Reply | None:
        auth = self.platform.auth
        if not isinstance(auth, SignedBody):
            return self.wired.send(request)
        signed = auth.headers(self.account, int(time.time()), request.body)
        return self._bare(msgspec.structs.replace(request, headers={**request.headers, **signed}))

    def _bare(self, request: Request) -> Reply | None:
        try:
            return self.wired._post(request, request.headers)
        except httpx.TransportError:
            return None

    def _heard(self, markers: tuple[str, ...]) -> Heard | None:
        """Everything that is on its way has come before nothing is said."""
        self.simulator.settled()
        while self._given < len(self.receiver.got):
            got = self.receiver.got[self._given]
            self._given += 1
            if not any(marker.encode() in got.raw for marker in markers):
                continue
            now, raw = int(time.time() * 1000), self.tampered(got.raw)
            verdict = self.platform.check(Incoming(got.headers, got.query, raw), self.account, now)
            if isinstance(verdict, Accepted | Rejected):
                reason = verdict.reason if isinstance(verdict, Rejected) else ""
                return Heard(Callback("new", raw, now, got.headers), reason)
        return None

    def removed(self, names: Names = NAMES) -> None:
        for request in self.plan.remove(self.account, names, self.made):
            reply = self._send(request)
            assert reply is not None
            assert reply.status in {200, 404}


@contextmanager
def driven(name: str, *, account: dict[str, Any] | None = None, **options: Any) -> Iterator[Driven]:
    """The simulator with everything open and no limits, but for *options*; our settings differ from it in *account*."""
    common = {"users": [], "group": {}, **({"limit_calls": 0.0} if name != "own" else {"users": list(NAMES.people)})}
    with Receiver() as receiver:
        called = receiver.url
        more = {"operation_url": called} if name == "rongcloud" else {}
        with running(name, **(common | {"callback_url": called} | more | options)) as simulator:
            one = Driven(name, simulator, receiver)
            if account:
                one.account = msgspec.structs.replace(one.account, **account)
                one.wired.account = one.account
            try:
                yield one
            finally:
                one.wired.client.close()
