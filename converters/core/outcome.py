"""What became of a send. Every platform's replies are read into one of these four."""

from msgspec import Struct


class Delivered(Struct, frozen=True, tag="delivered", tag_field="outcome"):
    remote_id: str
    at: int | None = None
    """The target's own time of it, in ms; some platforms want it back for a recall."""


class NotSent(Struct, frozen=True, tag="not_sent", tag_field="outcome"):
    """It certainly did not arrive: sending it again is safe."""

    reason: str
    retry_after: float | None = None
    """Seconds that the platform asks us to wait."""
    throttled: bool = False
    """It was too much at once: go slower. The platform is well."""
    ours: bool = False
    """It is not about the message: our key, signature, clock, address or plan is refused, and a person has to look."""
    alone: bool = False
    """It was too often for this one message: whoever does that tells nothing of the platform, and holds nobody else."""


class Unsure(Struct, frozen=True, tag="unsure", tag_field="outcome"):
    """It may have arrived: not repeated before there is evidence."""

    reason: str


class Refused(Struct, frozen=True, tag="refused", tag_field="outcome"):
    """The platform will never take it. A person has to look."""

    reason: str


Outcome = Delivered | NotSent | Unsure | Refused
