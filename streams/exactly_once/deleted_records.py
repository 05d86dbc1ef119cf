"""Records that the brokers deleted before they were read: nobody can bring them back, but nobody may overlook them."""

from typing import Literal, NamedTuple

from aiokafka import TopicPartition


class DeletedRange(NamedTuple):
    """Offsets *start* … *end* - 1 of *tp*. Markers of transactions take offsets, too: it may be fewer records."""

    tp: TopicPartition
    start: int
    end: int
    cause: Literal["retention", "truncation"]
    """Whether they lay before what is kept, or after the end of a log that has become shorter."""

    @property
    def records(self) -> int:
        return self.end - self.start

    @classmethod
    def before(cls, tp: TopicPartition, position: int, beginning: int) -> "DeletedRange | None":
        """What is gone where reading is at *position* and the log begins at *beginning*."""
        return cls(tp, position, beginning, "retention") if position < beginning else None


def beyond(tp: TopicPartition, position: int, beginning: int, end: int) -> DeletedRange | None:
    """The same where *position* was refused; None where it lies in the log after all."""
    if position > end:
        return DeletedRange(tp, end, position, "truncation")
    return DeletedRange.before(tp, position, beginning)
