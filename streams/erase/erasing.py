"""Looks up what there is of a person, and removes what can be removed; each removal is in the audit log before it is done."""

from collections.abc import Mapping

from msgspec import Struct

from converters.routing.identity_table import IdentityTable
from converters.routing.route import App
from streams.audit.log import AuditLog
from streams.encryption.upkeep import discard, keys_of
from streams.erase.media_copies import Copy, Removal, copies, remove
from streams.erase.person import PersonNames, identity_keys, owners
from streams.erase.places import Place, places
from streams.exactly_once.producers import ProducerSettings
from streams.identities.follower import write
from streams.kafka import admin, topics
from streams.operate.dead_letter_reader import LetterFilter, LetterSummary, Resolution, find
from streams.operate.resolve_dead_letters import end
from streams.operate.topic_reader import Tell, TopicReader
from streams.report.document import masked
from streams.settings.root import Settings

REASON = "erased"


class Known(Struct, frozen=True, kw_only=True):
    """What there is."""

    names: PersonNames
    places: list[Place]
    keys: list[bytes]
    """Of entries of `identities`."""
    letters: list[LetterSummary]
    """Open dead letters."""
    copies: list[Copy]
    secrets: int = 0
    """Keys of what that person wrote, where it is encrypted."""

    @property
    def nothing(self) -> bool:
        return not (self.places or self.keys or self.letters or self.copies or self.secrets)


class Erased(Struct, frozen=True, kw_only=True):
    identities: int
    letters: int
    media: Removal
    secrets: int = 0


async def known(
    settings: Settings, apps: Mapping[str, App], names: PersonNames, table: IdentityTable, reader: TopicReader, tell: Tell | None = None
) -> Known:
    """Reads every topic. Raises OperateError, KafkaError."""
    kafka = settings.kafka
    specs = topics.wanted(settings.platforms(), prefix=kafka.prefix, partitions=kafka.partitions)
    each = [(spec.name, spec.topic) for spec in specs if reader.there(spec.name)]
    configs = await admin.settings_of(kafka.cluster, [name for name, _ in each])
    cipher = kafka.cluster.cipher
    secrets = await keys_of(cipher.ring, owners(names)) if cipher is not None else []
    found = await places(reader, each, configs, names, tell, frozenset(secrets))
    letters = await find(reader, kafka.topic(topics.DEAD_LETTERS), LetterFilter(users=names.all), apps, table)
    has = {name for name, _ in each}
    deliveries = [
        name
        for platform in settings.platforms()
        for topic in (topics.DELIVERIES, topics.BACKFILL)
        if (name := kafka.topic(topic, platform)) in has
    ]
    results = [name for platform in settings.platforms() if (name := kafka.topic(topics.MEDIA_RESULTS, platform)) in has]
    stored = await copies(reader, deliveries, results, names) if settings.media.store.kind != "none" else []
    return Known(names=names, places=found, keys=identity_keys(names, table), letters=letters.letters, copies=stored, secrets=len(secrets))


async def erase(settings: Settings, link: ProducerSettings, known: Known, reader: TopicReader, who: str, at: int) -> Erased:
    """Raises OperateError, KafkaError; repeated, it goes on with what is left."""
    kafka, audit = settings.kafka, AuditLog(settings.kafka, logged=False)
    await audit.start()
    try:
        # The log is kept for longer than anything else: it must not name whom it has forgotten, and whoever knows the id finds it.
        subject = masked(f"user\x1f{known.names.canonical}")
        count = len(known.keys) + len(known.letters) + len(known.copies) + known.secrets
        act = await audit.begin("erase", who, "operator", "command", subject=subject, count=count)
        outcome, done = Erased(identities=0, letters=0, media=Removal()), False
        try:
            if known.keys:
                await write(kafka.cluster, kafka.topic(topics.IDENTITIES), [(key, None) for key in known.keys])
            letters = 0
            if known.letters:
                mark = Resolution(resolved="dropped", offset=0, at=at, by=who, reason=REASON)
                ended = await end(reader, link, kafka.topic(topics.DEAD_LETTERS), kafka.prefix, known.letters, mark)
                letters = ended.done
            media = await remove(settings, [one.key for one in known.copies if not one.shared])
            secrets, cipher = 0, kafka.cluster.cipher
            if known.secrets and cipher is not None:
                # At last: what comes before reads what that person wrote.
                secrets = await discard(cipher.ring, link, kafka.prefix, owners(known.names))
            outcome, done = Erased(identities=len(known.keys), letters=letters, media=media, secrets=secrets), True
        finally:
            count = outcome.identities + outcome.letters + len(outcome.media.removed) + outcome.secrets
            await audit.end(act, "done" if done else "failed", count)
    finally:
        await audit.stop()
    return outcome
