"""A real Kafka as customers have it: TLS, names and their proofs, and an authorizer that permits nothing which was not granted.

One node with many listeners, one for each way in, and some that are wrong in one way each.
"""

import base64
import json
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from functools import cached_property
from pathlib import Path
from typing import Any

import trustme
from confluent_kafka import admin as confluent
from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import (
    BestAvailableEncryption,
    Encoding,
    NoEncryption,
    PrivateFormat,
    load_pem_private_key,
)

from streams.kafka.acls import AclGrant
from streams.kafka.local.broker import LocalKafka
from streams.kafka.local.ports import free_port

PASSWORD = "of-the-test-and-of-no-other-use"
KEY_PASSWORD = "of-the-key"
LISTENERS = {
    "PLAINTEXT": "PLAINTEXT",  # for the tests' own hands: whoever comes here is a super user
    "TLS": "SSL",
    "MUTUAL": "SSL",
    "SECURE": "SASL_SSL",
    "PROVEN": "SASL_PLAINTEXT",
    "BRIEFLY": "SASL_SSL",
    "EXPIRED": "SASL_SSL",
    "ELSEWHERE": "SASL_SSL",
}
"""Name and protocol. BRIEFLY has a proof hold for few seconds; EXPIRED and ELSEWHERE have certificates that do not hold, or are for another host."""
_MODULES = {
    "SCRAM-SHA-256": "org.apache.kafka.common.security.scram.ScramLoginModule required;",
    "SCRAM-SHA-512": "org.apache.kafka.common.security.scram.ScramLoginModule required;",
    "PLAIN": f'org.apache.kafka.common.security.plain.PlainLoginModule required user_relay="{PASSWORD}";',
    "OAUTHBEARER": 'org.apache.kafka.common.security.oauthbearer.OAuthBearerLoginModule required unsecuredLoginStringClaim_sub="broker";',
}
_RESOURCES = {"topic": "TOPIC", "group": "GROUP", "transactional-id": "TRANSACTIONAL_ID", "cluster": "BROKER"}


class Secured:
    def __init__(self, directory: Path) -> None:
        self.directory = directory
        self.authority, self.stranger = trustme.CA(), trustme.CA()
        """Who signs here, and somebody else."""
        self.ports = {name: free_port() for name in LISTENERS}
        controller = free_port()
        self.node = LocalKafka(
            directory / "kafka", self.ports["PLAINTEXT"], controller, brief=True, heap_mb=512, more=self._settings(controller)
        )
        self.ca = self._write("ca.pem", self.authority.cert_pem.bytes())
        self.namesake = self._write("namesake.pem", _namesake(self.authority))
        self.other_ca = self._write("other-ca.pem", self.stranger.cert_pem.bytes())

    def at(self, listener: str) -> str:
        return f"127.0.0.1:{self.ports[listener]}"

    @property
    def plain(self) -> str:
        """For the tests' own hands."""
        return self.at("PLAINTEXT")

    def security(self, **given: Any) -> dict[str, Any]:
        """As `[kafka.security]` of whoever comes by SECURE as the user `relay`, but for what is *given*."""
        usual = {
            "protocol": "SASL_SSL",
            "ca_file": str(self.ca),
            "mechanism": "SCRAM-SHA-512",
            "username": "relay",
            "password_file": str(self._write("password", PASSWORD.encode())),
        }
        return {key: value for key, value in (usual | given).items() if value is not None}

    def toml(self, **given: Any) -> str:
        """`[kafka.security]` as text."""
        return "[kafka.security]\n" + "".join(f"{key} = {json.dumps(value)}\n" for key, value in self.security(**given).items())

    def certificate(self, name: str, *, by: trustme.CA | None = None, ended: bool = False, password: str = "") -> tuple[str, str]:
        """Paths of a client's certificate and key."""
        made = (by or self.authority).issue_cert(
            f"{name}.example.com",
            common_name=name,
            organization_name="relay, inc",
            organization_unit_name="tests",
            not_after=_yesterday() if ended else None,
        )
        stem = f"{name}-{len(list(self.directory.glob('*.pem')))}"
        chain = self._write(f"{stem}.pem", b"".join(each.bytes() for each in made.cert_chain_pems))
        return str(chain), str(self._write(f"{stem}-key.pem", _pkcs8(made, password)))

    # -- users, and what they may

    def user(self, name: str, password: str = PASSWORD) -> None:
        """One that proves itself by SCRAM; or another password for it."""
        kinds = confluent.ScramMechanism.SCRAM_SHA_256, confluent.ScramMechanism.SCRAM_SHA_512
        changes = [
            confluent.UserScramCredentialUpsertion(name, confluent.ScramCredentialInfo(kind, 4096), password.encode()) for kind in kinds
        ]
        for change in changes:
            for done in self._admin.alter_user_scram_credentials([change]).values():
                done.result()

    def grant(self, user: str, grants: Iterable[AclGrant]) -> None:
        for done in self._admin.create_acls([_binding(user, grant) for grant in grants]).values():
            done.result()

    def revoke(self, user: str, grants: Iterable[AclGrant] = ()) -> None:
        """Take *grants* away; all of the user's where none are named."""
        filters = [_filter(user, grant) for grant in grants] or [_filter(user, None)]
        for done in self._admin.delete_acls(filters).values():
            done.result()

    @cached_property
    def _admin(self) -> Any:
        return confluent.AdminClient({"bootstrap.servers": self.plain})

    # -- the node

    def _settings(self, controller: int) -> dict[str, object]:
        """Source: Apache Kafka, "Broker Configs"; "Security"."""
        good = self._keystore("broker", self.authority.issue_cert("127.0.0.1", "localhost"))
        ended = self._keystore("ended", self.authority.issue_cert("127.0.0.1", not_after=_yesterday()))
        elsewhere = self._keystore("elsewhere", self.authority.issue_cert("kafka.example.com"))
        trusted = self._write("trusted.pem", self.authority.cert_pem.bytes())
        known = ",".join(f"{name}://127.0.0.1:{port}" for name, port in self.ports.items())
        made: dict[str, object] = {
            "listeners": f"{known},CONTROLLER://127.0.0.1:{controller}",
            "advertised.listeners": known,
            "listener.security.protocol.map": ",".join([*(f"{name}:{kind}" for name, kind in LISTENERS.items()), "CONTROLLER:PLAINTEXT"]),
            "ssl.keystore.type": "PEM",
            "ssl.keystore.location": good,
            "ssl.truststore.type": "PEM",
            "ssl.truststore.location": trusted,
            "sasl.enabled.mechanisms": ",".join(_MODULES),
            "authorizer.class.name": "org.apache.kafka.metadata.authorizer.StandardAuthorizer",
            "super.users": "User:ANONYMOUS",
            "allow.everyone.if.no.acl.found": "false",
            "listener.name.mutual.ssl.client.auth": "required",
            "listener.name.expired.ssl.keystore.location": ended,
            "listener.name.elsewhere.ssl.keystore.location": elsewhere,
        }
        for name, kind in LISTENERS.items():
            for mechanism, module in _MODULES.items() if kind.startswith("SASL") else ():
                made[f"listener.name.{name.lower()}.{mechanism.lower()}.sasl.jaas.config"] = module
                if name == "BRIEFLY":
                    made[f"listener.name.briefly.{mechanism.lower()}.connections.max.reauth.ms"] = 2000
        return made

    def _keystore(self, name: str, certificate: trustme.LeafCert) -> Path:
        chain = b"".join(each.bytes() for each in certificate.cert_chain_pems)
        return self._write(f"{name}-keystore.pem", _pkcs8(certificate) + chain)

    def _write(self, name: str, content: bytes) -> Path:
        self.directory.mkdir(parents=True, exist_ok=True)
        path = self.directory / name
        path.write_bytes(content)
        return path


