"""Exports of made-up customers, as files, and a check of them."""

import json
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from converters import PLATFORMS
from converters.inventory import Problem
from streams.migrate.bundle import Bundle
from streams.migrate.check import Check, Wanted
from streams.migrate.files import open_path
from streams.migrate.source import Source

NOW = 1_780_000_000_000
DAY = 86_400_000
TARGET = PLATFORMS["easemob"]


def write(path: Path, rows: Iterable[Any]) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text("".join(row if isinstance(row, str) else json.dumps(row, ensure_ascii=False) + "\n" for row in rows), encoding="utf-8")
    return path


def user(name: str, **more: Any) -> dict[str, Any]:
    return {"id": name, "name": name.title(), **more}


def said(
    number: int | str, sender: str, to: str = "", *, group: str = "", room: str = "", at: int = NOW - DAY, text: str = "hello", **more: Any
) -> dict[str, Any]:
    conversation: dict[str, Any] = {"kind": "direct", "users": [sender, to]}
    if group or room:
        conversation = {"kind": "group", "id": group} if group else {"kind": "room", "id": room}
    return {
        "id": f"m{number}",
        "conversation": conversation,
        "sender": sender,
        "at": at,
        "operation": {"op": "post", "body": {"kind": "text", "text": text}},
        **more,
    }


def wanted(source: Path | str, **more: Any) -> Wanted:
    given = {
        "source": str(source),
        "target_app": "new",
        "target_platform": TARGET.name,
        "source_app": "old",
        "source_platform": "own",
        "edition": "flagship",
        "before_group": "import",
    }
    return Wanted(**{**given, **more})


def check(export: Path, root: Path, source: Source | None = None, now: int = NOW, **more: Any) -> Path:
    assert TARGET.migration is not None
    run = Check(root, wanted(export, **more), source or open_path(export), TARGET.migration, TARGET.user_ids, now=now)
    return run.run(lambda what, done, size: None)


@contextmanager
def checked(export: Path, root: Path, source: Source | None = None, **more: Any) -> Iterator[Bundle]:
    with Bundle.open(check(export, root, source, **more)) as bundle:
        yield bundle


def found(bundle: Bundle) -> list[Problem]:
    return list(bundle.problems())


def places(bundle: Bundle) -> set[tuple[str, str]]:
    """(kind, where) of all problems."""
    return {(problem.kind, problem.where) for problem in bundle.problems()}
