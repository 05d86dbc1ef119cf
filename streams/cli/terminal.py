"""The only way to a terminal: every command prints, asks and shows its progress here.

Whatever is given, what comes out has no control character but line ends of ours, and colours of ours where somebody looks on. A test
holds that nothing else in `streams` prints.
"""

import sys
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from types import TracebackType
from typing import Any, TextIO

import typer
from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn
from rich.table import Column, Table
from rich.text import Text
from typer.core import TyperGroup

from converters.core.localized import ReportedError, text_of
from streams.locale.catalogue import speaker
from streams.locale.command_line import translate
from streams.locale.language import of_environment
from streams.locale.messages import shown, translated
from streams.observe.printable import as_json, clean

Cell = str | tuple[str, str] | Sequence["str | tuple[str, str]"]
"""A text; a text and its style; or several of these, each a line of its own."""

UNBOUNDED = 100_000
"""Characters of a line, where it is read by no eye, or later by one."""
DEFECT = 70
"""The exit code where a command ends by a defect of ours."""


def print_line(text: str = "") -> None:
    """One line on standard output."""
    _write(sys.stdout, clean(text))


def print_notice(text: str) -> None:
    """One line on standard error: what is said to the person, beside the answer."""
    _write(sys.stderr, clean(text))


def print_error(error: ReportedError) -> None:
    """Say why it cannot be done. An error of ours may have several lines; who raises it has put in them no line end of others."""
    for number, line in enumerate(error_lines(error)):
        print_notice(line if number else f"im-relay: {line}")


def error_lines(error: ReportedError) -> list[str]:
    """Its text, in the language of the person who runs the command."""
    return shown(text_of(error), speaker(of_environment())).split("\n")


def print_json(value: Any, *, indent: bool = False) -> None:
    """*value* as JSON on standard output: one line, unless *indent*."""
    _write(sys.stdout, as_json(value, indent=indent))


def print_table(header: Sequence["str | ColumnHead"], rows: Sequence[Sequence[Cell]], *, title: str = "", caption: str = "") -> None:
    """A table on standard output. What is too wide for the terminal goes on in the next line, and is never cut off."""
    heads = [one if isinstance(one, ColumnHead) else ColumnHead(one) for one in header]
    columns = [one.column([row[number] for row in rows]) for number, one in enumerate(heads)]
    table = Table(
        *columns,
        title=Text(clean(title)) if title else None,
        title_justify="left",
        caption=Text(clean(caption)) if caption else None,
        caption_justify="left",
    )
    for row in rows:
        table.add_row(*map(_cell, row))
    _print(table)


def print_styled(text: str, style: str) -> None:
    """As `print_line`, in a colour where there are some."""
    _print(Text(clean(text), style=style), soft_wrap=True)


class ColumnHead:
    """The head of a column. *whole*: its cells are broken last; *least*: so many characters of each line are."""

    def __init__(self, text: str, *, whole: bool = False, least: int | None = None) -> None:
        self._text, self._whole, self._least = text, whole, least

    def column(self, cells: Sequence[Cell]) -> Column:
        least = max((_cell(each).cell_len for each in cells), default=0) if self._whole else self._least
        return Column(Text(clean(self._text)), overflow="fold", min_width=least)


def confirm(question: str) -> bool:
    """Ask on standard error; raises typer.Abort where nobody answers."""
    return typer.confirm(clean(question), err=True)


def ask_password(question: str) -> str:
    """Ask twice on standard error, showing nothing; raises typer.Abort where nobody answers."""
    return str(typer.prompt(clean(question), hide_input=True, confirmation_prompt=True, err=True))


@contextmanager
def progress(what: str, unit: str | None = None) -> Iterator[Callable[[int, int], None]]:
    """A bar on standard error, shown only on a terminal; it is told (done, of all). *unit*: records, unless it is said."""
    console = Console(stderr=True, highlight=False)
    columns = (
        TextColumn(clean(what), markup=False),
        BarColumn(),
        MofNCompleteColumn(),
        TextColumn(clean(translated("records") if unit is None else unit), markup=False),
        TimeRemainingColumn(),
    )
    with Progress(*columns, console=console, transient=True, disable=not console.is_terminal) as bar:
        task = bar.add_task("", total=None)
        yield lambda done, total: bar.update(task, completed=done, total=total)


class CommandGroup(TyperGroup):
    """A group of commands whose errors are printed here as well, and whose defects without their texts, which may quote anybody."""

    def main(  # type: ignore[override]  # of its many parameters one is looked at
        self, args: Sequence[str] | None = None, prog_name: str | None = None, *, standalone_mode: bool = True, **extra: Any
    ) -> Any:
        if (language := of_environment()) != "en":
            translate(self, speaker(language))
        try:
            code = super().main(args, prog_name, standalone_mode=False, **extra)
        except typer.Abort:
            if not standalone_mode:
                raise
            print_notice(translated("Aborted."))
            sys.exit(1)
        except Exception as error:
            if not standalone_mode:
                raise
            sys.exit(_ended(error))
        if not standalone_mode:
            return code
        sys.exit(code if isinstance(code, int) else 0)


def _ended(error: Exception) -> int:
    """Print why, and the exit code."""
    if hasattr(error, "format_message") and hasattr(error, "exit_code"):  # of the command line: typer has no public name for it
        context = getattr(error, "ctx", None)
        if context is not None:
            for line in context.get_usage().split("\n"):
                print_notice(line)
            print_notice(translated("Try '{command} --help' for help.", command=context.command_path))
        from streams.cli.usage_errors import usage_error

        print_notice(translated("Error: {why}", why=usage_error(error)))
        return int(error.exit_code)
    from streams.observe.log import without_text

    print_notice(translated("im-relay: a defect of the relay; please report these lines:"))
    for line in without_text(error):
        print_notice(line)
    return DEFECT


def on_defect(kind: type[BaseException], error: BaseException, trace: TracebackType | None) -> None:
    """As `sys.excepthook`: a traceback without what the exceptions say."""
    from streams.observe.log import without_text

    del kind
    for line in without_text(error.with_traceback(trace)):
        print_notice(line)


def _cell(cell: Cell) -> Text:
    if isinstance(cell, str):
        return Text(clean(cell))
    if isinstance(cell, tuple) and len(cell) == 2 and all(isinstance(one, str) for one in cell):
        return Text(clean(str(cell[0])), style=str(cell[1]))
    return Text("\n").join(_cell(one) for one in cell)


def _print(what: Any, **how: Any) -> None:
    """Where nobody sits at a terminal, a line is as long as it has to be."""
    console = Console(highlight=False, markup=False, emoji=False, width=None if sys.stdout.isatty() else UNBOUNDED)
    with console.capture() as captured:
        console.print(what, **how)
    _write(sys.stdout, captured.get().removesuffix("\n"))


def _write(stream: TextIO, line: str) -> None:
    """A terminal that cannot show a character is shown its number."""
    encoding = getattr(stream, "encoding", None) or "utf-8"
    try:
        line.encode(encoding)
    except UnicodeEncodeError:
        line = line.encode(encoding, "backslashreplace").decode(encoding)
    stream.write(line + "\n")
    stream.flush()
