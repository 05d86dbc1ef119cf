"""Which process uses which secret. Nothing else reads it, and the chart mounts nothing else for it.

An account's secrets are told apart by their use, which the platform declares (`converters.platform.Platform.secrets`): `verify` is for what
comes in, `call` for what goes out, `mark` for telling our own from others'. A section's are of the processes that the section
names, or of those that use accounts' secrets for the same (`SecretSection`). In place of what a
process does not use stands a value that nobody knows, so that a use which is not declared fails in every test.
"""

import secrets
from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from pathlib import Path

from msgspec import Struct

from converters.platform import AnyPlatform, SecretUse

ALL_USES: tuple[SecretUse, ...] = ("verify", "call", "mark")


class SecretScope(Struct, frozen=True):
    """*uses*: of the accounts' secrets, those; of every app, or only of apps on *platform*, or of *apps*."""

    name: str
    uses: tuple[SecretUse, ...] = ()
    platform: str = ""
    apps: tuple[str, ...] = ()

    def wants(self, app: str, platform: AnyPlatform, field: str) -> bool:
        """Whether it uses the *field* of the account of *app*, which is one of the platform's secrets."""
        if self.apps and app not in self.apps:
            return False
        return self.platform in ("", platform.name) and any(use in self.uses for use in platform.secrets[field])


INGRESS = SecretScope("ingress", ("verify",))
CONVERT = SecretScope("convert", ("mark",))
MEDIA = SecretScope("media", ("call",))
FILES = SecretScope("files")
GAPS = SecretScope("gaps", ("call", "mark"))
WATCH = SecretScope("watch")
CONSOLE = SecretScope("console", ("mark",))
COMMAND = SecretScope("command")
"""Any command that asks Kafka and nobody else."""
READING = SecretScope("reading", ("mark",))
"""The same, where it reads what people or the relay have said."""
ERASE = SecretScope("erase", ("mark",))
"""The same; it deletes from the store of files."""
DOCTOR = SecretScope("doctor", ALL_USES)
EVERYTHING = SecretScope("everything", ALL_USES)
"""`im-relay settings`, which checks them all."""


def canary(apps: tuple[str, ...]) -> SecretScope:
    """`watch`, where it sends test messages in *apps*."""
    return SecretScope("canary", ("call", "mark"), apps=apps)


def deliver(platform: str) -> SecretScope:
    return SecretScope("deliver", ("call", "mark"), platform)


def migrate(platform: str) -> SecretScope:
    return SecretScope("migrate", ("call", "mark"), platform)


ROLES: tuple[SecretScope, ...] = (INGRESS, CONVERT, deliver(""), MEDIA, FILES, GAPS, WATCH, canary(()), migrate(""), CONSOLE)
"""What runs; `deliver` and `migrate` once for each platform, with that one's alone."""

SCOPES: tuple[SecretScope, ...] = (*ROLES, COMMAND, READING, ERASE, DOCTOR)
"""All but `EVERYTHING`."""

_reading: ContextVar[SecretScope] = ContextVar("reading", default=EVERYTHING)
files_read: dict[Path, str] = {}
"""Every file of a secret that this process has read, and what was in it: for `secret_watch`."""


@contextmanager
def reading_as(process: SecretScope) -> Iterator[None]:
    """Within it, sections give the secrets of *process*."""
    token = _reading.set(process)
    try:
        yield
    finally:
        _reading.reset(token)


def reader() -> SecretScope:
    return _reading.get()


def read(path: str) -> str:
    """What the file holds. Raises OSError, UnicodeDecodeError."""
    text = Path(path).read_text(encoding="utf-8-sig").strip()
    files_read[Path(path).absolute()] = text
    return text


def unknown() -> str:
    """In place of a secret that this process does not use: whatever is signed or checked with it is wrong."""
    return secrets.token_hex(32)
