"""What is wrong with the recalls, edits and receipts of a run. Pure: what people did, and what the relay did because of it."""

from collections import Counter
from collections.abc import Collection, Iterable, Mapping
from typing import NamedTuple


class Done(NamedTuple):
    """What a person did to a message."""

    what: str
    event: str
    """The message, by the relay's id of it."""
    platform: str
    """Where it was done."""
    text: str = ""
    """Of an edit."""


class Seen(NamedTuple):
    """What the relay did to a message, as its platform took it."""

    what: str
    event: str
    platform: str
    text: str = ""


class Findings(NamedTuple):
    done: Counter[str]
    """How much there was to carry, by what it was."""
    missing: list[str]
    came_back: list[str]
    """Done where a person had done it."""
    strange: list[str]
    """Nobody did it to this message."""
    repeated: list[str]
    """Done more often than workers died: evidence asked for no second time."""
    again: int
    """Done more than once because a worker died in between: the same once more changes nothing."""

    def complaints(self) -> list[str]:
        names = ("missing", "came_back", "strange", "repeated")
        found = {name.replace("_", " "): getattr(self, name) for name in names}
        return [f"operations {name}: {len(each)}, such as {each[:3]}" for name, each in found.items() if each]


def check(
    done: Iterable[Done], seen: Iterable[Seen], other: Mapping[str, str], *, deaths: int = 0, uncarried: Collection[tuple[str, str]] = ()
) -> Findings:
    """Compare. *other* is each platform's opposite, *deaths* how many workers were killed; *uncarried* (what, where it was done) has
    no call on the other side."""
    done = list(done)
    wanted = Counter(Seen(one.what, one.event, other[one.platform], one.text) for one in done if (one.what, one.platform) not in uncarried)
    at_home = {Seen(*one) for one in done}
    found = Counter(seen)
    more = {one: count - wanted[one] for one, count in found.items() if one in wanted and count > wanted[one]}
    return Findings(
        done=Counter(one.what for one in wanted.elements()),
        missing=[_said(one) for one in wanted if one not in found],
        came_back=[_said(one) for one in found if one not in wanted and one in at_home],
        strange=[_said(one) for one in found if one not in wanted and one not in at_home],
        repeated=[f"{_said(one)}: {count} times too often" for one, count in more.items() if count > deaths],
        again=sum(count for count in more.values() if count <= deaths),
    )


def _said(one: Seen) -> str:
    return f"{one.what} of {one.event} on {one.platform}"
