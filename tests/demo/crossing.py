"""What was said on one side, and where it came out on the other: from the simulators' journals alone."""

from collections import Counter, defaultdict
from collections.abc import Mapping
from typing import Any, NamedTuple

from tests.doings import Done, Seen
from tests.journals import KINDS, doing, is_message, mark, new_text

Media = Mapping[str, Any]
"""As a simulator's journal describes a file."""


class Said(NamedTuple):
    platform: str
    id: str
    conversation: str
    sender: str
    text: str
    """Of a file, its kind and name."""
    at: int
    media: Media | None = None
    answers: str = ""
    """What it quotes."""


class Arrived(NamedTuple):
    platform: str
    source: str
    """`platform:type:id` of the message it was made from, by the relay's mark."""
    conversation: str
    sender: str
    text: str
    at: int
    id: str = ""
    media: Media | None = None

    @property
    def number(self) -> str:
        """Kind of conversation, within which alone an id is unique, and id."""
        return f"{self.source.split(':')[1]}:{self.id}"


def source_key(said: Said) -> str:
    kind = "group" if said.conversation.startswith("group ") else "direct"
    return f"{said.platform}:{kind}:{said.id}"


def said(platform: str, entries: list[dict[str, Any]], groups: dict[str, str]) -> list[Said]:
    found = []
    for e in entries:
        if e["kind"] != "said" or not is_message(e):
            continue
        ext = e["ext"] if isinstance(e["ext"], dict) else {}
        quoted = ext.get("msgQuote", {}).get("msgPreview", "")
        found.append(Said(platform, e["id"], _conversation(e, groups), e["from"], _text(e), e["time"], e.get("media"), quoted))
    return found


def arrived(platform: str, entries: list[dict[str, Any]], groups: dict[str, str]) -> list[Arrived]:
    found = []
    for e in entries:
        known = mark(e) if e["kind"] == "accepted" and is_message(e) else None
        if known is None:
            continue
        source, _app, kind, number, _op = known.event.split(":")
        found.append(
            Arrived(
                platform, f"{source}:{kind}:{number}", _conversation(e, groups), e["from"], _text(e), e["time"], e["id"], e.get("media")
            )
        )
    return found


def _conversation(entry: dict[str, Any], groups: dict[str, str]) -> str:
    if entry["type"] == "group":
        return f"group {groups[entry['to']]}"
    return " & ".join(sorted((entry["from"], entry["to"])))


def _text(entry: dict[str, Any]) -> str:
    media = entry.get("media")
    return f"{media['kind']} {media.get('name', '')}" if media else entry["text"] or ""


def _same(one: Said, other: Arrived) -> bool:
    """Of a file, only that it came as one of its kind: `tests.fetched` looks into it."""
    if one.media is None or other.media is None:
        return one.media is other.media and one.text == other.text
    return bool(one.media["kind"] == other.media["kind"])


def done(platform: str, entries: list[dict[str, Any]]) -> tuple[list[Done], list[Seen]]:
    """Recalls and edits: those of people, and those of the relay; their messages by kind of conversation and the platform's own number."""
    people, relay = [], []
    for e in entries:
        if is_message(e) or (what := doing(e))[0] not in ("recall", "edit"):
            continue
        name, number = what
        text = new_text(e) if name == "edit" else ""
        if e["kind"] == "said":
            people.append(Done(name, f"{KINDS[e['type']]}:{number}", platform, text))
        elif e["kind"] == "accepted":
            relay.append(Seen(name, f"{KINDS[e['type']]}:{number}", platform, text))
    return people, relay


class Findings(NamedTuple):
    said: int
    lost: list[Said]
    doubled: list[str]
    out_of_order: list[str]
    changed: list[str]
    strange: list[Arrived]

    @property
    def good(self) -> bool:
        return not (self.lost or self.doubled or self.out_of_order or self.changed or self.strange)


def check(says: list[Said], arrives: list[Arrived]) -> Findings:
    """Every message once, as it was said, and in the order of its conversation on the side where it was said."""
    by_key = {source_key(one): one for one in says}
    counts = Counter(one.source for one in arrives)
    doubled = [key for key, count in counts.items() if count > 1]
    lost = [one for key, one in by_key.items() if key not in counts]
    strange = [one for one in arrives if one.source not in by_key]
    changed = [
        one.source
        for one in arrives
        if (origin := by_key.get(one.source))
        and (not _same(origin, one) or (origin.sender, origin.conversation) != (one.sender, one.conversation))
    ]
    # The order of a conversation is that of the journal in which it was said.
    place = {source_key(one): number for number, one in enumerate(says)}
    last: dict[tuple[str, str], int] = defaultdict(lambda: -1)
    out_of_order = []
    for one in arrives:
        if one.source not in place:
            continue
        where = one.platform, one.conversation
        if place[one.source] < last[where]:
            out_of_order.append(one.source)
        last[where] = max(last[where], place[one.source])
    return Findings(len(says), lost, doubled, out_of_order, changed, strange)
