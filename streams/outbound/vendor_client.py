"""Questions to one app, one after the other: within its quotas, behind everything live, and asked again where nothing answers."""

import asyncio
from collections import Counter
from collections.abc import Sequence
from itertools import islice

import httpx

from converters.core.outcome import Delivered, NotSent, Outcome, Unsure
from converters.platform import FileRequest, Reply, Request
from converters.routing.route import App
from streams.deliver.settings import DeliverSettings
from streams.observe import metrics
from streams.outbound.admission import Admission
from streams.outbound.attempts import delays
from streams.outbound.auth import NETWORK
from streams.outbound.client import PlatformClient
from streams.outbound.proxies import Proxy, proxies

TRIES = 4
FILE = "file"
"""In place of an API's name."""


class VendorClient:
    """Raises SettingsError for limits that the platform does not have. What does something is *withheld* unless *acts*."""

    def __init__(self, app: App, settings: DeliverSettings, *, acts: bool, transport: httpx.AsyncBaseTransport | None = None) -> None:
        self._app = app
        self._acts = acts
        self._client = PlatformClient(app, settings, transport)
        self._admission = Admission(app, settings, asyncio.get_running_loop())
        self._transport = transport
        self._proxies = proxies(settings, "deliver")
        self._files: dict[Proxy | None, httpx.AsyncClient] = {}
        self._settings = settings
        self.begin()

    def begin(self) -> None:
        """Count from nothing."""
        self.acted = 0
        """Requests that were answered and make the platform do something."""
        self.withheld = 0
        self.answered = 0
        self.unanswered: Counter[str] = Counter()
        """By API."""

    async def close(self) -> None:
        await self._client.close()
        for each in self._files.values():
            await each.aclose()

    async def ask(self, asked: Request | FileRequest) -> Reply | None:
        """None where there is no answer. Never raises for what the network or the platform does."""
        if isinstance(asked, Request) and not asked.repeatable and not self._acts:
            self.withheld += 1
            return None
        api = asked.api if isinstance(asked, Request) else FILE
        reply, throttled = None, False
        for number, wait in enumerate(islice(delays(self._settings.backoff, self._settings.backoff_max), TRIES)):
            if isinstance(asked, FileRequest):
                reply, pause = await self._fetch(asked), 0.0
            else:
                reply, throttled, pause = await self._send(asked, again=number > 0)
            broken = reply is None or throttled or reply.status >= 500
            # What does something is not done a second time by us: that it was too much says that it was not done at all.
            if not broken or (isinstance(asked, Request) and not asked.repeatable and not throttled):
                break
            if number < TRIES - 1:
                await asyncio.sleep(max(wait, pause))
        outcome = "no_answer" if reply is None else "throttled" if throttled else "answered"
        metrics.GAP_REQUESTS.labels(self._app.name, self._app.platform.name, api, outcome).inc()
        if reply is None or throttled:
            self.unanswered[api] += 1
            return None
        self.answered += 1
        self.acted += isinstance(asked, Request) and not asked.repeatable
        return reply

    async def at_once(self, requests: Sequence[Request]) -> tuple[Reply | None, ...]:
        """The answers to *requests*, all sent in the same instant, whatever the quotas: that is what is to be found out."""
        return tuple(await asyncio.gather(*(self._client.question(request) for request in requests)))

    async def _send(self, request: Request, *, again: bool) -> tuple[Reply | None, bool, float]:
        """The answer, whether it says that it was too much, and after how many seconds to come again."""
        while True:
            async with self._admission.breaker_call(request) as breaker_call:
                if not await self._admission.admit(breaker_call, request, live=False, again=again):
                    continue
                reply = await self._client.question(request)
                outcome = self._judged(request, reply)
                self._admission.learn(breaker_call, request, outcome)
            throttled = isinstance(outcome, NotSent)
            return reply, throttled, (outcome.retry_after or 0.0) if isinstance(outcome, NotSent) else 0.0

    def _judged(self, request: Request, reply: Reply | None) -> Outcome:
        if reply is None or reply.status >= 500:
            return Unsure("no answer")
        read = self._app.platform.read_reply(request, reply)  # it is no send: only that it was too much can be read so
        return read if isinstance(read, NotSent) and read.throttled else Delivered("")

    async def _fetch(self, file: FileRequest) -> Reply | None:
        try:
            async with self._client_of(httpx.URL(file.url)).stream("GET", file.url) as response:
                body = bytearray()
                async for chunk in response.aiter_bytes():
                    body += chunk
                    if len(body) > file.largest:
                        return None
                return Reply(response.status_code, response.headers, bytes(body))
        except (httpx.InvalidURL, *NETWORK):
            return None

    def _client_of(self, url: httpx.URL) -> httpx.AsyncClient:
        proxy = (
            self._proxies.of(url.scheme == "https", url.host, url.port or (443 if url.scheme == "https" else 80))
            if self._transport is None
            else None
        )
        found = self._files.get(proxy)
        if found is None:
            through = None
            if proxy is not None:
                password = {"Proxy-Authorization": proxy.authorization} if proxy.authorization else None
                through = httpx.Proxy(httpx.URL(scheme="http", host=proxy.host, port=proxy.port), headers=password)
            found = self._files[proxy] = httpx.AsyncClient(
                timeout=httpx.Timeout(self._settings.timeout), trust_env=False, transport=self._transport, proxy=through
            )
        return found
