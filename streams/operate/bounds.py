"""How far back the commands reach that send what is past: what is too old is no news, and what was before the relay is none of its."""

from converters.core.localized import Localized, localized
from streams.cli.times import length, shown
from streams.operate.topic_reader import TopicReader

OLDER = "Include events older than deliver.max_age. They are sent without a push, where the platform allows that."
MARGIN = 600_000
"""Milliseconds before the first callback in which others may have been lost."""


async def first_known(reader: TopicReader, topic: str, app: str) -> int | None:
    """When the first callback of *app* came that is kept, in ms since 1970. Raises OperateError."""
    first: int | None = None
    named, seen = app.encode(), 0
    async for raw in reader.records(await reader.spans(reader.partitions(topic))):
        if any(name == "app" and value == named for name, value in raw.headers):
            first = raw.timestamp if first is None else min(first, raw.timestamp)
        seen += first is not None
        if seen > 2000:  # the partitions are read side by side: the first of all is among these
            break
    return first


def begins(since: int, now: int, max_age: float, first: int | None, *, named: bool = False, older: bool = False) -> tuple[int, str]:
    """From when on what is missing may be filled, and what is to be said of the rest. *first* is as of `first_known`; *named*: a person
    has said since when.
    """
    if older:
        return since, ""
    why = ""
    if first is None and not named:
        return now, "no callback has come of this app yet, so that nothing is known to be missing: name --since"
    if first is not None and (known := first - MARGIN) > since:
        since, why = known, f"before {shown(known)} UTC, when the first callback came that is kept, nothing is filled: --older does"
    if (news := now - int(max_age * 1000)) > since:
        since, why = news, f"what is older than {length(max_age)} is not filled (deliver.max_age): --older does"
    return since, why


def refusal(what: Localized, since: int, now: int, max_age: float) -> Localized | None:
    """Why *what* since then is refused; None where it is not."""
    if since >= now - int(max_age * 1000):
        return None
    return localized(
        "{what} since {since} UTC, {ago} ago, would arrive as new messages now; what is older than {max_age} (deliver.max_age) is no news. Name a later --since, or say --older: it is then sent without a push, where the platform can be told so",
        what=what,
        since=shown(since),
        ago=length((now - since) / 1000),
        max_age=length(max_age),
    )
