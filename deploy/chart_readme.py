# ruff: noqa: INP001 - a part of deploy/dashboards.py's work
"""The list of values in the chart's READMEs, from the comments of values.yaml; in Chinese from helm/im-relay/values.zh-CN.yaml.

A comment stands directly above its key. Where a key has none, the comment of what it is in is about it, too, and it has no row.
"""

import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any, NamedTuple

import yaml

VALUES = "helm/im-relay/values.yaml"
CHINESE = "helm/im-relay/values.zh-CN.yaml"
PAGES = {"helm/im-relay/README.md": "## Values", "helm/im-relay/README.zh-CN.md": "## 全部取值"}
_KEY = re.compile(r"( *)([A-Za-z0-9]+):(.*)")


class ValueRow(NamedTuple):
    key: str
    default: str
    meaning: str


def rows(root: Path) -> list[ValueRow]:
    """A row for each key that has a comment, in the order of the file."""
    text = (root / VALUES).read_text(encoding="utf-8")
    return list(_rows(text, yaml.safe_load(text)))


def _rows(text: str, values: dict[str, Any]) -> Iterator[ValueRow]:
    path: list[tuple[int, str]] = []
    comment: list[str] = []
    for line in text.split("\n"):
        found = _KEY.fullmatch(line)
        if line.lstrip().startswith("#"):
            comment.append(line.strip().removeprefix("#").strip())
            continue
        if found:
            depth = len(found[1])
            path = [*(one for one in path if one[0] < depth), (depth, found[2])]
            key = ".".join(name for _, name in path)
            if comment and not key.startswith("settings."):  # docs/settings.md has those
                yield ValueRow(key, _default(values, [name for _, name in path]), _sentence(comment))
        comment = []


def _sentence(comment: list[str]) -> str:
    """Up to where an example begins, which is for whoever reads the file."""
    words: list[str] = []
    for line in comment:
        words.append(line)
        if line.endswith(("for example:", "; for example:")):
            words[-1] = line.rpartition("for example:")[0].rstrip(" ;.") + "."
            break
    return " ".join(words)


def _default(values: Any, path: list[str]) -> str:
    for name in path:
        values = values[name]
    if isinstance(values, dict) and values:
        return ""
    return f"`{yaml.safe_dump(values, default_flow_style=True).strip().removesuffix('...').strip()}`"


def chinese(root: Path) -> dict[str, str]:
    """The meaning of each value, by its key."""
    found: dict[str, str] = yaml.safe_load((root / CHINESE).read_text(encoding="utf-8"))
    return found


def page(root: Path, name: str) -> str:
    """The README as it lies there, its list of values made anew; raises KeyError where a value is not told in Chinese."""
    written = (root / name).read_text(encoding="utf-8")
    meanings = chinese(root) if "zh-CN" in name else {}
    heads = "| 键 | 默认 | 含义 |" if meanings else "| key | default | meaning |"
    lines = [PAGES[name], "", heads, "| --- | --- | --- |"]
    for row in rows(root):
        meaning = (meanings[row.key] if meanings else row.meaning).replace("|", "\\|")
        lines.append(f"| `{row.key}` | {row.default} | {meaning} |")
    return written.partition(f"{PAGES[name]}\n")[0] + "\n".join(lines) + "\n"
