"""The first page: whether it is well, where not, since when."""

import time
from collections import Counter
from collections.abc import Mapping
from urllib.parse import urlencode

from converters.routing.route import App
from streams.cli.times import length
from streams.console.frame import View, age, box, code_text, moment, table
from streams.console.markup import Element, h
from streams.console.scrape import Scraped
from streams.console.words import Words
from streams.operate.stage_status import StageStatus

OLD = 60_000
"""Milliseconds that a record may wait before the page says so."""
CANARY_OLD = 300.0
EVERY = 30
OPEN = 2

Causes = Counter[tuple[str, str, str]]


def status_view(
    stages: list[StageStatus], metrics: Scraped, causes: Causes, apps: Mapping[str, App], words: Words, now: int | None = None
) -> View:
    """*now* in ms since 1970."""
    at = int(time.time() * 1000) if now is None else now
    problems = [*_problems(stages, metrics, causes, words, at)]
    verdict = box("bad", words("not-well"), h("ul", [h("li", each) for each in problems])) if problems else box("good", words("well"))
    told = bool(metrics.answered or metrics.failed)
    return View(
        title=words("nav:status"),
        page="status",
        refresh=EVERY,
        body=[
            verdict,
            h("p", words("as-of", time=moment(at)), class_="dim"),
            h("h2", words("stages")),
            _stages(stages, words, at),
            h("h2", words("open-letters")),
            _letters(causes, words),
            h("h2", words("apps")),
            _apps(apps, metrics, words),
            None if told else h("p", code_text(words("no-metrics")), class_="dim"),
            h("h2", words("canary")),
            _canary(metrics, words, at),
        ],
    )


def _name(stage: StageStatus) -> str:
    return f"{stage.stage} {stage.platform}".strip()


def _problems(stages: list[StageStatus], metrics: Scraped, causes: Causes, words: Words, now: int) -> list[str]:
    found = []
    for one in stages:
        if one.waiting and one.oldest is not None and now - one.oldest > OLD:
            found.append(words("problem:old", stage=_name(one), age=age(now, one.oldest)))
        if one.waiting and one.unread == one.partitions:
            found.append(words("problem:nobody", stage=_name(one)))
    found += [words("problem:breaker", app=key[0]) for key, value in sorted(_breakers(metrics).items()) if value == OPEN]
    found += [
        words("problem:held", app=app, stage=stage)
        for (stage, app), value in sorted(metrics.highest("im_relay_app_held", "stage", "app").items())
        if value
    ]
    for (direction, kind), since in sorted(_successes(metrics).items()):
        if now / 1000 - since > CANARY_OLD:
            found.append(words("problem:canary", direction=direction, kind=kind, age=length(now / 1000 - since)))
    if ours := sum(count for (whose, _, _), count in causes.items() if whose == "ours"):
        found.append(words("problem:letters", count=ours))
    return found + [words("problem:metrics", place=place, why=why) for place, why in metrics.failed]


def _stages(stages: list[StageStatus], words: Words, now: int) -> Element:
    heads = [words(key) for key in ("stage", "platform", "waiting", "oldest", "partitions", "unread")]
    rows = [
        [
            one.stage,
            one.platform or "-",
            one.waiting,
            "-" if one.oldest is None else _late(age(now, one.oldest), now - one.oldest > OLD),
            one.partitions,
            one.unread,
        ]
        for one in stages
    ]
    return table(heads, rows, numbers=(2, 3, 4, 5))


def _late(text: str, late: bool) -> Element:  # noqa: FBT001 - reads as a sentence
    return h("span", text, class_="bad-text" if late else None)


def _letters(causes: Causes, words: Words) -> Element:
    if not causes:
        return h("p", words("no-letters"), class_="dim")
    heads = [words(key) for key in ("whose", "stage", "cause", "letters")]
    rows = [
        [words.fixed("whose", whose), stage, h("a", cause, href=f"/letters?{urlencode({'cause': cause, 'stage': stage})}"), count]
        for (whose, stage, cause), count in causes.most_common()
    ]
    return table(heads, rows, numbers=(3,))


def _breakers(metrics: Scraped) -> dict[tuple[str, ...], float]:
    return metrics.highest("im_relay_breaker", "app")


def _apps(apps: Mapping[str, App], metrics: Scraped, words: Words) -> Element:
    breakers, ratios = _breakers(metrics), metrics.lowest("im_relay_quota_ratio", "app")
    waiting = metrics.total("im_relay_quota_waiting", "app", "class")
    held = {app for (app,), value in metrics.highest("im_relay_app_held", "app").items() if value}
    rows = []
    for name, app in sorted(apps.items()):
        breaker, ratio = breakers.get((name,)), ratios.get((name,))
        state = words("unknown") if breaker is None else words.fixed("breaker", str(int(breaker)))
        rows.append(
            [
                name,
                app.platform.name,
                app.target,
                h("span", state, class_="bad-text" if breaker == OPEN else None),
                "-" if ratio is None else f"{ratio:.0%}",
                _count(waiting.get((name, "live"))),
                _count(waiting.get((name, "backfill"))),
                h("span", words("yes"), class_="bad-text") if name in held else words("no") if metrics.answered else "-",
            ]
        )
    heads = [words(key) for key in ("app", "platform", "target", "breaker", "quota", "quota-live", "quota-backfill", "held")]
    return table(heads, rows, numbers=(4, 5, 6))


def _count(value: float | None) -> object:
    return "-" if value is None else int(value)


def _successes(metrics: Scraped) -> dict[tuple[str, ...], float]:
    return metrics.highest("im_relay_canary_last_success_seconds", "direction", "kind")


def _canary(metrics: Scraped, words: Words, now: int) -> Element:
    found = _successes(metrics)
    if not found:
        return h("p", words("no-canary"), class_="dim")
    rows = [
        [direction, kind, _late(words("ago", age=length(max(0.0, now / 1000 - since))), now / 1000 - since > CANARY_OLD)]
        for (direction, kind), since in sorted(found.items())
    ]
    return table([words(key) for key in ("direction", "kind", "last-success")], rows, numbers=(2,))
