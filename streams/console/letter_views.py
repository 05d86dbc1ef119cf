"""Dead letters: which there are, and what a person does about them. What people wrote is on none of these pages."""

from collections.abc import Mapping, Sequence
from urllib.parse import quote

from msgspec import Struct

from streams.cli.times import length
from streams.console.access import Person
from streams.console.frame import View, box, choice, code_text, field, hidden, moment, table, token
from streams.console.markup import Element, h
from streams.console.words import Words
from streams.operate.dead_letter_reader import LetterSummary
from streams.operate.resolve_dead_letters import ResolvedCounts

SHOWN = 200
FILTERS = ("cause", "stage", "whose", "app", "user", "conversation", "since")
STAGES = ("convert", "deliver", "media", "migrate")


class LetterAct(Struct, frozen=True, kw_only=True):
    """*what*: replay or drop. *places* are the chosen letters as `place_of` writes them; None for all that *given* takes until *until*."""

    what: str
    given: Mapping[str, str]
    places: Sequence[str] | None
    until: int
    count: int


def place_of(letter: LetterSummary) -> str:
    """Its place in the topic: two numbers, where a key is a stranger's word."""
    return f"{letter.partition}-{letter.offset}"


def letters_view(
    letters: Sequence[LetterSummary], given: Mapping[str, str], apps: Sequence[str], words: Words, person: Person, said: object = None
) -> View:
    newest = sorted(letters, key=lambda one: one.letter.at, reverse=True)[:SHOWN]
    body: list[object] = [said, _filters(given, apps, words)]
    if not letters:
        body.append(h("p", words("no-letters")))
    else:
        if len(letters) > SHOWN:
            body.append(h("p", words("shown-of", shown=SHOWN, count=f"{len(letters):,}"), class_="dim"))
        body.append(_chooser(newest, len(letters), given, words, person) if person.operates else _table(newest, words, choose=False))
    body.append(h("p", code_text(words("content-note")), class_="dim"))
    return View(title=words("nav:letters"), page="letters", query=given, body=body)


def _filters(given: Mapping[str, str], apps: Sequence[str], words: Words) -> Element:
    anything = {"": words("any")}
    return h(
        "form",
        field(words("cause"), "cause", given.get("cause", "")),
        choice(words("stage"), "stage", anything | {one: one for one in STAGES}, given.get("stage", "")),
        choice(words("whose"), "whose", anything | {one: words(f"whose:{one}") for one in ("ours", "theirs")}, given.get("whose", "")),
        choice(words("app"), "app", anything | {one: one for one in apps}, given.get("app", "")),
        field(words("user"), "user", given.get("user", "")),
        field(words("conversation"), "conversation", given.get("conversation", ""), hint="direct:ann:bob"),
        field(words("since"), "since", given.get("since", ""), hint="2h"),
        h("button", words("search"), class_="main"),
        method="get",
        action="/letters",
        class_="fields",
    )


def _chooser(newest: Sequence[LetterSummary], count: int, given: Mapping[str, str], words: Words, person: Person) -> Element:
    scopes = [
        h("label", h("input", type="radio", name="scope", value=value, checked=value == "chosen"), text)
        for value, text in (("chosen", words("scope:chosen")), ("all", words("scope:all", count=f"{count:,}")))
    ]
    buttons = [
        h("button", words("replay"), name="what", value="replay"),
        h("button", words("drop"), name="what", value="drop", class_="danger"),
    ]
    kept = [hidden(name, value) for name, value in given.items() if value]
    return h(
        "form",
        token(person),
        kept,
        h("div", words("scope"), scopes, buttons, class_="acts"),
        _table(newest, words, choose=True),
        method="post",
        action="/letters",
    )


def _table(letters: Sequence[LetterSummary], words: Words, *, choose: bool) -> Element:
    heads = [words(key) for key in ("buried", "whose", "cause", "key", "attempts", "detail")]
    rows: list[list[object]] = []
    for one in letters:
        letter = one.letter
        about = [h("br"), h("span", min(one.about.conversations), class_="dim")] if one.about.conversations else None
        key: object = h("a", one.name, href=f"/message?id={_quoted(one.name)}&since=30d")
        row: list[object] = [
            moment(letter.at),
            words.fixed("whose", letter.whose),
            f"{letter.stage}: {letter.cause}",
            [key, about],
            letter.attempts,
            letter.detail,
        ]
        if choose:
            row.insert(0, h("input", type="checkbox", name="place", value=place_of(one), aria_label=f"{words('choose')} {one.name}"))
        rows.append(row)
    if choose:
        heads.insert(0, words("choose"))
    shift = int(choose)
    return table(heads, rows, numbers=(4 + shift,), times=(shift,))


def _quoted(text: str) -> str:
    return quote(text.encode("utf-8", "replace"), safe="")


def confirm_view(act: LetterAct, letters: Sequence[LetterSummary], old: int, max_age: float, words: Words, person: Person) -> View:
    """*old* of them are older than *max_age* seconds."""
    replay = act.what == "replay"
    fields = [token(person), hidden("what", act.what), hidden("count", act.count), hidden("until", act.until)]
    fields += [hidden(name, value) for name, value in act.given.items() if value]
    fields += (
        [hidden("scope", "all")] if act.places is None else [hidden("scope", "chosen"), *(hidden("place", place) for place in act.places)]
    )
    more: list[object] = []
    if replay and old:
        asked = words("older", count=f"{old:,}", age=length(max_age))
        more.append(h("p", h("label", h("input", type="checkbox", name="older", value="yes", required=True), asked)))
    if not replay:
        more.append(h("p", field(words("reason"), "reason", "", wide=True, required=True, maxlength=500)))
    buttons = h(
        "div",
        h("button", words(f"do-{act.what}"), class_="main" if replay else "danger"),
        h("a", words("cancel"), href="/letters"),
        class_="acts",
    )
    newest = sorted(letters, key=lambda one: one.letter.at, reverse=True)[:20]
    return View(
        title=words("nav:letters"),
        page="letters",
        body=[
            box("", words(f"confirm-{act.what}", count=f"{act.count:,}")),
            h("form", fields, more, buttons, method="post", action="/letters/resolve"),
            _table(newest, words, choose=False),
        ],
    )


def done(what: str, counts: ResolvedCounts, words: Words) -> Element:
    rest = None
    if counts.already or counts.gone or counts.foreign:
        rest = h("p", words("done-rest", already=counts.already, gone=counts.gone, foreign=counts.foreign))
    return box("good", words(f"done-{what}", done=counts.done), rest)
