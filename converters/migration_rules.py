"""What a target takes in a migration: limits of items, retention, calls with their quotas, and what has to be ordered from its vendor.

A platform declares one `MigrationRules` as `Platform.migration`; `im-relay migrate check` and `plan` know of the target nothing else.
"""

from collections.abc import Callable, Mapping
from typing import Literal

from msgspec import Struct

from converters.core.model import Event
from converters.inventory import AnyItem
from converters.probing import Findings

Language = Literal["en", "zh"]


class TextLimit(Struct, frozen=True):
    most: int
    unit: Literal["characters", "bytes"] = "characters"

    def cut(self, text: str) -> str:
        """*text*, or as much of it as fits; no character is cut in two."""
        if self.unit == "characters":
            return text[: self.most]
        if len(text) * 4 <= self.most:
            return text
        return text.encode()[: self.most].decode(errors="ignore")


class Edition(Struct, frozen=True, kw_only=True):
    """What one contract with the vendor holds; all of it can be raised by another."""

    friends: int
    """Of one user."""
    blocks: int
    members: int
    """Of one group, with the owner."""
    admins: int
    joined: int
    """Groups of one user."""
    retention: int
    """Days for which messages can be read from the server."""


class Quota(Struct, frozen=True):
    """Calls a second, over all APIs that name it."""

    name: str
    amount: float


class Call(Struct, frozen=True, kw_only=True):
    """A call that a kind of item needs: *entries* tells how many entries of its batches an item takes (0: none)."""

    api: str
    kind: str
    """The item's tag; `message` for imports, which are counted by *conversation*."""
    quota: str
    batch: int = 1
    """Entries of one call."""
    together: Literal["all", "owner"] = "all"
    """owner: a batch holds entries of one owner, group or room."""
    entries: Callable[[AnyItem], int] = lambda _: 1
    conversation: Literal["", "direct", "group", "room"] = ""


class Order(Struct, frozen=True, kw_only=True):
    """What the plan knows when it writes the list for the vendor."""

    language: Language
    counts: Mapping[str, int]
    edition: str
    retention_wanted: int
    """Days back to the oldest message that shall be readable."""
    files: int
    """Messages with files."""
    largest_group: int
    most_friends: int
    raises: tuple[tuple[str, float, float], ...]
    """(quota, now, wanted), in calls a second."""
    target: str
    findings: Findings = Findings()
    """What the probe has found: it need not be asked for any more."""


class MigrationRules(Struct, frozen=True, kw_only=True):
    texts: Mapping[str, TextLimit]
    """By `tag.field` of an item: what is longer is cut."""
    attributes: int
    """Bytes of all attributes of a user, profile fields included."""
    attributes_of: Callable[[AnyItem], Mapping[str, str]]
    """What of an item is written as attributes there, by the names there."""
    member_attributes: int
    """Bytes of all attributes of a group's member."""
    message: int
    """Bytes of one message."""
    message_size: Callable[[Event], int]
    """What the target counts against *message*; an estimate, never too small."""
    phone_ids: bool
    """Ids that look like telephone numbers are taken."""
    editions: Mapping[str, Edition]
    """By name; the first is what a migration of this size usually has."""
    history: frozenset[str]
    """Kinds of conversations whose messages can be imported."""
    after_creation: bool
    """Messages of a group must be later than its creation at the target."""
    quotas: tuple[Quota, ...]
    calls: tuple[Call, ...]
    round_trip: float = 0.05
    """Seconds from one import of a conversation to the next, which waits for it."""
    order: Callable[[Order], str]
    """Markdown: what to order from the vendor, ready to send."""
    found: "Callable[[MigrationRules, Findings], MigrationRules]" = lambda rules, _: rules
    """The rules, with what the probe has found in place of the careful reading."""
