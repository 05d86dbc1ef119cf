"""How requests are authenticated: a flow of calls and answers, without I/O of its own (the shape is that of httpx.Auth)."""

import asyncio
import secrets
import time
from collections.abc import AsyncGenerator, Callable
from http import HTTPStatus
from typing import Any, Literal, NoReturn, get_args

import httpx

from converters.platform import Account, Reply, Request, Signed, SignedBody, Token
from streams.outbound.errors import NoAnswerError, NoConnectionError
from streams.outbound.transport import HttpCall

ASK_AGAIN = 5.0
"""Seconds before a token is asked for again after a refusal: some platforms block those who ask too often."""


NETWORK = (httpx.RequestError, NoConnectionError, NoAnswerError, TimeoutError, OSError)
"""What an exchange may raise about the network or what is at its other end."""


class TokenRefusedError(Exception):
    """There is no token, and so nothing was sent. The text is the platform's word for it.

    *ours*: the platform does not take our key; otherwise it could not be asked.
    """

    def __init__(self, why: str, *, ours: bool = True) -> None:
        super().__init__(why)
        self.ours = ours


TokenOutcome = Literal["granted", "refused", "unanswered", "worn_out"]
TOKEN_OUTCOMES: tuple[TokenOutcome, ...] = get_args(TokenOutcome)

Flow = AsyncGenerator[HttpCall, Reply]


class SignedAuth:
    def __init__(self, signed: Signed[Any] | SignedBody[Any], account: Account) -> None:
        self._signed = signed
        self._account = account

    def current(self) -> None:
        """Each call has headers of its own."""

    def worn_out(self, reply: Reply, used: dict[str, str]) -> bool:
        del reply, used
        return False

    async def flow(self, call: HttpCall, *, again: bool = False) -> Flow:
        del again
        signed, now = self._signed, int(time.time())
        if isinstance(signed, SignedBody):
            yield call.with_headers(signed.headers(self._account, now, call.body))
        else:
            yield call.with_headers(signed.headers(self._account, now, secrets.token_hex(16)))


class TokenAuth:
    """One token for all requests: asked for once however many wait, renewed at half its life, and when it is worn out."""

    def __init__(
        self,
        token: Token[Any],
        account: Account,
        url: Callable[[Request], str],
        clock: Callable[[], float] = time.monotonic,
        count: Callable[[TokenOutcome], None] = lambda _: None,
    ) -> None:
        """*count* is told each time one was asked for, or was refused when it was used."""
        self._rules = token
        self._account = account
        self._url = url
        self._clock = clock
        self._count = count
        self._asking = asyncio.Lock()
        self._headers: dict[str, str] = {}
        self._good_until = 0.0
        self._refused, self._ours = "", True
        self._refused_until = 0.0

    def renew(self) -> None:
        """The token was refused where this does not see it: the next flow asks for another."""
        self._good_until = 0.0

    def current(self) -> dict[str, str] | None:
        """The headers that authenticate any call, where they are known: it needs no flow then, unless they turn out to be worn out."""
        return self._headers if self._clock() < self._good_until else None

    def worn_out(self, reply: Reply, used: dict[str, str]) -> bool:
        """Whether *used* are good no longer: a flow follows, which is told that it is *again*."""
        if not self._rules.worn_out(reply):
            return False
        if used is self._headers:
            self._good_until = 0.0
        return True

    async def flow(self, call: HttpCall, *, again: bool = False) -> Flow:
        """Raises TokenRefusedError."""
        for first in (False,) if again else (True, False):
            if self._clock() >= self._good_until:
                # Only the first of those who wait asks; the others find it renewed.
                async with self._asking:
                    if self._clock() >= self._good_until:
                        self._check_refused()
                        try:
                            answer = yield self._ask()
                        except NETWORK as error:
                            self._count("unanswered")
                            self._refuse(f"no token: no answer ({type(error).__name__})", ours=False)
                        self._take(answer)
            used = self._headers
            reply = yield call.with_headers(used)
            fresh = used is self._headers
            if not self.worn_out(reply, used):
                return
            if fresh and not first:
                self._count("worn_out")
                self._refuse("a new token is refused as well")
        raise TokenRefusedError("token worn out twice")

    def _ask(self) -> HttpCall:
        ask = self._rules.ask(self._account)
        return HttpCall(ask.method, self._url(ask), ask.headers, ask.body)

    def _check_refused(self) -> None:
        if self._clock() < self._refused_until:
            raise TokenRefusedError(self._refused, ours=self._ours)

    def _refuse(self, why: str, *, ours: bool = True) -> NoReturn:
        self._refused, self._ours, self._refused_until = why, ours, self._clock() + ASK_AGAIN
        raise TokenRefusedError(why, ours=ours)

    def _take(self, reply: Reply) -> None:
        granted = self._rules.read(reply)
        if isinstance(granted, str):
            ours = reply.status < 500
            # That it was too often says nothing of the key.
            self._count("refused" if ours and reply.status != HTTPStatus.TOO_MANY_REQUESTS else "unanswered")
            self._refuse(granted, ours=ours)
        self._count("granted")
        self._headers = self._rules.headers(granted.token)
        self._good_until = self._clock() + granted.lifetime / 2
