r"""JSON Lines: one object a line, whichever way lines end, in any encoding. A line that cannot be read costs itself."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any, BinaryIO

from converters.core.localized import localized
from streams.migrate.encoding import BOM, BROKEN, NAMES, WIDE
from streams.migrate.errors import SourceError
from streams.migrate.opened import LONGEST, Opened, overlong, stamp, text_lines
from streams.migrate.source import Read

_UTF8 = ("utf-8", "utf-8-sig", "ascii")
_BOM = BOM.encode()


class JsonLines:
    """A position is [line, byte]; in a packed file what lies before is unpacked again."""

    def __init__(self, path: Path, name: str, kind: str, encoding: str) -> None:
        self.name, self.kind, self.stamp = name, kind, f"{stamp(path)}-{kind}-{encoding}"
        self._encoding = encoding
        self._opened = Opened(path)
        self.size = self._opened.size

    def read(self, position: Any) -> Iterator[Read]:
        try:
            yield from self._read(position)
        except BROKEN as error:
            raise SourceError(
                localized("{name}: reading stopped: {kind}; is the file whole?", name=self.name, kind=type(error).__name__)
            ) from None

    def _read(self, position: Any) -> Iterator[Read]:
        number, offset = position or (0, 0)
        with self._opened.open() as file:
            if self._encoding in WIDE:
                yield from self._decoded(file, number)
                return
            if offset:
                file.seek(offset)
            plain, first = self._encoding in _UTF8, not number
            for line, size in byte_lines(file):
                number += 1
                offset += size
                if line is None:
                    yield Read(number, (number, offset), None, f"a line of more than {LONGEST} bytes")
                    continue
                text = line.strip()
                if text.startswith(_BOM):  # files put together have it in the middle
                    text = text[3:]
                if not text:
                    continue
                if first:
                    first = self._is_one_object_a_line(text)
                if not plain:
                    try:
                        text = text.decode(self._encoding).encode()
                    except UnicodeDecodeError:
                        yield Read(number, (number, offset), None, f"no {NAMES.get(self._encoding, self._encoding)}")
                        continue
                yield Read(number, (number, offset), text)

    def _is_one_object_a_line(self, text: bytes) -> bool:
        """False, for there is nothing more to ask. Raises SourceError where *text*, the first line, begins something else."""
        if text in (b"{", b"[") or text.startswith((b"[{", b"[ {")):
            raise SourceError(
                localized(
                    "{name}: JSON that is not one object a line; expected JSON Lines: a program such as jq makes them (jq -c '.[]')",
                    name=self.name,
                )
            )
        return False

    def _decoded(self, file: BinaryIO, behind: int) -> Iterator[Read]:
        """UTF-16 has line ends of two bytes: lines are counted again from the beginning."""
        first = not behind
        for number, line in enumerate(text_lines(file, self._encoding), 1):
            if number <= behind:
                continue
            if overlong(line):
                yield Read(number, (number, 0), None, f"a line of more than {LONGEST} characters")
                continue
            text = line.strip().removeprefix(BOM)
            if not text:
                continue
            try:
                raw = text.encode()
            except UnicodeEncodeError:
                yield Read(number, (number, 0), None, f"no {NAMES[self._encoding]}")
                continue
            if first:
                first = self._is_one_object_a_line(raw)
            yield Read(number, (number, 0), raw)

    def done(self) -> int:
        return self._opened.done()


def byte_lines(file: BinaryIO) -> Iterator[tuple[bytes | None, int]]:
    r"""(line, bytes of it with its end); None in place of one that is longer than `LONGEST`. `\n`, `\r\n` and `\r` end a line."""
    rest = b""
    while piece := file.readline(LONGEST):
        if not rest and piece.find(b"\r", 0, -2) < 0 and (len(piece) < LONGEST or piece[-1] == 10):
            yield piece, len(piece)
            continue
        *lines, rest = (rest + piece).splitlines(keepends=True)
        for line in lines:
            yield line, len(line)
        if rest.endswith(b"\n") or (rest.endswith(b"\r") and len(piece) < LONGEST):
            yield rest, len(rest)
            rest = b""
        elif len(rest) >= LONGEST and not rest.endswith(b"\r"):  # what comes next may be the \n of a \r
            size = len(rest)
            rest = b""
            while more := file.readline(LONGEST):
                head, *tail = more.splitlines(keepends=True)
                size += len(head)
                if head.endswith((b"\r", b"\n")):
                    rest = b"".join(tail)
                    break
            yield None, size
    if rest:
        yield from ((line, len(line)) for line in rest.splitlines(keepends=True))
