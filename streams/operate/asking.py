"""What the operator's commands have in common: settings, words on the command line, progress, and how they end."""

import asyncio
import getpass
import logging
import sys
import time
from collections.abc import Coroutine, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Annotated, Any, NoReturn, TypeVar

import typer
from aiokafka.errors import KafkaError
from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn

from converters.identities import Identities
from converters.route import App
from streams import record_kinds
from streams.exact.producers import Link
from streams.exact.unread import Unread
from streams.kafka import topics
from streams.kafka.cluster import Where
from streams.kafka.permits import REFUSALS, why
from streams.kafka.topics import IDENTITIES
from streams.operate.reading import OperateError, Reader, Tell
from streams.operate.times import moment
from streams.plugins import PluginError, equipped
from streams.settings import Settings, SettingsError, load, resolve

NOTHING, FAILED = 1, 2
"""Exit codes: nothing matches, or the person said no; and: it could not be done."""

T = TypeVar("T")

Config = Annotated[
    Path | None, typer.Option("--config", "-c", envvar="IM_RELAY_CONFIG", help="The settings file (TOML).")
]
Json = Annotated[bool, typer.Option("--json", help="One JSON object a line, for programs.")]
Yes = Annotated[bool, typer.Option("--yes", "-y", help="Do not ask.")]
DryRun = Annotated[bool, typer.Option("--dry-run", help="Show what would be done, and do nothing.")]
WHEN = "30s, 15m, 2h, 7d ago, or a time as 2026-03-01T12:00 (UTC if it names no zone)."

console = Console(stderr=True, highlight=False)
"""What is said to the person; the answer itself goes to standard output."""


class Relay:
    """The settings as the commands want them."""

    def __init__(self, config: Path | None) -> None:
        try:
            self.settings: Settings = load(config)
            self.apps: dict[str, App] = equipped(resolve(self.settings), self.settings.plugins.use)
        except (SettingsError, PluginError) as error:
            fail(error)
        self.kafka = self.settings.kafka
        self.prefix = self.kafka.prefix
        self.platforms = self.settings.platforms()
        self.link = Link(self.kafka.cluster, transaction_timeout=self.kafka.transaction_timeout, headers=record_kinds.headers_of)

    def reader(self, group: str | None = None) -> Reader:
        return Reader(self.kafka.cluster, group, _deleted, topics.names(self.platforms, prefix=self.prefix))

    async def identities(self) -> Identities:
        """The table as it is now. Raises OperateError."""
        table = Identities()
        async with self.reader() as reader:
            spans = await reader.spans(reader.partitions(IDENTITIES.name(prefix=self.prefix)))
            async for record in reader.records(spans):
                table.apply(record.key or b"", record.value)
        return table

    def app(self, name: str) -> str:
        """*name*, if it is an app of the settings, or empty."""
        if name and name not in self.apps:
            raise typer.BadParameter(f"no app {name!r} in the settings; there are: {', '.join(sorted(self.apps))}")
        return name


def _deleted(found: Unread) -> None:
    typer.echo(
        f"im-relay: {found.tp.topic}:{found.tp.partition} no longer keeps offsets {found.start} to {found.end - 1}: they were not read",
        err=True,
    )


def when(text: str) -> int | None:
    """Ms since 1970; None for empty."""
    try:
        return moment(text, now()) if text else None
    except ValueError as error:
        raise typer.BadParameter(str(error)) from None


def now() -> int:
    return int(time.time() * 1000)


def who() -> str:
    """Whose doing it is; a container's user may have no name."""
    try:
        return getpass.getuser()
    except (OSError, KeyError, ImportError):
        return "unknown"


def ask(work: Coroutine[Any, Any, T], where: Where = "") -> T:
    """Run *work*; what hinders it ends the command with a sentence."""
    logging.getLogger("aiokafka").setLevel(logging.CRITICAL)  # it is said once, below
    try:
        return asyncio.run(work)
    except (OperateError, SettingsError) as error:
        fail(error)
    except KafkaError as error:
        fail(OperateError(why(error, where) if isinstance(error, REFUSALS) else f"Kafka does not answer as it should: {why(error, where)}"))


def fail(error: Exception) -> NoReturn:
    typer.echo(f"im-relay: {error}", err=True)
    raise typer.Exit(FAILED)


def nothing(text: str) -> NoReturn:
    typer.echo(text, err=True)
    raise typer.Exit(NOTHING)


def confirm(question: str, *, yes: bool) -> None:
    if yes:
        return
    if not sys.stdin.isatty():
        nothing("nothing was done: say --yes where nobody can be asked")
    if not typer.confirm(question, err=True):
        nothing("nothing was done")


@contextmanager
def progress(what: str, unit: str = "records") -> Iterator[Tell]:
    """A bar on standard error, shown only on a terminal."""
    columns = TextColumn(what), BarColumn(), MofNCompleteColumn(), TextColumn(unit), TimeRemainingColumn()
    with Progress(*columns, console=console, transient=True, disable=not console.is_terminal) as bar:
        task = bar.add_task(what, total=None)
        yield lambda done, total: bar.update(task, completed=done, total=total)
