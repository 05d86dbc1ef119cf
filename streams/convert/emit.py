"""Where what a callback causes is written: live, by a replay, and by whatever else sends callbacks through the converters."""

from collections.abc import Mapping

from converters.core import wire
from converters.files.media import jobs
from converters.routing.id_mapping import NewIdentity
from converters.routing.route import App, Deliver, EchoOf
from streams.encryption.headers import inherited
from streams.exactly_once.outputs import Headers, Outputs
from streams.kafka import topics
from streams.kafka.topics import Topic
from streams.observe.tracing import carried

_NONE: Headers = []


class OutputWriter:
    """*partitions* is that of every topic; the partition of a conversation is computed here, once, and carried.

    Deliveries go to the topics of *into*, with *headers*; *carry*: their files are brought over.
    """

    def __init__(
        self,
        apps: Mapping[str, App],
        *,
        partitions: int,
        prefix: str,
        carry: bool,
        into: Topic = topics.DELIVERIES,
        headers: Headers | None = None,
    ) -> None:
        self.apps = apps
        self._partitions = partitions
        platforms = sorted({app.platform.name for app in apps.values()})
        self._deliveries = {name: into.name(name, prefix=prefix) for name in platforms}
        self._echoes = {name: topics.ECHOES.name(name, prefix=prefix) for name in platforms}
        self._jobs = topics.MEDIA_JOBS.name(prefix=prefix)
        self._identities = topics.IDENTITIES.name(prefix=prefix)
        self._carry = carry
        self._headers: Headers = headers or []

    def __call__(self, one: Deliver | EchoOf | NewIdentity, outputs: Outputs, headers: Headers = _NONE) -> None:
        """*headers* are this delivery's own."""
        match one:
            case Deliver(delivery=delivery, key=key, platform=platform):
                partition = topics.partition_of(key, self._partitions)
                outputs.add(self._deliveries[platform], partition, key, wire.dump(delivery), [*self._headers, *headers])
                if self._carry:
                    along = [*inherited(headers), *carried(headers)] if headers else _NONE
                    target = self.apps[delivery.target]
                    for same, job in jobs(delivery, target.platform.media, target.account, key, partition):
                        outputs.add(self._jobs, topics.partition_of(same, self._partitions), same, wire.dump(job), along)
            case EchoOf(echo=echo, key=key, platform=platform):
                outputs.add(self._echoes[platform], topics.partition_of(key, self._partitions), key, wire.dump(echo))
            case NewIdentity():
                key, value = one.record
                outputs.add(self._identities, topics.partition_of(key, self._partitions), key, value)
