r"""CSV in which a backslash stands before what is not meant as a sign of the form, as MySQL writes it (`SELECT … INTO OUTFILE`, `mysqldump --tab`).

Escaped signs are put aside before a row is taken apart, and back into its cells afterwards.
Source: MySQL Reference Manual, "LOAD DATA Statement".
"""

import re

_ESCAPED = re.compile(r"\\(\r\n|.)", re.DOTALL)
_MEANT = {"0": "\0", "b": "\b", "n": "\n", "r": "\r", "t": "\t", "Z": "\x1a"}
_NOTHING = "\udf4e"
r"""Stands for `\N`. Halves of pairs cannot be in a text that was decoded, but for those that `opened` puts there, which are others."""
_ASIDE = {"\n": "\udf01", "\r": "\udf02", "\r\n": "\udf03", '"': "\udf04", ",": "\udf05", ";": "\udf06", "\t": "\udf07", "|": "\udf08"}
_BACK = str.maketrans({stand_in: sign for sign, stand_in in _ASIDE.items()} | {_NOTHING: "N"})
_DOUBTFUL = re.compile(r'\\"(?!")|\\$')


DOUBTFUL = "a backslash that may stand before what follows it, as MySQL writes it: the mapping says so with escape = '\\', or escape = 'none' where it is a sign like any other"


def aside(line: str) -> str:
    """*line* with everything escaped put aside; where it had escaped its own end, that is no end any more."""
    return _ESCAPED.sub(_stand_in, line)


def back(cells: list[str]) -> list[str | None]:
    r"""*cells* as they are meant; None for `\N`."""
    return [None if cell == _NOTHING else cell if cell.isascii() else cell.translate(_BACK) for cell in cells]


def is_doubtful(lines: list[str], cells: list[str]) -> bool:
    """Whether a row has backslashes which, in the other form, would mean something else; JSON within a cell has such of its own."""
    text = "".join(lines)
    if "\\" not in text:
        return False
    if _DOUBTFUL.search(text.rstrip("\r\n")) or any(line.rstrip("\r\n").endswith("\\") for line in lines):
        return True
    return any("\\\\" in cell and cell[:1] not in ("{", "[") for cell in cells)


def _stand_in(found: re.Match[str]) -> str:
    sign = found[1]
    if sign == "N":
        return _NOTHING
    meant = _MEANT.get(sign, sign)
    return _ASIDE.get(meant, meant)
