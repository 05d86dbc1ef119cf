"""A migration that is under way while a board is looked at, and lasts for longer than that."""

from collections.abc import Iterator
from contextlib import contextmanager
from itertools import pairwise

from converters.core.model import direct
from converters.inventory import AnyItem, Friendship, User
from tests.migrate.bundles import made, said
from tests.migrate.rig import start
from tests.stack import Stack

USERS, LINES = 60, 150
"""And lines of a history that each says to the next: at `SHARE`, a few seconds of users, and ten minutes of lines."""
SHARE = 0.15
"""Of the quotas: a machine that draws boards has people talking as well."""
AT = 1_700_000_000_000


@contextmanager
def migrating(stack: Stack) -> Iterator[None]:
    """The worker has to run already."""
    users = [f"m{number:02}" for number in range(USERS)]
    pairs = list(pairwise(users))
    items: list[AnyItem] = [
        *(User(id=name, name=name.upper()) for name in users),
        *(Friendship(owner=one, friend=other) for one, other in pairs),
    ]
    lines = (
        said(direct(one, other), one, place * LINES + line, AT + line * 1000, f"line {line}")
        for place, (one, other) in enumerate(pairs)
        for line in range(LINES)
    )
    folder = stack.directory / "bundle"
    folder.mkdir()
    applying = start(stack.config, "--live-since", "none", "--bundle", str(made(folder, items, lines)))
    try:
        yield
        if applying.poll() is not None:
            raise RuntimeError(f"the migration was at its end before the picture was taken: {applying.communicate()}")
    finally:
        applying.kill()
        applying.communicate()
