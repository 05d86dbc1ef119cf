"""What was measured, and where: the only figures that `im-relay size` reckons with."""

from msgspec import Struct


class Figure(Struct, frozen=True):
    """*where*: the page or the command that it is from."""

    value: float
    unit: str
    where: str


_COSTS = "docs/decisions/0016-what-a-message-costs.md"
_KEPT = "docs/decisions/0017-what-is-remembered-and-what-it-takes.md"
_NAMES = "docs/decisions/0013-identities-on-disk-and-origins.md"
_VOLUME = "make bench-volume"

FIGURES: dict[str, Figure] = {
    # A message is one that crosses, in either direction: two callbacks come in for it, its own and that of the target.
    "ingress-cpu": Figure(243e-6, "s of a core a message", _COSTS),
    "convert-cpu": Figure(186e-6, "s of a core a message", _COSTS),
    "deliver-cpu": Figure(464e-6, "s of a core a message, on both platforms together", _COSTS),
    "broker-cpu": Figure(986e-6, "s of a core a message and copy, at 55 messages a second on a busy machine: less at more", _VOLUME),
    "media-cpu": Figure(0.036, "s of a core a voice: 56 a second on 2 cores", "README.md, make bench-media"),
    "callback-bytes": Figure(1335, "bytes a message: its callback, and that of the target", _VOLUME),
    "delivery-bytes": Figure(456, "bytes a message", _VOLUME),
    "echo-bytes": Figure(189, "bytes a message", _VOLUME),
    "ledger-bytes": Figure(354, "bytes a message, compacted", _KEPT),
    "state-bytes": Figure(132, "bytes a message and table, before compaction", _KEPT),
    "identity-bytes": Figure(74, "bytes a user on disk", _VOLUME),
    "identity-memory": Figure(61, "MiB a million users: 166 at most, less what convert has without", _NAMES),
    "in-flight": Figure(64, "requests of a partition at once", "docs/settings.md, deliver.max_in_flight"),
    "ingress-memory": Figure(100, "MiB", _VOLUME),
    "convert-memory": Figure(114, "MiB", _VOLUME),
    "deliver-memory": Figure(130, "MiB", _VOLUME),
    "media-memory": Figure(125, "MiB, without a file at work", _VOLUME),
    "file-memory": Figure(1024, "MiB of a process that reads a file, at the most", "docs/settings.md, media.max_memory"),
    "watch-cpu": Figure(0.01, "of a core", _VOLUME),
    "watch-memory": Figure(95, "MiB", _VOLUME),
}
