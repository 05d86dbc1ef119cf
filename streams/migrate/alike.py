"""Users whose ids people take for one: both arrive, and a person should know of it."""

from itertools import groupby

from converters.examine import likeness
from converters.inventory import Problem, User
from streams.migrate.problems import Problems
from streams.migrate.store import ITEMS, SIDES, Store

_PREFIX = b"A\x1f"


def note(store: Store, user: User) -> None:
    """Keep *user* in mind where its id is not what people take it for."""
    if (form := likeness(user.id)) != user.id:
        store.put(SIDES, b"%b%b\x1f%b" % (_PREFIX, form.encode(), user.id.encode()), b"")


def find(store: Store, problems: Problems) -> None:
    """What was noted, and is taken for another user."""
    keys = (key[len(_PREFIX) :].decode().split("\x1f") for key, _ in store.scan(SIDES, _PREFIX))
    for form, same in groupby(keys, key=lambda pair: pair[0]):
        first = form if store.get(ITEMS, f"user\x1f{form}".encode()) is not None else ""
        for _, name in same:
            if first:
                text = f'"{name}" looks like "{first}"'
                item = f"user\x1f{name}"
                problems.put("alike", name.encode(), Problem(kind="alike", level="note", where=problems.first(item), item=item, text=text))
            first = first or name
    store.write()
