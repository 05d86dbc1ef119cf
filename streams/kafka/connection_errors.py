"""Why no connection came about, in a sentence that names the setting to change. Nothing of a secret is in it."""

import errno
import socket
import ssl
import time
from collections.abc import Iterator
from weakref import WeakKeyDictionary

from aiokafka.errors import SaslAuthenticationFailed

from converters.core.localized import Localized, localized, text_of
from streams.kafka.cluster import Cluster
from streams.kafka.connection import MechanismError
from streams.kafka.credentials import CredentialsError
from streams.kafka.security import PASSWORD, SecuritySettings
from streams.kafka.tls_probe import ProbeResult, look
from streams.kafka.tokens import TokenError

# Source: OpenSSL, "X509_STORE_CTX_get_error".
_NOT_YET, _EXPIRED, _HOST, _ADDRESS = 9, 10, 62, 64
_UNTRUSTED = {2, 7, 18, 19, 20, 21, 24, 30}
"""No issuer, another issuer of the same name, or one that may not sign."""


_seen: WeakKeyDictionary[Cluster, dict[tuple[str, int], tuple[float, ProbeResult]]] = WeakKeyDictionary()
KEPT = 10.0
"""Seconds for which what was seen is believed."""


async def explained(error: BaseException, cluster: Cluster, host: str, port: int, *, again: bool = True) -> Localized:
    """*again*: look at the address once more where the error itself does not tell."""
    at = f"{host}:{port}"
    for each in _chain(error):
        if isinstance(each, (CredentialsError, TokenError)):
            return text_of(each)
        if said := _plain(each, cluster):
            return localized("{at}: {said}", at=at, said=said)
    if isinstance(error, TimeoutError):
        return localized("{at}: no broker answers there in time; is it running, and is the address right?", at=at)
    seen = await _look(cluster, host, port) if again else ProbeResult(None)
    return localized("{at}: {said}", at=at, said=_unlike(seen, cluster) or _unanswered(error))


async def _look(cluster: Cluster, host: str, port: int) -> ProbeResult:
    known, now = _seen.setdefault(cluster, {}), time.monotonic()
    at, seen = known.get((host, port), (-KEPT, ProbeResult(None)))
    if now - at >= KEPT:
        seen = await look(host, port)
        known[host, port] = time.monotonic(), seen
    return seen


def _chain(error: BaseException | None) -> Iterator[BaseException]:
    while error is not None:
        yield error
        error = error.__cause__


def _plain(error: BaseException, cluster: Cluster) -> str:
    """What *error* tells by itself; empty where that is not enough."""
    security = cluster.security
    match error:
        case ssl.SSLCertVerificationError():
            return _certificate(error, security)
        case ssl.SSLError() if "ALERT" in (error.reason or ""):
            return _alert(error.reason or "", cluster)
        case MechanismError():
            return _mechanism(error.offered, security)
        case SaslAuthenticationFailed():
            return _proof(cluster)
        case socket.gaierror():
            return localized(
                "this host has no address; is kafka.bootstrap right, or what the brokers call themselves (advertised.listeners)?"
            )
        case ConnectionRefusedError() | OSError(errno=errno.ECONNREFUSED | errno.EHOSTUNREACH | errno.ENETUNREACH):
            return localized("no broker answers there (nothing listens, or no way leads there); is it running, and is the address right?")
        case _:
            return ""


def _certificate(error: ssl.SSLCertVerificationError, security: SecuritySettings) -> str:
    match error.verify_code:
        case code if code == _EXPIRED:
            return localized(
                "the broker's certificate has ended (expired), or that of a CA above it: it must be renewed there; and is this machine's clock right?"
            )
        case code if code == _NOT_YET:
            return localized("the broker's certificate holds only from later on: is this machine's clock right?")
        case code if code in (_HOST, _ADDRESS):
            return localized(
                "the broker's certificate is for another name (hostname mismatch): write in kafka.bootstrap a name that it is for, or have one made for this name; brokers' own names are their advertised.listeners"
            )
        case code if code in _UNTRUSTED:
            whom = (
                localized("the CA of {path}", path=security.named("ca"))
                if security.given("ca")
                else localized("a CA that this system trusts")
            )
            return localized(
                "the broker's certificate is not signed by {whom}: give the CA that has signed it as kafka.security.ca_file", whom=whom
            )
        case _:
            return localized("the broker's certificate is not taken ({verify_message})", verify_message=error.verify_message)


