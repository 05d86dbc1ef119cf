"""Requests to one app: sent, answered, and the answer read into an outcome."""

import time
from collections.abc import Callable, Mapping
from typing import Any

import aiohttp
import httpx

from converters.outcome import NotSent, Outcome, Unsure
from converters.platform import Reply, Request, Token
from converters.route import App
from streams import metrics
from streams.deliver.auth import NETWORK, SignedAuth, TokenAuth, TokenRefusedError, reply_of
from streams.deliver.transport import TooLateError, Transport, allowed as may_leave
from streams.settings import Deliver

_NO_CONNECTION = (
    aiohttp.ClientConnectorError,
    aiohttp.ConnectionTimeoutError,
    aiohttp.InvalidURL,
    httpx.UnsupportedProtocol,
)
"""No connection, so no request."""


class Client:
    """One for each app. httpx's own transport collapses beyond some tens of requests in flight; ours does not."""

    def __init__(self, app: App, settings: Deliver, transport: httpx.AsyncBaseTransport | None = None) -> None:
        self.app = app.name
        self._platform = app.platform.name
        self._base = str(app.account.base_url).rstrip("/")
        self._read = app.platform.read_reply
        auth: httpx.Auth
        if isinstance(app.platform.auth, Token):
            auth = TokenAuth(app.platform.auth, app.account, self._url)
        else:
            auth = SignedAuth(app.platform.auth, app.account)
        self._auth = auth
        self._timeout = {"timeout": httpx.Timeout(settings.timeout).as_dict()}
        self._urls: dict[str, httpx.URL] = {}
        self._transport = transport or Transport(settings.in_flight, settings.timeout)
        self._counters: dict[tuple[str, str], Any] = {}
        self._timers: dict[str, Any] = {}

    async def send(self, request: Request, allowed: Callable[[], bool] = lambda: True) -> Outcome:
        """One attempt, given up unless *allowed* when it is about to leave. Never raises for what the network or the platform does."""
        start = time.perf_counter()
        try:
            response = await self._exchange(self._built(request), allowed)
        except TooLateError:
            outcome: Outcome = NotSent("too late to leave")
        except TokenRefusedError as error:
            outcome = NotSent(str(error))
        except NETWORK as error:
            outcome = _failed(error)
        else:
            outcome = self._read(request, reply_of(response))
        self._count(request.api, outcome, time.perf_counter() - start)
        return outcome

    async def ask(self, request: Request, read: Callable[[Reply], Outcome | None]) -> Outcome | None:
        """One question, not repeated; None when there is no answer."""
        try:
            return read(reply_of(await self._exchange(self._built(request))))
        except (TokenRefusedError, *NETWORK):
            return None

    async def close(self) -> None:
        await self._transport.aclose()

    async def _exchange(self, request: httpx.Request, allowed: Callable[[], bool] = lambda: True) -> httpx.Response:
        """What httpx.AsyncClient does for authentication; without cookies and redirects, which cost a third and are not wanted."""
        flow = self._auth.async_auth_flow(request)
        try:
            outgoing = await anext(flow)
            while True:
                # The last moment: a process that stood still may have woken up between its licence and here, or waited for a token.
                if not allowed():
                    raise TooLateError
                may_leave.set(allowed)
                outgoing.extensions = request.extensions  # the question for a token must end as well
                try:
                    response = await self._transport.handle_async_request(outgoing)
                    if not response.is_closed:  # ours come whole
                        try:
                            await response.aread()
                        finally:
                            await response.aclose()
                except NETWORK as error:
                    # Only the flow knows whether it was the request itself that got no answer.
                    await flow.athrow(error)
                    raise
                outgoing = await flow.asend(response)
        except StopAsyncIteration:
            return response
        finally:
            await flow.aclose()

    def _built(self, request: Request) -> httpx.Request:
        # The address is parsed once: httpx would parse it for every request.
        url = self._urls.get(request.path)
        if url is None:
            if len(self._urls) > 1000:  # a platform may have the conversation in the path
                self._urls.clear()
            url = self._urls[request.path] = httpx.URL(self._url(request))
        return httpx.Request(
            request.method, url, content=request.body, headers=request.headers, extensions=self._timeout
        )

    def _url(self, request: Request) -> str:
        return self._base + request.path

    def _count(self, api: str, outcome: Outcome, seconds: float) -> None:
        kind = str(outcome.__struct_config__.tag)
        name, platform = self.app, self._platform
        counter = self._counters.get((api, kind))
        if counter is None:
            counter = self._counters[api, kind] = metrics.ATTEMPTS.labels(name, platform, api, kind)
        timer = self._timers.get(api)
        if timer is None:
            timer = self._timers[api] = metrics.REQUEST_SECONDS.labels(name, platform, api)
        counter.inc()
        timer.observe(seconds)


def clients(
    apps: Mapping[str, App], settings: Deliver, transport: httpx.AsyncBaseTransport | None = None
) -> dict[str, Client]:
    return {name: Client(app, settings, transport) for name, app in apps.items()}


def _failed(error: Exception) -> Outcome:
    # The kind, and not the text, which could hold an address with a secret in it.
    name = type(error).__name__
    if isinstance(error, _NO_CONNECTION):
        return NotSent(f"no connection ({name})")
    # It had left, or may have: the platform may have taken it all the same.
    return Unsure(f"no answer ({name})")
