"""What a connection needs to prove who it is and to know whom it speaks to, read anew from the settings' files for each connection."""

import hashlib
import ssl
import tempfile
import time
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from functools import partial
from pathlib import Path
from typing import Any, NamedTuple

import structlog
from aiokafka.abc import AbstractTokenProvider
from aiokafka.errors import KafkaError

from converters.core.localized import Localized, localized
from streams.kafka import expiry
from streams.kafka.security import PASSWORD, SecuritySettings
from streams.kafka.tokens import provider

log = structlog.get_logger()


class CredentialsError(KafkaError):  # type: ignore[misc, unused-ignore]
    """A file is missing, or what is in it is not usable; the text names the setting, and holds nothing of the secret."""

    retriable = True

    def __init__(self, text: Localized) -> None:
        super().__init__(text)

    def __str__(self) -> str:
        return str(self.args[0])


class ConnectionCredentials(NamedTuple):
    """What one new connection is made with; as aiokafka's connection takes it."""

    ssl_context: ssl.SSLContext | None
    sasl_mechanism: str | None
    sasl_plain_username: str | None
    sasl_plain_password: str | None
    sasl_oauth_token_provider: AbstractTokenProvider | None


class Credentials:
    """One for each cluster and process: what it read is kept as long as it is the same."""

    def __init__(self, security: SecuritySettings) -> None:
        self.security = security
        self._context: tuple[bytes, ssl.SSLContext] | None = None
        for key, what in (("ca", "ca"), ("certificate", "client")):
            if security.given(key):
                expiry.show(what, security.named(key), partial(self.text, key))
        self._tokens = provider(security, self.text) if security.mechanism in ("OAUTHBEARER", "AWS_MSK_IAM") else None

    def proof(self) -> ConnectionCredentials:
        """What holds now. Raises CredentialsError."""
        security = self.security
        context = self.context() if security.tls else None
        if not security.sasl:
            return ConnectionCredentials(context, None, None, None, None)
        if security.mechanism in PASSWORD:
            return ConnectionCredentials(context, security.mechanism, security.username, self.text("password"), None)
        assert self._tokens is not None, "made with a mechanism that needs them"
        self._tokens.check()
        return ConnectionCredentials(context, "OAUTHBEARER", None, None, self._tokens)

    def text(self, key: str) -> str:
        """What is given as *key*, itself or in its file; empty where neither is. Raises CredentialsError."""
        path = getattr(self.security, f"{key}_file")
        if not path:
            return self.security.inline(key)
        try:
            found = Path(path).read_text(encoding="utf-8").strip()
        except (OSError, UnicodeDecodeError) as error:
            why = (
                error.strerror
                if isinstance(error, OSError)
                else localized("it is not text; expected is PEM, and no keystore of Java's")
                if key in ("ca", "certificate", "key")
                else localized("it is not text")
            )
            raise CredentialsError(localized("kafka.security.{key}_file: cannot read {path}: {why}", key=key, path=path, why=why)) from None
        if not found:
            raise CredentialsError(localized("kafka.security.{key}_file: {path} is empty", key=key, path=path))
        return found

    def context(self) -> ssl.SSLContext:
        """As the files are now; as they were before where they do not fit together now, as while they are replaced. Raises CredentialsError."""
        try:
            parts = [self.text(key) for key in ("ca", "certificate", "key", "key_password")]
            now = hashlib.sha256("\0".join(parts).encode()).digest()
            if self._context is None or self._context[0] != now:
                self._context = now, self._made(*parts)
        except CredentialsError as error:
            if self._context is None:
                raise
            log.warning("TLS files cannot be used now; those of before are", why=str(error))
        return self._context[1]

    def _made(self, ca: str, certificate: str, key: str, password: str) -> ssl.SSLContext:
        security = self.security
        try:
            context = ssl.create_default_context(cadata=ca or None)
        except (ssl.SSLError, ValueError):
            raise CredentialsError(
                localized("{ca} is no certificate: expected is PEM, -----BEGIN CERTIFICATE-----", ca=security.named("ca"))
            ) from None
        context.check_hostname = security.check_hostname
        # Newer Pythons also want of a CA what those that are made by hand for brokers mostly lack, and Java does not ask for.
        context.verify_flags &= ~ssl.VERIFY_X509_STRICT
        if certificate:
            if "ENCRYPTED" in key and not password:
                raise CredentialsError(localized("{key} is encrypted: give kafka.security.key_password_file", key=security.named("key")))
            with ExitStack() as until:
                chain = until.enter_context(_path(security.certificate_file, certificate))
                private = until.enter_context(_path(security.key_file, key))
                try:
                    context.load_cert_chain(chain, private, lambda: password)
                except (ssl.SSLError, ValueError, OSError) as error:
                    raise CredentialsError(self._unfit(error, encrypted="ENCRYPTED" in key)) from None
        return context

    def _unfit(self, error: Exception, *, encrypted: bool) -> Localized:
        certificate, key = self.security.named("certificate"), self.security.named("key")
        reason = str(getattr(error, "reason", "") or "")
        if "MISMATCH" in reason:
            return localized("{key} is not the key of {certificate}: give the two that belong together", key=key, certificate=certificate)
        if encrypted:
            return localized("{key} cannot be decrypted: {named} is another password", key=key, named=self.security.named("key_password"))
        return localized(
            "{certificate} and {key} cannot be read as PEM ({reason})",
            certificate=certificate,
            key=key,
            reason=reason or type(error).__name__,
        )

    def ended(self) -> str:
        """What to say of our own certificate where it holds no more, or not yet; empty where it does, or there is none."""
        about = self._certificate() if self.security.given("certificate") else {}
        now = time.time()
        if about.get("notAfter") and ssl.cert_time_to_seconds(about["notAfter"]) < now:
            return localized("{named} has ended on {about}: renew it", named=self.security.named("certificate"), about=about["notAfter"])
        if about.get("notBefore") and ssl.cert_time_to_seconds(about["notBefore"]) > now:
            return localized(
                "{named} begins on {about}: is this machine's clock right?",
                named=self.security.named("certificate"),
                about=about["notBefore"],
            )
        return ""

    def principal(self) -> str:
        """Who we are to the brokers, where that can be known here; else empty. Source: Apache Kafka, "Customizing SSL User Name"."""
        security = self.security
        if security.mechanism in PASSWORD:
            return f"User:{security.username}"
        if security.protocol == "SSL" and security.given("certificate"):
            try:
                return _distinguished(self._certificate())
            except CredentialsError:
                return ""
        if security.sasl:
            return self._tokens.principal() if self._tokens is not None else ""
        return "User:ANONYMOUS"

    def _certificate(self) -> dict[str, Any]:
        """What the first of our certificates says; nothing where this Python cannot tell."""
        with _path(self.security.certificate_file, self.text("certificate")) as path:
            try:
                made: dict[str, Any] = ssl._ssl._test_decode_cert(path)  # type: ignore[attr-defined]  # noqa: SLF001 - without another package, there is no other way
            except (AttributeError, ssl.SSLError, OSError, ValueError):
                return {}
        return made


@contextmanager
def _path(path: str, text: str) -> Iterator[str]:
    """*path*; without one, a file of *text* for as long as it is needed, of this user alone: TLS takes paths only."""
    if path:
        yield path
        return
    with tempfile.NamedTemporaryFile("w", suffix=".pem") as file:
        file.write(text + "\n")
        file.flush()
        yield file.name


_SHORT = {
    "commonName": "CN",
    "organizationalUnitName": "OU",
    "organizationName": "O",
    "localityName": "L",
    "stateOrProvinceName": "ST",
    "countryName": "C",
    "streetAddress": "STREET",
    "domainComponent": "DC",
    "userId": "UID",
}


def _distinguished(certificate: dict[str, Any]) -> str:
    """As the brokers write it: RFC 2253, the last part first."""
    parts = [(_SHORT.get(name, name), value) for one in reversed(certificate.get("subject", ())) for name, value in one]
    return "User:" + ",".join(f"{name}={_escaped(value)}" for name, value in parts) if parts else ""


def _escaped(value: str) -> str:
    made = "".join("\\" + one if one in ',+"\\<>;' else one for one in value)
    return "\\" + made if made.startswith(("#", " ")) else made
