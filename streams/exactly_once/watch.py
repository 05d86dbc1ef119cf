"""What tasks tell the role that hosts them."""

from streams.exactly_once.deleted_records import DeletedRange


class StageHeldError(Exception):
    """A stage must not go on as it does: it stands still, and keeps its partitions, until a person has looked."""


class StageObserver:
    """What a role wants to be told; each call is cheap and none may raise."""

    def committed(self, stage: str, records: int, seconds: float) -> None: ...

    def restarted(self, stage: str, reason: str) -> None: ...

    def assigned(self, stage: str, partitions: int) -> None:
        """The group is at rest, and this worker has so many partitions; none, where there are more workers than partitions."""

    def revoked(self, stage: str) -> None:
        """Partitions are given out anew."""

    def left(self, stage: str, partition: int) -> None:
        """The task of a partition is over here: what was told of it is told by its next owner."""

    def put_out(self, stage: str) -> None:
        """Another worker of the group gave no sign of life, and its partitions are given to others."""

    def deleted(self, stage: str, found: DeletedRange) -> None: ...

    def forbidden(self, stage: str, why: str) -> None:
        """The cluster does not permit what the stage has to do; empty when it does again."""

    def held(self, stage: str, why: str) -> None: ...

    def refused(self, stage: str, partition: int, kind: str, why: str) -> None:
        """The disk refuses a task's local state, and the task waits; *kind* is empty when it no longer does."""

    def preparing(self, stage: str, partition: int, *, done: bool) -> None:
        """A task reads back what it needs before it can work."""

    def restored(self, stage: str, partition: int, left: int, since: float, eta: float) -> None:
        """A step of a task's restore: offsets to come, known since when (ms; -inf for ever), and seconds until it is done."""
