"""A report as a page: from Markdown to HTML without anything from elsewhere; ids masked, times in UTC."""

import html as markup
import re
from datetime import UTC, datetime
from hashlib import blake2b
from pathlib import Path

from converters.migration_rules import Language


def masked(item: str) -> str:
    """An id by its first character and a digest: two that are alike are seen to be, and nobody is named."""
    kind, *names = item.split("\x1f")
    return " ".join([kind, *(f"{name[:1]}…{blake2b(name.encode(), digest_size=3).hexdigest()}" for name in names)])


def day(at: int) -> str:
    return datetime.fromtimestamp(at / 1000, UTC).strftime("%Y-%m-%d %H:%M UTC")


_STYLE = (
    "body{font:15px/1.5 sans-serif;max-width:60em;margin:2em auto;padding:0 1em}table{border-collapse:collapse;margin:.5em 0}"
    "td,th{border:1px solid #999;padding:.25em .6em;text-align:left;vertical-align:top}code{font-size:90%}"
    "@media print{body{margin:0}h2{break-after:avoid}tr{break-inside:avoid}}"
)


def html(text: str, language: Language) -> str:
    """*text*, in the Markdown of our reports, as one page without anything from elsewhere, to be printed and signed."""
    body: list[str] = []
    lines = text.split("\n")
    for number, line in enumerate(lines):
        if line.startswith("#"):
            level = len(line) - len(line.lstrip("#"))
            body.append(f"<h{level}>{_inline(line.lstrip('# '))}</h{level}>")
        elif line.startswith("| ---"):
            continue
        elif line.startswith("|"):
            first = number == 0 or not lines[number - 1].startswith("|")
            last = number + 1 == len(lines) or not lines[number + 1].startswith("|")
            tag = "th" if first else "td"
            cells = "".join(f"<{tag}>{_inline(cell.strip())}</{tag}>" for cell in line.strip().strip("|").split("|"))
            body.append(("<table>" if first else "") + f"<tr>{cells}</tr>" + ("</table>" if last else ""))
        elif line.startswith("- "):
            body.append(f"<p>• {_inline(line[2:])}</p>")
        elif line:
            body.append(f"<p>{_inline(line)}</p>")
    tongue = "zh-CN" if language == "zh" else "en"
    title = _inline(lines[0].lstrip("# "))
    return (
        f'<!doctype html>\n<html lang="{tongue}"><meta charset="utf-8"><title>{title}</title><style>{_STYLE}</style>\n'
        + "\n".join(body)
        + "\n</html>\n"
    )


def _inline(text: str) -> str:
    shown = re.sub(r"\*\*(.+?)\*\*", r"<b>\1</b>", markup.escape(text))
    return re.sub(r"`([^`]+)`", r"<code>\1</code>", shown)


def write(out: Path, text: str, language: Language) -> list[Path]:
    """*text* as OUT.md and OUT.html. Raises OSError."""
    made = {out.with_suffix(".md"): text, out.with_suffix(".html"): html(text, language)}
    for path, content in made.items():
        path.write_text(content, encoding="utf-8")
    return list(made)
