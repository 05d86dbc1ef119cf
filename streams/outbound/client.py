"""Requests to one app: sent, answered, and the answer read into an outcome."""

import time
from collections.abc import Callable, Mapping

import httpx
from msgspec import Struct
from prometheus_client import Counter, Histogram

from converters.core.outcome import Delivered, NotSent, Unsure
from converters.platform import Answered, Partial, Reply, Request, Token
from converters.routing.route import App
from streams.deliver.settings import DeliverSettings
from streams.observe import metrics
from streams.outbound.auth import NETWORK, TOKEN_OUTCOMES, SignedAuth, TokenAuth, TokenRefusedError
from streams.outbound.errors import NoConnectionError, TooLateError
from streams.outbound.proxies import proxies
from streams.outbound.transport import HttpCall, HttpxTransport, PooledTransport, Transport

TOO_LATE = NotSent("too late to leave")
"""It was no longer allowed to leave, and has not."""

LONGEST_ID = 256
"""Characters of a message id, as docs/own.md allows; those of other platforms are shorter."""

_NO_CONNECTION = (NoConnectionError, httpx.UnsupportedProtocol)
"""No connection, so no request."""


def _always() -> bool:
    return True


class PlatformClient:
    """One for each app. httpx's own transport collapses beyond some tens of requests in flight; ours does not."""

    def __init__(self, app: App, settings: DeliverSettings, transport: httpx.AsyncBaseTransport | None = None) -> None:
        self.app = app.name
        self._platform = app.platform.name
        self._base = str(app.account.base_url).rstrip("/")
        self._read = app.platform.read_reply
        auth: TokenAuth | SignedAuth
        if isinstance(app.platform.auth, Token):
            tokens = {outcome: metrics.TOKENS.labels(app.name, app.platform.name, outcome) for outcome in TOKEN_OUTCOMES}
            auth = TokenAuth(app.platform.auth, app.account, self._url, count=lambda outcome: tokens[outcome].inc())
        else:
            auth = SignedAuth(app.platform.auth, app.account)
        self._auth = auth
        self._transport: Transport = (
            HttpxTransport(transport, settings.timeout)
            if transport is not None
            else PooledTransport(settings.max_requests_per_app, settings.timeout, proxies(settings, "deliver"))
        )
        self._counters: dict[tuple[str, type[Struct], bool], Counter] = {}
        """By API, kind of outcome, and whether we are locked out."""
        self._timers: dict[str, Histogram] = {}

    async def send(self, request: Request, allowed: Callable[[], bool] = _always) -> Answered:
        """One attempt, given up unless *allowed* when it is about to leave. Never raises for what the network or the platform does."""
        start = time.perf_counter()
        answer = await self.reply(request, allowed)
        outcome = _bounded(self._read(request, answer)) if isinstance(answer, Reply) else answer
        self.count(request.api, outcome, time.perf_counter() - start)
        return outcome

    async def reply(self, request: Request, allowed: Callable[[], bool] = _always) -> Reply | NotSent | Unsure:
        """As `send`, with the answer as it came, which is not counted."""
        try:
            if (known := self._auth.current()) is None:
                return await self._authenticated(self._plain(request), allowed, again=False)
            # The transport asks whether it is allowed when it has a connection: that is the last moment.
            call = HttpCall(request.method, self._url(request), request.headers | known, request.body)
            reply = await self._transport.call(call, allowed)
            return await self._authenticated(self._plain(request), allowed, again=True) if self._auth.worn_out(reply, known) else reply
        except TooLateError:
            return TOO_LATE
        except TokenRefusedError as error:
            return NotSent(str(error), ours=error.ours)
        except NETWORK as error:
            return _failed(error)

    async def question(self, request: Request) -> Reply | None:
        """The answer to one question, not repeated; None when there is none."""
        answer = await self.reply(request)
        return answer if isinstance(answer, Reply) else None

    async def bare(self, request: Request) -> Reply | None:
        """The same without what authenticates us."""
        return await self.fetch(self._plain(request))

    async def fetch(self, call: HttpCall) -> Reply | None:
        """The answer to *call* as it is, wherever it leads; None where there is none."""
        try:
            return await self._transport.call(call, _always)
        except NETWORK:
            return None

    async def credentials(self, url: str, *, renewed: bool = False) -> dict[str, str] | None:
        """The headers that let us GET *url*, which is the platform's own; None where there are none to be had now.

        *renewed*: those of before were refused.
        """
        if renewed and isinstance(self._auth, TokenAuth):
            self._auth.renew()
        flow = self._auth.flow(HttpCall("GET", url, {}, b""))
        try:
            call = await anext(flow)
            while call.url != url:
                call = await flow.asend(await self._transport.call(call, _always))
        except (TokenRefusedError, *NETWORK):
            return None
        finally:
            await flow.aclose()
        return call.headers

    async def close(self) -> None:
        await self._transport.close()

    async def _authenticated(self, plain: HttpCall, allowed: Callable[[], bool], *, again: bool) -> Reply:
        """The answer to *plain*, once what authenticates it is known; *again*: it was refused with what was known before."""
        flow = self._auth.flow(plain, again=again)
        try:
            call = await anext(flow)
            while True:
                try:
                    reply = await self._transport.call(call, allowed)
                except NETWORK as error:
                    # Only the flow knows whether it was the request itself that got no answer.
                    await flow.athrow(error)
                    raise
                call = await flow.asend(reply)
        except StopAsyncIteration:
            return reply
        finally:
            await flow.aclose()

    def _plain(self, request: Request) -> HttpCall:
        """Without what authenticates us."""
        return HttpCall(request.method, self._url(request), request.headers, request.body)

    def _url(self, request: Request) -> str:
        return self._base + request.path

    def count(self, api: str, outcome: Struct, seconds: float) -> None:
        """What came of a call to *api*, and how long it took."""
        kind = type(outcome)
        locked_out = isinstance(outcome, NotSent) and outcome.ours
        counter = self._counters.get((api, kind, locked_out))
        if counter is None:
            told = "locked_out" if locked_out else str(outcome.__struct_config__.tag)
            counter = self._counters[api, kind, locked_out] = metrics.ATTEMPTS.labels(self.app, self._platform, api, told)
        timer = self._timers.get(api)
        if timer is None:
            timer = self._timers[api] = metrics.REQUEST_SECONDS.labels(self.app, self._platform, api)
        counter.inc()
        timer.observe(seconds)


def clients(
    apps: Mapping[str, App], settings: DeliverSettings, transport: httpx.AsyncBaseTransport | None = None
) -> dict[str, PlatformClient]:
    return {name: PlatformClient(app, settings, transport) for name, app in apps.items()}


def _bounded(outcome: Answered) -> Answered:
    """An answer whose message id is longer than any platform's says nothing: the id would go into the ledger and into later requests."""
    done = outcome.done if isinstance(outcome, Partial) else outcome
    if isinstance(done, Delivered) and len(done.remote_id) > LONGEST_ID:
        return Unsure(f"an answer with a message id of {len(done.remote_id)} characters; at most {LONGEST_ID} are expected")
    return outcome


def _failed(error: Exception) -> NotSent | Unsure:
    # The kind, and not the text, which could hold an address with a secret in it.
    name = type(error).__name__
    if isinstance(error, NoConnectionError) and error.ours:
        return NotSent(f"no connection: {error}", ours=True)
    if isinstance(error, _NO_CONNECTION):
        return NotSent(f"no connection ({name})")
    # It had left, or may have: the platform may have taken it all the same.
    return Unsure(f"no answer ({name})")
