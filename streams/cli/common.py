"""What the operator's commands have in common: settings, words on the command line, and progress."""

import asyncio
import getpass
import logging
import sys
import time
from collections.abc import Coroutine
from pathlib import Path
from typing import Any, TypeVar

import typer
from aiokafka.errors import KafkaError

from converters.core.localized import localized, text_of
from converters.routing.identity_table import IdentityTable
from converters.routing.route import App
from streams.cli import terminal
from streams.cli.exit_codes import fail, nothing
from streams.cli.terminal import print_notice
from streams.cli.times import moment
from streams.encryption.master_key_form import MasterKeyError
from streams.exactly_once.deleted_records import DeletedRange
from streams.exactly_once.producers import ProducerSettings
from streams.identities.follower import NoTopicError
from streams.kafka import record_kinds, topics
from streams.kafka.cluster import Where
from streams.kafka.permissions import REFUSALS, why
from streams.kafka.topics import IDENTITIES, Topic
from streams.locale.messages import translated
from streams.operate.topic_reader import OperateError, TopicReader
from streams.plugins import PluginError, with_plugins
from streams.settings.role_secrets import COMMAND, READING, SecretScope
from streams.settings.root import Settings, SettingsError, load, marking

T = TypeVar("T")


def settings_of(config: Path | None, process: SecretScope = COMMAND) -> Settings:
    """Ends the command with exit code 2 where they are wrong, and says what is. Old names in use are told."""
    try:
        settings = load(config, process)
    except SettingsError as error:
        fail(error)
    for warning in settings.renamed:
        print_notice(f"im-relay: {warning}")
    return settings


class CommandContext:
    """The settings as the commands want them."""

    def __init__(self, config: Path | None, process: SecretScope = READING) -> None:
        self.settings = settings_of(config, process)
        try:
            self.apps: dict[str, App] = with_plugins(marking(self.settings), self.settings.plugins.use)
        except (SettingsError, PluginError) as error:
            fail(error)
        self.kafka = self.settings.kafka
        self.prefix = self.kafka.prefix
        self.platforms = self.settings.platforms()
        self.link = ProducerSettings(
            self.kafka.cluster, transaction_timeout=self.kafka.transaction_timeout, headers=record_kinds.headers_of
        )

    def reader(self, group: str | None = None) -> TopicReader:
        return TopicReader(self.kafka.cluster, group, _deleted, topics.names(self.platforms, prefix=self.prefix), _left_out)

    async def identities(self) -> IdentityTable:
        """The table as it is now. Raises OperateError."""
        table = IdentityTable()
        async with self.reader() as reader:
            spans = await reader.spans(reader.partitions(IDENTITIES.name(prefix=self.prefix)))
            async for record in reader.records(spans):
                table.apply(record.key or b"", record.value)
        return table

    def topic(self, topic: Topic, platform: str | None = None) -> str:
        return self.kafka.topic(topic, platform)

    def app(self, name: str) -> str:
        """*name*, if it is an app of the settings, or empty."""
        if name and name not in self.apps:
            raise typer.BadParameter(
                translated("no app {name} in the settings; there are: {apps}", name=repr(name), apps=", ".join(sorted(self.apps)))
            )
        return name


def _deleted(found: DeletedRange) -> None:
    print_notice(
        translated(
            "im-relay: {partition} no longer keeps offsets {start} to {end}: they were not read",
            partition=f"{found.tp.topic}:{found.tp.partition}",
            start=found.start,
            end=found.end - 1,
        )
    )


def _left_out(records: int) -> None:
    print_notice(translated("im-relay: {records} encrypted records are left out: their keys were thrown away", records=records))


def parse_time(text: str) -> int | None:
    """Ms since 1970; None for empty."""
    try:
        return moment(text, now()) if text else None
    except ValueError as error:
        raise typer.BadParameter(text_of(error)) from None


def now() -> int:
    return int(time.time() * 1000)


def operator_name() -> str:
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
    except (OperateError, SettingsError, NoTopicError, MasterKeyError) as error:
        fail(error)
    except REFUSALS as error:
        fail(OperateError(why(error, where)))
    except (KafkaError, TimeoutError) as error:
        fail(OperateError(localized("no answer from Kafka at {where} (kafka.bootstrap): {why}", where=where, why=why(error, where))))


def confirm(question: str, *, yes: bool) -> None:
    if yes:
        return
    if not sys.stdin.isatty():
        nothing(translated("nothing was done: say --yes where nobody can be asked"))
    if not terminal.confirm(question):
        nothing(translated("nothing was done"))
