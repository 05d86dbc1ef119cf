"""What is asked before several conversations become one: what was delivered under the names that would go."""

from typing import Any

import typer

from converters.core.localized import joined, localized
from streams.cli.common import ask
from streams.cli.exit_codes import NOTHING
from streams.cli.terminal import print_notice, progress
from streams.kafka.topics import LEDGER
from streams.locale.messages import translated


def delivered_below(settings: Any, kind: str, origins: tuple[str, ...]) -> Any:
    from streams.operate.delivered import delivered_under
    from streams.operate.topic_reader import TopicReader

    ledgers = [settings.kafka.topic(LEDGER, platform) for platform in settings.platforms()]

    async def count() -> Any:
        with progress(translated("reads ledgers")) as tell:
            async with TopicReader(settings.kafka.cluster, names=ledgers) as reader:
                return await delivered_under(reader, ledgers, kind, origins, tell)  # type: ignore[arg-type]

    return ask(count(), settings.kafka.cluster)


def judge_joining(under: Any, origin: str, *, join: bool) -> None:
    """Ends the command where messages were delivered under another name than *origin*."""
    lost = {name: count for name, count in under.counts.items() if name != origin}
    if not lost:
        return
    said = joined([localized("{count} messages under {name}", count=count, name=name) for name, count in lost.items()], ", ")
    untold = localized(", and {untold} of which the ledger does not say under which", untold=under.untold) if under.untold else ""
    print_notice(
        translated(
            "im-relay: these were several conversations so far, and become the one keyed by {origin}: {said} were delivered{untold}. Recalls and edits of those find nothing then; a replay leaves them out.",
            origin=origin,
            said=said,
            untold=untold,
        )
    )
    if not join:
        print_notice(translated("im-relay: nothing was written; say --join to do it all the same"))
        raise typer.Exit(NOTHING)