def _alert(reason: str, cluster: Cluster) -> str:
    security = cluster.security
    if not security.given("certificate"):
        return localized(
            "the broker wants a certificate of ours ({reason}): give kafka.security.certificate_file and kafka.security.key_file",
            reason=_words(reason),
        )
    if "VERSION" in reason or "HANDSHAKE_FAILURE" in reason:
        return localized("broker and relay have no version or cipher of TLS in common ({reason})", reason=_words(reason))
    why = cluster.credentials.ended() or localized(
        "it must be signed by a CA that the brokers trust; see {path}", path=security.named("certificate")
    )
    return localized("the broker does not take our certificate ({reason}): {why}", reason=_words(reason), why=why)


def _words(reason: str) -> str:
    return reason.lower().rpartition("alert_")[2].replace("_", " ")


def _mechanism(offered: list[str], security: SecuritySettings) -> str:
    if offered:
        return localized(
            "the listener does not take kafka.security.mechanism {mechanism}; it takes: {offered}",
            mechanism=security.mechanism,
            offered=", ".join(sorted(offered)),
        )
    return localized(
        'the listener wants no name: write kafka.security.protocol = "{protocol}" without a mechanism, or name another listener',
        protocol="SSL" if security.tls else "PLAINTEXT",
    )


def _proof(cluster: Cluster) -> str:
    security = cluster.security
    if security.mechanism in PASSWORD:
        return localized(
            "the broker refuses the password of {username!r} by {mechanism}: see kafka.security.username and {password}; does the user exist for this mechanism?",
            username=security.username,
            mechanism=security.mechanism,
            password=security.named("password"),
        )
    if security.mechanism == "AWS_MSK_IAM":
        return localized(
            "the broker refuses the AWS identity: its role needs kafka-cluster:Connect, and kafka.security.region must be the cluster's"
        )
    which = localized("kafka.security.token_url gave") if security.token_url else localized("{path} holds", path=security.named("token"))
    return localized(
        "the broker refuses the token that {which}: is it still valid, and made for this cluster (scope, audience, issuer)?", which=which
    )


def _unlike(seen: ProbeResult, cluster: Cluster) -> str:
    """How the listener differs from what the settings say; empty where it does not, or was not seen."""
    security = cluster.security
    if seen.tls is None:
        return ""
    if seen.mechanisms is None:
        wanted: str = localized("SSL or SASL_SSL")
    else:
        wanted = ("SASL_" if seen.mechanisms else "") + ("SSL" if seen.tls else "PLAINTEXT")
        if seen.mechanisms and not seen.tls:
            wanted = "SASL_PLAINTEXT"
    proven = localized(", with kafka.security.mechanism one of {names}", names=", ".join(seen.mechanisms)) if seen.mechanisms else ""
    if seen.tls != security.tls:
        speaks = "TLS" if seen.tls else localized("no TLS")
        return localized(
            'the listener speaks {speaks}, and kafka.security.protocol is "{protocol}": write {wanted}{proven}; or name another listener\'s port in kafka.bootstrap',
            speaks=speaks,
            protocol=security.protocol,
            wanted=wanted,
            proven=proven,
        )
    if seen.mechanisms and not security.sasl:
        return localized(
            'the listener wants a name and its proof, and kafka.security.protocol is "{protocol}": write {wanted}{proven}',
            protocol=security.protocol,
            wanted=wanted,
            proven=proven,
        )
    if seen.tls and seen.mechanisms is None:
        if not security.given("certificate"):
            return localized(
                "the broker ends TLS without a word; it may want a certificate of ours: give kafka.security.certificate_file and kafka.security.key_file"
            )
        return localized(
            "the broker ends TLS without a word: {ended}",
            ended=cluster.credentials.ended() or localized("does it trust the CA of kafka.security.certificate_file?"),
        )
    return ""


def _unanswered(error: BaseException) -> str:
    return localized(
        "no broker answers there as one should ({kind}); is it running, and is it Kafka that listens?", kind=type(error).__name__
    )
