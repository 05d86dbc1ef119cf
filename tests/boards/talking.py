"""People who talk on both sides while a board is looked at."""

import threading
from collections.abc import Iterator
from contextlib import contextmanager, suppress

from tests.demo.journals import Journals
from tests.demo.people import People
from tests.demo.script import lines, script
from tests.stack import Stack


@contextmanager
def talking(stack: Stack, pause: float = 0.1) -> Iterator[Journals]:
    """A line each *pause* seconds; who has nothing to answer or to change yet is passed over."""
    journals = Journals(stack)
    stop = threading.Event()

    def talk() -> None:
        people = People(stack, journals)
        for line in lines(script(files=stack.carries)):
            if stop.wait(pause):
                return
            journals.read()
            with suppress(KeyError, ValueError):  # nothing was said yet that could be changed
                if people.can(line):
                    people.do(line)

    thread = threading.Thread(target=talk, daemon=True)
    thread.start()
    try:
        yield journals
    finally:
        stop.set()
        thread.join()
