"""What keeps a local Kafka from running: each says what was seen, what was expected and what to change.

LocalKafkaError
├── ExtraMissingError      the packages that bring Java and the resolver are not installed
├── DownloadFailedError    Kafka's files could not be had
├── DataUnusableError      the data directory belongs to something else, or cannot be used
├── PortTakenError         something else listens there
├── AlreadyRunningError    a node already runs on this data
├── BrokerDiedError        it ended by itself; the end of its log is in the message
└── NotReadyError          it runs, but did not answer in time
"""

from converters.core.localized import Localized, ReportedError, localized


class LocalKafkaError(ReportedError):
    """Base of all; the message can be shown to a person as it is."""

    def __init__(self, *, seen: Localized, expected: Localized, change: Localized) -> None:
        super().__init__(localized("{seen}\nexpected: {expected}\nto change: {change}", seen=seen, expected=expected, change=change))
        self.seen = seen
        self.expected = expected
        self.change = change


class ExtraMissingError(LocalKafkaError):
    pass


class DownloadFailedError(LocalKafkaError):
    pass


class DataUnusableError(LocalKafkaError):
    pass


class PortTakenError(LocalKafkaError):
    pass


class AlreadyRunningError(LocalKafkaError):
    pass


class BrokerDiedError(LocalKafkaError):
    pass


class NotReadyError(LocalKafkaError):
    pass
