"""What each address shows. None of these changes anything, whoever asks."""

import asyncio
from collections.abc import Awaitable, Callable, Mapping
from typing import get_args

from converters.routing.identity_table import Kind
from streams.console.access import Person
from streams.console.forms import BadFormError, choice_of, now, since_of
from streams.console.frame import View
from streams.console.letter_views import FILTERS, letters_view
from streams.console.readings import Readings
from streams.console.status_view import status_view
from streams.console.views import audit_view, identities_view, message_view, migrations_view
from streams.console.words import Words

Look = Callable[[Readings, Mapping[str, str], Words, Person], Awaitable[View]]
"""May raise BadFormError, OperateError."""
LONGEST = 500
DAY = 86_400_000
SHORTEST = 3
"""Characters of a message id that is looked for: fewer are in every record."""


async def status(readings: Readings, given: Mapping[str, str], words: Words, person: Person) -> View:
    del given, person
    stages, metrics, causes = await asyncio.gather(readings.stages(), readings.metrics(), readings.causes())
    return status_view(stages, metrics, causes, readings.apps, words)


async def message(readings: Readings, given: Mapping[str, str], words: Words, person: Person) -> View:
    del person
    wanted = given.get("id", "")
    since = since_of(given.get("since", "")) or now() - DAY
    if len(wanted) > LONGEST or 0 < len(wanted) < SHORTEST:
        raise BadFormError
    found = await readings.message(wanted, since) if wanted else None
    return message_view(given, found, since, words)


async def letters(readings: Readings, given: Mapping[str, str], words: Words, person: Person) -> View:
    kept = {name: value for name, value in given.items() if name in FILTERS}
    found = await readings.letters(choice_of(kept, readings))
    return letters_view(found.letters, kept, sorted(readings.apps), words, person)


async def identities(readings: Readings, given: Mapping[str, str], words: Words, person: Person) -> View:
    del person
    wanted, platform = given.get("id", ""), given.get("platform", "")
    kind = next((one for one in get_args(Kind) if one == given.get("kind", "user")), None)
    if kind is None or platform not in ("", *readings.platforms) or len(wanted) > LONGEST:
        raise BadFormError
    found = await readings.sides(kind, wanted, platform) if wanted else None
    return identities_view(given, found, readings.platforms, words, asked=bool(wanted))


async def migrations(readings: Readings, given: Mapping[str, str], words: Words, person: Person) -> View:
    del given, person
    return migrations_view(await readings.migrations(), words)


async def audit(readings: Readings, given: Mapping[str, str], words: Words, person: Person) -> View:
    del given, person
    return audit_view(await readings.acts(), words)


LOOKS: Mapping[str, Look] = {
    "/": status,
    "/message": message,
    "/letters": letters,
    "/identities": identities,
    "/migrations": migrations,
    "/audit": audit,
}
