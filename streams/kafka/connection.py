"""Connections as all of ours are made: proven with what the settings' files hold now, and proven anew before the proof ends.

aiokafka keeps what it was given at first, takes a token that the brokers refuse for accepted, and lets a proof run out: the brokers
then close the connection under whatever is on its way. Source: Apache Kafka, "KIP-368: Allow SASL Connections to Periodically Re-Authenticate".
"""

import asyncio
from collections.abc import Awaitable, Callable
from typing import Any

import structlog
from aiokafka.conn import CloseReason
from aiokafka.errors import UnsupportedSaslMechanismError, for_code
from aiokafka.protocol.admin import SaslAuthenticateRequest, SaslHandShakeRequest

from streams.kafka.credentials import ConnectionCredentials
from streams.kafka.keepalive import KeepaliveConnection

log = structlog.get_logger()

SHARE = 0.8
"""Of the time that a proof holds, after which it is given anew."""
DUMMY = b"\1"
"""What lets the brokers say why they refuse a token. Source: RFC 7628, section 3.2.3."""

UNSUPPORTED_MECHANISM, ILLEGAL_STATE = 33, 34


class MechanismError(UnsupportedSaslMechanismError):  # type: ignore[misc, unused-ignore]
    """The listener does not take the mechanism; *offered* are those that it takes, none where it wants no proof at all."""

    def __init__(self, offered: list[str]) -> None:
        super().__init__(", ".join(offered))
        self.offered = offered


class KafkaConnection(KeepaliveConnection):
    """*proof* is asked before each renewal."""

    def __init__(self, host: str, port: int, *, proof: Callable[[], ConnectionCredentials], protocol: str, **options: Any) -> None:
        given = proof()
        super().__init__(host, port, security_protocol=protocol, **given._asdict(), **options)
        self._proof = proof
        self._timer: asyncio.TimerHandle | None = None
        self._renewing: asyncio.Task[None] | None = None

    @property
    def versions(self) -> dict[int, tuple[int, int]]:
        """What the broker at the other end can do, by API."""
        return dict(self._versions)

    def send(self, request: Any, expect_response: bool = True) -> Awaitable[Any]:  # noqa: FBT001, FBT002 - aiokafka's
        """Whatever comes while the proof is renewed waits for that: the brokers take nothing else then."""
        if self._renewing is not None:
            return self._after_renewal(request, expect_response=expect_response)
        return super().send(request, expect_response)  # type: ignore[no-any-return, unused-ignore]

    async def _after_renewal(self, request: Any, *, expect_response: bool) -> Any:
        while self._renewing is not None:
            await asyncio.wait({self._renewing})
        return await super().send(request, expect_response)

    async def _do_sasl_handshake(self) -> None:
        """In place of aiokafka's. Raises MechanismError, KafkaError, CredentialsError."""
        answer = await super().send(SaslHandShakeRequest(self._sasl_mechanism))
        if answer.error_code in (UNSUPPORTED_MECHANISM, ILLEGAL_STATE):
            raise MechanismError(list(answer.enabled_mechanisms) if answer.error_code == UNSUPPORTED_MECHANISM else [])
        if answer.error_code:
            raise for_code(answer.error_code)
        steps = self._steps()
        said: bytes | None = None
        while (step := await steps.step(said)) is not None:
            answer = await super().send(SaslAuthenticateRequest(step[0]))
            if answer.error_code:
                if self._sasl_oauth_token_provider is not None:
                    self._sasl_oauth_token_provider.refused()
                raise for_code(answer.error_code)(answer.error_message)
            said = answer.sasl_auth_bytes
        lifetime = getattr(answer, "session_lifetime_ms", 0)
        if lifetime > 0:
            self._timer = asyncio.get_running_loop().call_later(lifetime / 1000 * SHARE, self._renew)

    def _steps(self) -> Any:
        match self._sasl_mechanism:
            case "OAUTHBEARER":
                return _Bearer(self.authenticator_oauth())
            case "PLAIN":
                return self.authenticator_plain()
            case _:
                return self.authenticator_scram()

    def _renew(self) -> None:
        if self.connected():
            self._renewing = asyncio.get_running_loop().create_task(self._renewal())

    async def _renewal(self) -> None:
        try:
            proof = self._proof()
            self._sasl_plain_username, self._sasl_plain_password = proof.sasl_plain_username, proof.sasl_plain_password
            await self._do_sasl_handshake()
        except Exception as error:  # noqa: BLE001 - whatever it is, a new connection may do better, and says so if not
            log.warning("proof of who we are could not be renewed", host=self.host, error=type(error).__name__)
            self.close(reason=CloseReason.AUTH_FAILURE, exc=error)
        finally:
            self._renewing = None

    def close(self, reason: Any = None, exc: BaseException | None = None) -> Any:
        if self._timer is not None:
            self._timer.cancel()
        return super().close(reason, exc)


class _Bearer:
    """A token was refused where anything is answered."""

    def __init__(self, steps: Any) -> None:
        self._steps = steps

    async def step(self, said: bytes | None) -> tuple[bytes, bool] | None:
        if said:
            return DUMMY, True
        found: tuple[bytes, bool] | None = await self._steps.step(said)
        return found
