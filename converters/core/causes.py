"""Why a record becomes a dead letter, and of what that is evidence: of a fault of ours, or of what somebody wrote."""

from enum import Enum, auto
from typing import Final, Literal

from converters.routing.identity_table import Kind

Cause = Literal[
    "app-unknown",
    "target-unknown",
    "malformed",
    "user-unmapped",
    "group-unmapped",
    "room-unmapped",
    "plugin",
    "defect",
    "newer-version",
    "refused",
    "gave-up",
    "account-refused",
    "in-doubt",
    "foreign",
    "refused-import",
    "key-discarded",
]
"""Short, fixed words, which are counted. A new one has to say in `evidence_of` what it tells of us, or it does not pass the type checker."""

TOO_NEW: Final = "newer-version"
KEY_DISCARDED: Final = "key-discarded"
"""It was encrypted, and its key was thrown away: nothing is left of it."""


class Evidence(Enum):
    OURS = auto()
    """Nothing that anybody writes brings it about: settings, keys, or a release that is older than another one."""
    SHARED = auto()
    """A fault of our code, of a plug-in, or of a target that is away brings it about, and so can a message that was made for it: it
    tells of us only where it meets whoever writes."""
    INPUT = auto()
    """What strangers and users write, and whom they write to, brings it about as they like: it tells nothing of us."""


def evidence_of(cause: Cause) -> Evidence:
    match cause:
        case "app-unknown" | "target-unknown" | "newer-version" | "account-refused":
            return Evidence.OURS
        case "plugin" | "defect" | "gave-up" | "refused-import":
            return Evidence.SHARED
        case "malformed" | "user-unmapped" | "group-unmapped" | "room-unmapped" | "refused" | "in-doubt" | "foreign" | "key-discarded":
            return Evidence.INPUT


def unmapped(kind: Kind) -> Cause:
    """Of an id that is in no entry of `identities`."""
    match kind:
        case "user":
            return "user-unmapped"
        case "group":
            return "group-unmapped"
        case "room":
            return "room-unmapped"
