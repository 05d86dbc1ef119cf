"""The oldest brokers that the relay is for: those it was tried on."""

from collections.abc import Mapping

from aiokafka.errors import KafkaError

from converters.core.localized import Localized, localized
from streams.kafka.cluster import Cluster

LEAST = "3.7"
FETCH, FETCH_VERSION = 1, 16
"""What brokers can do since then, and none could before. Source: Apache Kafka, "KIP-951: Leader discovery optimisations for the client"."""


class TooOldError(KafkaError):  # type: ignore[misc, unused-ignore]
    def __init__(self, text: Localized) -> None:
        super().__init__(text)

    def __str__(self) -> str:
        return str(self.args[0])


def check_version(versions: Mapping[int, tuple[int, int]], cluster: Cluster) -> None:
    """*versions* are what a broker can do, by API. Raises TooOldError."""
    _, newest = versions.get(FETCH, (0, 0))
    if newest < FETCH_VERSION and not cluster.untried:
        raise TooOldError(
            localized(
                "this broker is older than Kafka {least}, or of another maker: the relay was not tried on it. Use Kafka {least} or newer, or write kafka.allow_untested_versions = true",
                least=LEAST,
            )
        )
