"""A diagnosis of one app, driven over the network. Whatever ends it, what it has made is removed."""

import asyncio
import time
from collections.abc import Callable
from typing import Any

from converters.core.outcome import Delivered
from converters.doctor.run import checks_of, diagnose
from converters.doctor.steps import Bare, Check, CheckResult, Clock, DoctorPlan, Fetch, Hear, Made, Names
from converters.platform import Request
from converters.routing.route import App
from streams.deliver.settings import DeliverSettings
from streams.operate.arriving import Arriving
from streams.outbound.client import PlatformClient
from streams.outbound.transport import HttpCall

_REMOVALS = 5
"""Attempts to remove one thing."""


class Doctor:
    """*arriving* is None where callbacks cannot be seen. *wait* is for tests: the seconds between two attempts to remove something."""

    def __init__(self, app: App, settings: DeliverSettings, arriving: Arriving | None, wait: float = 1.0) -> None:
        assert app.platform.doctor is not None
        self.app = app
        self.plan: DoctorPlan[Any] = app.platform.doctor
        self._client = PlatformClient(app, settings)
        self._arriving = arriving
        self._wait = wait
        self.made = Made()
        self._acted = False
        self.unremoved: list[str] = []
        """The calls that did not remove what they should have."""

    @property
    def checks(self) -> tuple[Check, ...]:
        return checks_of(self.plan)

    async def run(self, names: Names, tell: Callable[[Check, CheckResult], None]) -> list[CheckResult]:
        """Tells each result as it is found. Cancelled, it removes what was made before it ends."""
        found: list[CheckResult] = []
        by_name = {check.name: check for check in self.checks}
        asking = diagnose(self.app.platform, self.plan, self.app.account, names, self.made)
        answer: Any = None
        try:
            while True:
                try:
                    step = asking.send(answer)
                except StopIteration:
                    return found
                if isinstance(step, CheckResult):
                    found.append(step)
                    tell(by_name[step.check], step)
                    answer = None
                else:
                    answer = await self._do(step)
        finally:
            asking.close()
            if self._acted and not {one.check for one in found if one.state == "bad"} & {"address", "credentials"}:
                await self.remove(names)
            await self._client.close()

    async def remove(self, names: Names) -> None:
        """Again, where it does not succeed at once."""
        for request in self.plan.remove(self.app.account, names, self.made):
            for attempt in range(_REMOVALS):
                reply = await self._client.question(request)
                outcome = self.app.platform.read_reply(request, reply) if reply is not None else None
                if reply is not None and (isinstance(outcome, Delivered) or reply.status == 404):
                    break
                if attempt < _REMOVALS - 1:
                    await asyncio.sleep(self._wait)
            else:
                self.unremoved.append(request.api)

    async def _do(self, step: Any) -> Any:
        match step:
            case Request():
                self._acted = True
                return await self._client.question(step)
            case Bare(request=request):
                return await self._client.bare(request)
            case Clock():
                return time.time_ns() // 1_000_000
            case Fetch(url=url, headers=headers, authorised=authorised):
                more = await self._client.credentials(url) if authorised else {}
                return await self._client.fetch(HttpCall("GET", url, {**headers, **(more or {})}, b""))
            case Hear(markers=markers, seconds=seconds):
                return await self._arriving.next(self.app, markers, seconds) if self._arriving is not None else None
            case _:
                raise TypeError(type(step).__name__)
