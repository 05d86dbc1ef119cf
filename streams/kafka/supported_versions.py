"""The oldest brokers that the relay is for: those it was tried on."""

from collections.abc import Mapping

from aiokafka.errors import KafkaError

from streams.kafka.cluster import Cluster

LEAST = "3.7"
FETCH, FETCH_VERSION = 1, 16
"""What brokers can do since then, and none could before. Source: Apache Kafka, "KIP-951: Leader discovery optimisations for the client"."""


class TooOldError(KafkaError):  # type: ignore[misc, unused-ignore]
    def __str__(self) -> str:
        return str(self.args[0])


def check_version(versions: Mapping[int, tuple[int, int]], cluster: Cluster) -> None:
    """*versions* are what a broker can do, by API. Raises TooOldError."""
    _, newest = versions.get(FETCH, (0, 0))
    if newest < FETCH_VERSION and not cluster.untried:
        raise TooOldError(
            f"this broker is older than Kafka {LEAST}, or of another maker: the relay was not tried on it. Use Kafka {LEAST} or newer, "
            "or write kafka.allow_untested_versions = true"
        )
