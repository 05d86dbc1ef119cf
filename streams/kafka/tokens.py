"""Tokens for OAUTHBEARER: from a file, from a token endpoint (client credentials), or signed for AWS MSK.

One is kept until most of its life is over; whoever connects meanwhile gets the same.
"""

import asyncio
import base64
import binascii
import json
import ssl
import time
from collections.abc import Callable

import httpx
from aiokafka.abc import AbstractTokenProvider
from aiokafka.errors import KafkaError

from converters.core.localized import Localized, localized
from streams.kafka.security import SecuritySettings

SHARE = 0.8
"""Of a token's life, after which another one is had."""
TIMEOUT = 10.0
"""Seconds for the token endpoint to answer."""

Text = Callable[[str], str]
"""What a key of the settings gives now."""


class TokenError(KafkaError):  # type: ignore[misc, unused-ignore]
    """There is no token; the text says why, and holds nothing of a secret."""

    retriable = True

    def __init__(self, text: Localized) -> None:
        super().__init__(text)

    def __str__(self) -> str:
        return str(self.args[0])


class Tokens(AbstractTokenProvider):  # type: ignore[misc, unused-ignore]
    def __init__(self, security: SecuritySettings, text: Text) -> None:
        self.security = security
        self.text = text
        self._token, self._until = "", 0.0
        self._asking = asyncio.Lock()

    def check(self) -> None:
        """Raises TokenError where there will never be one."""

    async def token(self) -> str:
        """Raises TokenError, CredentialsError."""
        async with self._asking:
            if time.time() >= self._until:
                began = time.time()
                self._token, life = await self.fetched()
                self._until = began + life * SHARE
            return self._token

    async def fetched(self) -> tuple[str, float]:
        """A token, and for how many seconds it holds."""
        raise NotImplementedError

    def extensions(self) -> dict[str, str]:
        return dict(self.security.extensions)

    def principal(self) -> str:
        """Whom the last token names, if it says so where it usually is."""
        subject = _claims(self._token).get("sub")
        return f"User:{subject}" if subject else ""

    def refused(self) -> None:
        """The brokers did not take it: it is not kept."""
        self._until = 0.0


class FileTokens(Tokens):
    """Read for each connection: whoever renews it knows when."""

    async def fetched(self) -> tuple[str, float]:
        return self.text("token"), 0.0


class EndpointTokens(Tokens):
    """Source: RFC 6749, section 4.4."""

    async def fetched(self) -> tuple[str, float]:
        security, where = self.security, f"kafka.security.token_url {self.security.token_url}"
        form = {"grant_type": "client_credentials"} | ({"scope": security.scope} if security.scope else {}) | security.token_parameters
        trusted: ssl.SSLContext | bool = True
        if ca := self.text("token_ca"):
            try:
                trusted = ssl.create_default_context(cadata=ca)
            except (ssl.SSLError, ValueError):
                raise TokenError(
                    localized(
                        "{token_ca} is no certificate: expected is PEM, -----BEGIN CERTIFICATE-----", token_ca=security.named("token_ca")
                    )
                ) from None
        try:
            async with httpx.AsyncClient(verify=trusted, timeout=TIMEOUT) as client:
                answer = await client.post(security.token_url, data=form, auth=(security.client_id, self.text("client_secret")))
        except httpx.HTTPError as error:
            what = (
                localized("its certificate is not trusted; see kafka.security.token_ca_file")
                if "CERTIFICATE_VERIFY" in str(error)
                else type(error).__name__
            )
            raise TokenError(localized("{where} gives no answer ({what})", where=where, what=what)) from None
        try:
            about = answer.json()
            token, life = str(about["access_token"]), float(about.get("expires_in", 300))
        except (ValueError, KeyError, TypeError, AttributeError):
            raise TokenError(
                localized(
                    "{where} gives no token: it answered {status_code}{answer}; see client_id, client_secret, scope",
                    where=where,
                    status_code=answer.status_code,
                    answer=_said(answer),
                )
            ) from None
        return token, life


class MskTokens(Tokens):
    """Source: AWS, "aws-msk-iam-sasl-signer-python". The signer asks for credentials, which may take seconds."""

    def check(self) -> None:
        try:
            import aws_msk_iam_sasl_signer  # noqa: F401 - whether it can be
        except ImportError:
            raise TokenError(
                localized("kafka.security.mechanism is AWS_MSK_IAM, and its signer is not installed: pip install 'im-relay[msk]'")
            ) from None

    async def fetched(self) -> tuple[str, float]:
        from aws_msk_iam_sasl_signer import MSKAuthTokenProvider

        try:
            token, until = await asyncio.to_thread(MSKAuthTokenProvider.generate_auth_token, self.security.region)
        except Exception as error:  # noqa: BLE001 - the package's own errors, and those of what it asks
            raise TokenError(
                localized("AWS gives no credentials to sign with ({kind}): see the role of this machine or pod", kind=type(error).__name__)
            ) from None
        return str(token), float(until) / 1000 - time.time()

    def principal(self) -> str:
        return ""  # the role's name is known to AWS alone


def provider(security: SecuritySettings, text: Text) -> Tokens:
    if security.mechanism == "AWS_MSK_IAM":
        return MskTokens(security, text)
    return EndpointTokens(security, text) if security.token_url else FileTokens(security, text)


def _claims(token: str) -> dict[str, object]:
    try:
        middle = token.split(".")[1]
        found = json.loads(base64.urlsafe_b64decode(middle + "=" * (-len(middle) % 4)))
    except (IndexError, ValueError, binascii.Error):
        return {}
    return found if isinstance(found, dict) else {}


def _said(answer: httpx.Response) -> str:
    """The endpoint's own word for it, which is one of a few. Source: RFC 6749, section 5.2."""
    try:
        error = answer.json().get("error")
    except (ValueError, AttributeError):
        return ""
    return f" {error}" if isinstance(error, str) and error.isascii() and len(error) < 60 and error.replace("_", "").isalnum() else ""
