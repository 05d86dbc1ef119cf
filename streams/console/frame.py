"""What every view has around it, and the parts that views are made of."""

from collections.abc import Iterable, Mapping, Sequence
from urllib.parse import urlencode

from msgspec import Struct

from streams.cli.times import length, shown
from streams.console.access import Person
from streams.console.markup import Element, document, h
from streams.console.words import LANGUAGES, Words

PAGES = {
    "status": "/",
    "message": "/message",
    "letters": "/letters",
    "identities": "/identities",
    "migrations": "/migrations",
    "audit": "/audit",
}


class View(Struct, frozen=True, kw_only=True):
    """*page* is a key of `PAGES`, or ""; *query* is that of the address, for the switch of languages; *refresh* in seconds, 0 never."""

    title: str
    body: Sequence[object]
    page: str = ""
    query: Mapping[str, str] = {}
    refresh: int = 0
    status: int = 200


def page(view: View, words: Words, person: Person | None) -> bytes:
    head = h(
        "head",
        h("meta", charset="utf-8"),
        h("meta", name="viewport", content="width=device-width, initial-scale=1"),
        h("meta", http_equiv="refresh", content=view.refresh) if view.refresh else None,
        h("title", f"{view.title} · {words('title')}"),
        h("link", rel="stylesheet", href="/style.css"),
    )
    body = h("body", _header(view, words, person), h("main", h("h1", view.title), view.body, id="content"))
    return document(h("html", head, body, lang="zh-CN" if words.language == "zh" else "en"))


def _header(view: View, words: Words, person: Person | None) -> Element:
    links = (
        [h("a", words(f"nav:{name}"), href=path, aria_current="page" if name == view.page else None) for name, path in PAGES.items()]
        if person
        else []
    )
    other = [
        h("a", name, href=f"{PAGES.get(view.page, '/')}?{urlencode({**view.query, 'lang': one})}", lang="zh-CN" if one == "zh" else "en")
        for one, name in LANGUAGES.items()
        if one != words.language
    ]
    out = None
    if person is not None and person.session:
        out = h("form", token(person), h("button", words("log-out"), class_="plain"), method="post", action="/logout")
    who = [h("span", f"{person.name} · {words(f'role:{person.role}')}")] if person else []
    return h("header", h("strong", words("title")), h("nav", links, aria_label=words("title")), h("div", who, other, out, class_="who"))


def token(person: Person) -> Element:
    return h("input", type="hidden", name="token", value=person.token)


def hidden(name: str, value: str | int) -> Element:
    return h("input", type="hidden", name=name, value=value)


def table(heads: Sequence[str], rows: Iterable[Sequence[object]], numbers: Iterable[int] = (), times: Iterable[int] = ()) -> Element:
    """*numbers* and *times* are columns set as such. On a narrow screen a row is a card, each cell beside its head."""
    kinds = dict.fromkeys(numbers, "number") | dict.fromkeys(times, "time")
    head = h("tr", [h("th", text, scope="col", class_="number" if kinds.get(at) == "number" else None) for at, text in enumerate(heads)])
    body = [h("tr", [h("td", h("span", cell), class_=kinds.get(at), data_label=heads[at]) for at, cell in enumerate(row)]) for row in rows]
    return h("table", h("thead", head), h("tbody", body))


def box(kind: str, *children: object) -> Element:
    return h("div", children, class_=f"box {kind}".strip(), role="status")


def field(label: str, name: str, value: str, *, wide: bool = False, hint: str | None = None, **more: str | int | bool) -> Element:
    return h("label", label, h("input", name=name, value=value, placeholder=hint, **more), class_="wide" if wide else None)


def choice(label: str, name: str, options: Mapping[str, str], chosen: str) -> Element:
    return h(
        "label",
        label,
        h("select", [h("option", text, value=value, selected=value == chosen) for value, text in options.items()], name=name),
    )


def code_text(text: str) -> list[object]:
    """*text* of ours, in which `…` is a name to be typed."""
    return [h("code", part) if at % 2 else part for at, part in enumerate(text.split("`"))]


def age(now: int, at: int) -> str:
    return length(max(0, now - at) / 1000)


def moment(at: int) -> str:
    return shown(at)[:19]
