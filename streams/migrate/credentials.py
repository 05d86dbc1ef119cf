"""Passwords of accounts that a migration makes: given ones out of a file, all others derived, so that nothing has to be kept."""

import base64
import binascii
import csv
import io
import mmap
from collections.abc import Iterable, Mapping
from hashlib import blake2b
from pathlib import Path

from converters.core.localized import localized
from converters.inventory import User
from converters.routing.route import App
from streams.migrate.bundle import Bundle
from streams.settings.root import SettingsError


class Passwords:
    """*file* holds sorted lines `user TAB password in base64`, of one process' user alone (0600); empty: none are given. Raises SettingsError."""

    def __init__(self, file: Path | None) -> None:
        self._lines: mmap.mmap | bytes = b""
        if file is None:
            return
        try:
            if file.stat().st_mode & 0o077:
                raise SettingsError(localized("migrate.passwords is {file}, which others may read: chmod 600 {file}", file=file))
            if file.stat().st_size:
                with file.open("rb") as opened:
                    self._lines = mmap.mmap(opened.fileno(), 0, access=mmap.ACCESS_READ)
        except OSError as error:
            raise SettingsError(
                localized(
                    "migrate.passwords is {file}: {strerror}; make it with: im-relay migrate passwords --given",
                    file=file,
                    strerror=error.strerror,
                )
            ) from None

    def of(self, app: App, user: str) -> str:
        """In clear: for a request's body, and nothing else."""
        return self._given(user) or derived(app, user)

    def _given(self, user: str) -> str:
        wanted, low, high = user.encode(), 0, len(self._lines)
        while low < high:
            middle = (low + high) // 2
            start = self._lines.rfind(b"\n", 0, middle) + 1
            end = self._lines.find(b"\n", start)
            end = len(self._lines) if end < 0 else end
            name, _, password = self._lines[start:end].partition(b"\t")
            if name == wanted:
                try:
                    return base64.b64decode(password, validate=True).decode()
                except (binascii.Error, UnicodeDecodeError):
                    return ""
            if name < wanted:
                low = end + 1
            else:
                high = start
        return ""


def derived(app: App, user: str) -> str:
    """The same each time, and known to whoever knows the app's secret alone."""
    name = next(name for name, uses in app.platform.secrets.items() if "call" in uses)
    secret = str(getattr(app.account, name))
    return blake2b(user.encode(), key=secret.encode()[:64], digest_size=24, person=b"relay-password").hexdigest()


def written(passwords: Iterable[tuple[str, str]]) -> bytes:
    """The lines of a file of given passwords."""
    lines = sorted(user.encode() + b"\t" + base64.b64encode(password.encode()) for user, password in passwords)
    return b"".join(line + b"\n" for line in lines)


def listed(bundle: Bundle, app: App, given: Mapping[str, str]) -> tuple[bytes, int]:
    """All passwords of a bundle's accounts as CSV, for whoever hands them over, and how many."""
    out = io.StringIO()
    writer = csv.writer(out)
    writer.writerow(("user", "password"))
    count = 0
    for row in bundle.items("user"):
        if isinstance(row.item, User) and row.item.state != "deleted":
            writer.writerow((row.item.id, given.get(row.item.id) or derived(app, row.item.id)))
            count += 1
    return out.getvalue().encode(), count