@contextmanager
def secured(directory: Path) -> Iterator[Secured]:
    made = Secured(directory)
    with made.node:
        made.user("relay")
        yield made


def token(subject: str, *, seconds: float = 3600, **claims: Any) -> str:
    """Unsigned, which this broker takes. Source: RFC 7519, section 6."""
    now = datetime.now(UTC)
    about = {"sub": subject, "iat": now.timestamp(), "exp": (now + timedelta(seconds=seconds)).timestamp()} | claims
    return ".".join(base64.urlsafe_b64encode(json.dumps(part).encode()).decode().rstrip("=") for part in ({"alg": "none"}, about)) + "."


def _pkcs8(certificate: trustme.LeafCert, password: str = "") -> bytes:
    key = load_pem_private_key(certificate.private_key_pem.bytes(), None)
    how = BestAvailableEncryption(password.encode()) if password else NoEncryption()
    return key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, how)


def _namesake(of: trustme.CA) -> bytes:
    """A CA that is called the same and has another key, as one that was made anew."""
    old, key = x509.load_pem_x509_certificate(of.cert_pem.bytes()), ec.generate_private_key(ec.SECP256R1())
    made = x509.CertificateBuilder(
        old.subject, old.subject, key.public_key(), x509.random_serial_number(), old.not_valid_before_utc, old.not_valid_after_utc
    )
    made = made.add_extension(x509.BasicConstraints(ca=True, path_length=9), critical=True)
    return made.sign(key, hashes.SHA256()).public_bytes(Encoding.PEM)


def _yesterday() -> datetime:
    return datetime.now(UTC) - timedelta(days=1)


def _binding(user: str, grant: AclGrant) -> Any:
    pattern = confluent.ResourcePatternType.PREFIXED if grant.prefixed else confluent.ResourcePatternType.LITERAL
    return confluent.AclBinding(
        confluent.ResourceType[_RESOURCES[grant.resource]],
        grant.name,
        pattern,
        f"User:{user}",
        "*",
        confluent.AclOperation[_operation(grant.operation)],
        confluent.AclPermissionType.ALLOW,
    )


def _filter(user: str, grant: AclGrant | None) -> Any:
    if grant is None:
        return confluent.AclBindingFilter(
            confluent.ResourceType.ANY,
            None,
            confluent.ResourcePatternType.ANY,
            f"User:{user}",
            None,
            confluent.AclOperation.ANY,
            confluent.AclPermissionType.ANY,
        )
    pattern = confluent.ResourcePatternType.PREFIXED if grant.prefixed else confluent.ResourcePatternType.LITERAL
    return confluent.AclBindingFilter(
        confluent.ResourceType[_RESOURCES[grant.resource]],
        grant.name,
        pattern,
        f"User:{user}",
        None,
        confluent.AclOperation[_operation(grant.operation)],
        confluent.AclPermissionType.ANY,
    )


def _operation(name: str) -> str:
    return "".join("_" + one if one.isupper() and at else one for at, one in enumerate(name)).upper()
