"""Dead letters as a table: the latest one by one, and how many there are of each cause."""

from collections import Counter

from streams.cli.terminal import Cell, ColumnHead, print_notice, print_table
from streams.cli.times import shown
from streams.locale.messages import translated
from streams.operate.dead_letter_reader import LetterSummary


def print_letters(letters: list[LetterSummary], limit: int) -> None:
    """*limit*: of how many latest ones the details are shown; 0: of none."""
    counts = Counter((one.letter.whose, one.letter.stage, one.letter.cause) for one in letters)
    sizes: Counter[tuple[str, str, str]] = Counter()
    for one in letters:
        sizes[one.letter.whose, one.letter.stage, one.letter.cause] += one.size
    if limit:
        # A key that is cut off could not be given to `show`: it has a line of its own, and the rest below it.
        about = ColumnHead(translated("key, conversation, detail"), least=min(60, max(len(one.name) for one in letters)))
        rows = []
        for one in letters[-limit:]:
            letter = one.letter
            lines: list[str | tuple[str, str]] = [one.name, (min(one.about.conversations, default="-"), "dim"), (letter.detail, "dim")]
            if one.resolved:
                lines.append(f"{one.resolved.resolved} by {one.resolved.by} {one.resolved.reason}")
            row: list[Cell] = [
                shown(letter.at)[:19], letter.whose, f"{letter.stage}: {letter.cause}", str(letter.attempts), str(one.size), lines,
            ]  # fmt: skip
            rows.append(row)
        print_table(
            [
                ColumnHead(translated("buried (UTC)"), whole=True),
                translated("whose"),
                translated("stage: cause"),
                translated("attempts"),
                translated("bytes"),
                about,
            ],
            rows,
        )
        if len(letters) > limit:
            print_notice(translated("{what} more; see --limit, --json", what=len(letters) - limit))
    print_table(
        [translated("whose"), translated("stage"), translated("cause"), translated("letters"), translated("bytes")],
        [[*group, str(counts[group]), str(sizes[group])] for group in sorted(counts)],
    )
