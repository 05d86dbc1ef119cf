"""One line for each thing that arrives."""

import time

import httpx
from rich.console import Console
from rich.markup import escape

from streams.observe.printable import clean
from tests.demo import terminal
from tests.demo.crossing import Arrived, Said, source_key
from tests.demo.forms import told
from tests.demo.journals import Journals
from tests.doings import Seen
from tests.fetched import Fetched

KEPT = "\\\u200d\ufe0f"
"""What families and hearts are joined of: this is for looking at, and not for finding an id again."""


class Shown:
    def __init__(self, console: Console, journals: Journals, fetched: Fetched) -> None:
        self._console = console
        self._journals = journals
        self._fetched = fetched

    def news(self) -> None:
        messages, changes = self._journals.read()
        origins = {source_key(one): one for one in self._journals.says}
        for message in messages:
            self._message(message, origins.get(message.source))
        for change in changes:
            self._change(change, origins.get(change.event))

    def _message(self, one: Arrived, origin: Said | None) -> None:
        took = f"{one.at - origin.at:4d} ms" if origin else "     ?"
        clock = time.strftime("%H:%M:%S", time.localtime(one.at / 1000))
        sign, text = ("↩ ", f"{one.text}  ({origin.answers})") if origin and origin.answers else ("", one.text)
        source = origin.platform if origin else "?"
        picture = ""
        if origin and origin.media and one.media:
            sign = "▣ "
            text, picture = self._file(origin, one)
        self._line(clock, source, one.platform, took, one.sender, one.conversation, sign, text)
        if picture and self._console.is_terminal:
            self._console.file.write(picture)

    def _file(self, origin: Said, one: Arrived) -> tuple[str, str]:
        """In words, and, where the terminal can, as a picture."""
        assert origin.media is not None
        assert one.media is not None
        try:
            before, after = (self._fetched.content(each.platform, each.media or {}) for each in (origin, one))
        except (ValueError, httpx.HTTPError) as error:
            return f"{one.text}: not to be had, {error}", ""
        seen = terminal.shown(after) if origin.media["kind"] in ("image", "gif") else ""
        return told(origin.media, before, after), seen

    def _change(self, one: Seen, origin: Said | None) -> None:
        source = self._journals.other[one.platform]
        sender, place, text = (origin.sender, origin.conversation, origin.text) if origin else ("?", "?", "?")
        what = f"took back: {text}" if one.what == "recall" else f"changed to: {one.text}"
        self._line(time.strftime("%H:%M:%S"), source, one.platform, "", sender, place, "✎ " if one.what == "edit" else "⌫ ", what)

    def _line(self, clock: str, source: str, to: str, took: str, sender: str, place: str, sign: str, text: str) -> None:
        colour = "magenta" if source == "easemob" else "cyan"
        self._console.print(
            f"{clock}  [{colour}]{source:>9} → {to:<9}[/]  {took:>7}  [bold]{escape(clean(sender)):>5}[/] in {escape(clean(place)):<13} [yellow]{sign}[/]",
            end="",
            highlight=False,
        )
        words = "".join(char if char in KEPT else clean(char) for char in text.replace("\n", "⏎").replace("\t", "⇥"))
        self._console.print(words, markup=False, highlight=False, soft_wrap=True, style="dim" if sign else None)
