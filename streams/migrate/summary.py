"""What `check` says in the end: counts, problems by kind with an example each, and problems.csv and ids.csv with all of them."""

# ruff: noqa: RUF001 - Chinese has its own punctuation

import csv
from collections.abc import Iterable, Iterator
from pathlib import Path

from msgspec import Struct

from converters.inventory import Level, Problem, User
from converters.migration_problems import KINDS
from converters.migration_rules import Language
from converters.routing.user_ids import IdRule
from streams.migrate.bundle import Bundle, Meta
from streams.observe.printable import clean

ORDER: tuple[Level, ...] = ("stop", "loss", "note")
_WORDS = {
    "en": {
        "stop": "stop",
        "loss": "loss",
        "note": "note",
        "level": "level",
        "kind": "kind",
        "where": "where",
        "item": "item",
        "text": "text",
        "count": "count",
        "user": "users",
        "friendship": "friendships",
        "block": "blocks",
        "group": "groups",
        "member": "members",
        "group-block": "group blocks",
        "room": "rooms",
        "room-member": "room members",
        "setting": "settings",
        "message": "messages",
        "device-message": "for devices",
    },
    "zh": {
        "stop": "阻止",
        "loss": "损失",
        "note": "提示",
        "level": "级别",
        "kind": "类型",
        "where": "位置",
        "item": "对象",
        "text": "说明",
        "count": "数量",
        "user": "用户",
        "friendship": "好友关系",
        "block": "黑名单",
        "group": "群组",
        "member": "群成员",
        "group-block": "群黑名单",
        "room": "聊天室",
        "room-member": "聊天室成员",
        "setting": "免打扰设置",
        "message": "消息",
        "device-message": "导出到设备",
    },
}


class KindRow(Struct):
    """One kind of problem."""

    kind: str
    level: Level
    count: int = 0
    first: Problem | None = None
    decided: bool = False
    """A person has said what becomes of it."""


def word(language: Language, name: str) -> str:
    return _WORDS[language].get(name, name)


def by_kind(problems: Iterable[Problem], decided: frozenset[str]) -> list[KindRow]:
    """The worst first, then the most."""
    rows: dict[str, KindRow] = {}
    for problem in problems:
        row = rows.get(problem.kind)
        if row is None:
            row = rows[problem.kind] = KindRow(problem.kind, problem.level, first=problem, decided=problem.kind in decided)
        row.count += problem.count
    for row in rows.values():
        if row.decided and row.level == "stop":
            row.level = "loss"
    return sorted(rows.values(), key=lambda row: (ORDER.index(row.level), -row.count))


def counts_line(bundle: Bundle, language: Language) -> str:
    counts = bundle.meta.counts
    gap = "   " if language == "en" else "  "
    return gap.join(f"{word(language, kind)} {count:,}" for kind, count in counts.items() if count)


def kind_line(row: KindRow, language: Language, days: int) -> str:
    about = KINDS[row.kind].says(language).format(days=days)
    first = row.first
    example = ""
    if first is not None:
        more = " …" if row.count > 1 else ""
        example = f"   {clean(first.text)}   {clean(first.where)}{more}" if first.count == 1 else f"   {clean(first.where)}{more}"
    return f"  {word(language, row.level)}  {row.kind:<14} {row.count:>11,}  {about}{example}"


def lines(rows: list[KindRow], meta: Meta, path: Path, days: int, language: Language) -> Iterator[str]:
    """The problems in short, and where the bundle lies."""
    total = sum(row.count for row in rows)
    if language == "zh":
        yield f"问题 {total:,} 个，共 {len(rows)} 类，其中 {meta.stops:,} 个阻止迁移      数据包 {path}（sha256 {meta.sha256[:12]}…）"
    else:
        stop = "stops" if meta.stops == 1 else "stop"
        yield f"problems  {total:,} in {len(rows)} kinds, {meta.stops:,} {stop} the run      bundle  {path} (sha256 {meta.sha256[:12]}…)"
    for row in rows:
        yield kind_line(row, language, days)


def last_line(number: int, changed: int, problems: Path, path: Path, stops: int, language: Language) -> str:
    code = 1 if stops else 0
    ids = path / "ids.csv"
    if language == "zh":
        more = f"；{changed:,} 个写法不同的 ID：{ids}" if changed else ""
        return f"退出码 {code}；全部 {number:,} 条：{problems}{more}"
    more = f"; {changed:,} ids written otherwise: {ids}" if changed else ""
    return f"exit {code}; all {number:,} of them: {problems}{more}"


def write_problems(path: Path, problems: Iterable[Problem], language: Language, decided: frozenset[str]) -> int:
    """All of them, for a spreadsheet; the number of lines. Raises OSError."""
    with path.open("w", encoding="utf-8-sig", newline="") as file:
        out = csv.writer(file)
        out.writerow([word(language, name) for name in ("level", "kind", "where", "item", "text", "count")])
        number = 0
        for problem in problems:
            number += 1
            level = "loss" if problem.level == "stop" and problem.kind in decided else problem.level
            cells = (level, problem.kind, problem.where, problem.item.replace("\x1f", " "), problem.text, str(problem.count))
            out.writerow([cell(one) for one in cells])
    return number


def write_ids(path: Path, bundle: Bundle, rule: IdRule) -> int:
    """User ids that are written otherwise at the target, with what they are there. Raises OSError."""
    number = 0
    with path.open("w", encoding="utf-8-sig", newline="") as file:
        out = csv.writer(file)
        out.writerow(["id", "written", "reversible"])
        for name, written, hashed in changed_ids(bundle, rule):
            number += 1
            out.writerow([cell(name), cell(written), "no" if hashed else "yes"])
    return number


def changed_ids(bundle: Bundle, rule: IdRule) -> Iterator[tuple[str, str, bool]]:
    for row in bundle.items("user"):
        if isinstance(row.item, User):
            written = rule.write(row.item.id)
            if written.native != row.item.id:
                yield row.item.id, written.native, written.hashed


def cell(text: str) -> str:
    """*text* as a spreadsheet shows it and does not compute it."""
    shown = clean(text)
    return f"'{shown}" if shown.startswith(("=", "+", "-", "@")) else shown
