"""Runs commands as a pod would, and prints what each of them did: `python -m tests.operate.commands_in_a_pod < LINES`.

Each line is a command's words as a JSON list. A command has no terminal, no HOME, and stands in a directory that it may not write to: whoever
starts this sees to a file system that is mounted read-only. Commands are forked, so that their modules are loaded once.
"""

import json
import os
import signal
import sys
import tempfile  # noqa: F401 - before the file system is looked at
from pathlib import Path

AT_ONCE = 6
"""Commands beside one another: most of their time is waiting for Kafka."""
LONGEST = 60
"""Seconds after which a command is taken to hang: it is ended by a signal, and its code says so."""


def main() -> None:
    lines = [json.loads(line) for line in sys.stdin]
    os.chdir("/")
    import streams.cli.app  # noqa: F401 - once for all
    from streams.cli.terminal import CommandGroup  # noqa: F401

    waiting = list(enumerate(lines))
    running: dict[int, tuple[int, list[str], int, int]] = {}
    done: dict[int, dict[str, object]] = {}
    while waiting or running:
        while waiting and len(running) < AT_ONCE:
            number, words = waiting.pop(0)
            out, err = os.memfd_create("out"), os.memfd_create("err")
            child = os.fork()
            if not child:
                _become(words, out, err)
            running[child] = (number, words, out, err)
        child, status = os.waitpid(-1, 0)
        number, words, out, err = running.pop(child)
        done[number] = {"words": words, "code": os.waitstatus_to_exitcode(status), "out": _text(out), "err": _text(err)}
    for number in range(len(lines)):
        print(json.dumps(done[number]))


def _become(words: list[str], out: int, err: int) -> None:
    signal.alarm(LONGEST)
    nothing = os.open(os.devnull, os.O_RDONLY)
    os.dup2(nothing, 0)
    os.dup2(out, 1)
    os.dup2(err, 2)
    sys.stdin, sys.stdout, sys.stderr = os.fdopen(0), os.fdopen(1, "w"), os.fdopen(2, "w")
    sys.argv = ["im-relay", *words]
    code = 99
    try:
        from streams.cli.main import main as relay

        relay()
    except SystemExit as end:
        code = end.code if isinstance(end.code, int) else 0
    finally:
        sys.stdout.flush()
        sys.stderr.flush()
        os._exit(code)


def _text(number: int) -> str:
    os.lseek(number, 0, os.SEEK_SET)
    with os.fdopen(number, encoding="utf-8") as file:
        return file.read()


if __name__ == "__main__":
    assert not os.access(Path.cwd(), os.W_OK), "this has to be started where nothing can be written"
    main()
