"""A check that kills itself with SIGKILL: `python -m tests.migrate.dying EXPORT WORK POINT`."""

import os
import signal
import sys
from pathlib import Path
from typing import NoReturn

from streams.migrate import check as checking
from streams.migrate import join_items, join_messages, stage
from tests.migrate.exports import check


def die(*_: object) -> NoReturn:
    os.kill(os.getpid(), signal.SIGKILL)
    raise AssertionError


def main(export: Path, work: Path, point: int) -> None:
    stage.CHECKPOINT = 400
    join_messages.CHECKPOINT = 300
    match point:
        case 0:  # after some checkpoints of reading, in the middle of a part
            taken, count = stage.Stage._take, 0

            def take(self: stage.Stage, *given: object) -> None:
                nonlocal count
                count += 1
                if count > 1700:
                    die()
                taken(self, *given)  # type: ignore[arg-type]

            stage.Stage._take = take  # type: ignore[assignment]
        case 1:  # all is read, members are being joined
            join_items.ItemJoin._member = die  # type: ignore[assignment]
        case 2:  # some conversations are joined
            join_messages.TalkJoin._keep, kept = lambda self, totals: (kept(self, totals), die()), join_messages.TalkJoin._keep  # type: ignore[assignment]
        case _:  # all is joined
            checking.sha256 = die  # type: ignore[assignment,attr-defined]
    check(export, work)


if __name__ == "__main__":
    main(Path(sys.argv[1]), Path(sys.argv[2]), int(sys.argv[3]))
