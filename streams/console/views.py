"""A message's way, who is who, migrations, the audit log, login, and what could not be done."""

from collections.abc import Mapping, Sequence
from typing import Any

from streams.audit.act import Act
from streams.cli.times import shown
from streams.console.frame import View, box, choice, field, moment, table
from streams.console.markup import Element, h
from streams.console.readings import UserSides, Way
from streams.console.words import Words
from streams.migrate.status import Seen

_TIMES = ("said", "at target")
_LEFT_OUT = ("text",)


def message_view(given: Mapping[str, str], found: Sequence[Way] | None, since: int, words: Words, said: object = None) -> View:
    """*found* is None where nothing was asked for."""
    form = h(
        "form",
        field(words("message-id"), "id", given.get("id", ""), wide=True, required=True, maxlength=500, autocomplete="off"),
        field(words("since"), "since", given.get("since", "24h"), hint=words("since-hint")),
        h("button", words("search"), class_="main"),
        method="get",
        action="/message",
        class_="fields",
    )
    body: list[object] = [said, form]
    if found is not None and not found:
        body.append(box("", words("nothing-names", time=moment(since))))
    for way in found or ():
        body += [h("h2", way.event or words("no-event")), box("", words.state(way.state)), _steps(way, words)]
    return View(title=words("nav:message"), page="message", query=given, body=body)


def _steps(way: Way, words: Words) -> Element:
    rows = []
    for one in way.sightings:
        facts = [
            f"{name} {shown(value) if name in _TIMES and isinstance(value, int) else value}"
            for name, value in one.facts.items()
            if value != ""
        ]
        rows.append([shown(one.at), words.fixed("step", one.what), f"{one.topic}[{one.partition}] @ {one.offset}", ", ".join(facts)])
    return table([words(key) for key in ("time", "what", "where", "facts")], rows, times=(0,))


def identities_view(
    given: Mapping[str, str], found: UserSides | None, platforms: Sequence[str], words: Words, *, asked: bool, said: object = None
) -> View:
    kinds = {kind: words(f"kind:{kind}") for kind in ("user", "group", "room")}
    form = h(
        "form",
        choice(words("kind"), "kind", kinds, given.get("kind", "user")),
        field(words("id"), "id", given.get("id", ""), wide=True, required=True, maxlength=300, autocomplete="off"),
        choice(words("on-platform"), "platform", {"": words("canonical")} | {one: one for one in platforms}, given.get("platform", "")),
        h("button", words("search"), class_="main"),
        method="get",
        action="/identities",
        class_="fields",
    )
    body: list[object] = [said, form]
    if asked and found is None and said is None:
        body.append(box("", words("nobody")))
    if found is not None:
        heads = [words(key) for key in ("platform", "id", "source", "account")]
        rows = [
            [name, there, words("by-table" if named else "by-rule"), words.fixed("account", found.accounts.get(name, "")) or "-"]
            for name, (there, named) in sorted(found.ids.items())
        ]
        body += [h("h2", f"{words.fixed('kind', found.kind)} {found.name}"), table(heads, rows)]
        if found.cohort:
            body.append(h("p", f"{words('cohort')}: {found.cohort}"))
    return View(title=words("nav:identities"), page="identities", query=given, body=body)


def migrations_view(found: Sequence[Seen], words: Words) -> View:
    body: list[object] = []
    for one in found:
        plain: dict[str, Any] = one.plain()
        run = one.run
        body += [
            h("h2", f"{run.app} · {words('bundle')} {run.bundle}"),
            h("p", f"{words('mode')}: {run.mode} {words('started-by', time=moment(run.at), who=run.by or words('unknown'))} {run.between}"),
            table(
                [words(key) for key in ("kind", "done", "were-there", "refused")],
                [[kind, done, plain["there"].get(kind, 0), plain["refused"].get(kind, 0)] for kind, done in plain["done"].items()],
                numbers=(1, 2, 3),
            ),
        ]
        if one.stopped:
            body.append(box("bad", words("stopped", count=len(one.stopped))))
    return View(title=words("nav:migrations"), page="migrations", body=body or [h("p", words("no-migration"))])


def audit_view(acts: Sequence[Act], words: Words) -> View:
    heads = [words(key) for key in ("time", "who", "what", "outcome", "count", "subject", "reason", "source")]
    rows = [
        [
            moment(one.at),
            f"{one.who or words('unknown')} {words.fixed('role', one.role) if one.role else ''}".strip(),
            words.fixed("act", one.what),
            words.fixed("outcome", one.outcome),
            one.count or "-",
            one.subject or "-",
            one.reason or "-",
            one.source or "-",
        ]
        for one in acts
    ]
    return View(
        title=words("nav:audit"), page="audit", body=[table(heads, rows, numbers=(4,), times=(0,)) if rows else h("p", words("no-acts"))]
    )


def login_view(words: Words, said: str = "", *, by_password: bool = True, status: int = 200) -> View:
    told = box("bad", said) if said else None
    if not by_password:
        return View(title=words("log-in"), body=[told, h("p", words("login-elsewhere"))], status=status)
    form = h(
        "form",
        h("label", words("name"), h("input", name="name", autocomplete="username", required=True, maxlength=64)),
        h(
            "label",
            words("password"),
            h("input", name="password", type="password", autocomplete="current-password", required=True, maxlength=256),
        ),
        h("button", words("log-in"), class_="main"),
        method="post",
        action="/login",
    )
    return View(title=words("log-in"), body=[h("div", told, form, class_="narrow")], status=status)


def problem_view(words: Words, told: str, status: int) -> View:
    return View(title=words("error"), body=[box("bad", told), h("p", h("a", words("back"), href="/"))], status=status)
