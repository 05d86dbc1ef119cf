"""What was said on one side, and where it came out on the other: from the simulators' journals alone."""

import json
from collections import Counter, defaultdict
from typing import Any, NamedTuple


class Said(NamedTuple):
    platform: str
    id: str
    conversation: str
    sender: str
    text: str
    at: int


class Arrived(NamedTuple):
    platform: str
    source: str
    """`platform:type:id` of the message it was made from, by the relay's mark."""
    conversation: str
    sender: str
    text: str
    at: int


def source_key(said: Said) -> str:
    kind = "group" if said.conversation.startswith("group ") else "direct"
    return f"{said.platform}:{kind}:{said.id}"


def said(platform: str, entries: list[dict[str, Any]], groups: dict[str, str]) -> list[Said]:
    return [
        Said(platform, e["id"], _conversation(e, groups), e["from"], e["text"], e["time"])
        for e in entries
        if e["kind"] == "said"
    ]


def arrived(platform: str, entries: list[dict[str, Any]], groups: dict[str, str]) -> list[Arrived]:
    found = []
    for e in entries:
        if e["kind"] != "accepted" or e["api"] != "send":
            continue
        ext = json.loads(e["ext"]) if isinstance(e["ext"], str) else e["ext"]
        source, _app, kind, number, _op = ext["relay"]["id"].split(":")
        found.append(
            Arrived(platform, f"{source}:{kind}:{number}", _conversation(e, groups), e["from"], e["text"], e["time"])
        )
    return found


def _conversation(entry: dict[str, Any], groups: dict[str, str]) -> str:
    if entry["type"] == "group":
        return f"group {groups[entry['to']]}"
    return " & ".join(sorted((entry["from"], entry["to"])))


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
        and (origin.text, origin.sender, origin.conversation) != (one.text, one.sender, one.conversation)
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
