"""docs/simulators/: where each endpoint and callback of a simulator comes from. ``python -m tests.simulators.sources`` prints the pages."""

import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from starlette.routing import Route

from tests.sdks import page as sdks
from tests.simulators import easemob, rongcloud, yunxin
from tests.simulators.easemob.sources import SOURCES as EASEMOB
from tests.simulators.rongcloud.sources import SOURCES as RONGCLOUD
from tests.simulators.sourced import Sources, rows
from tests.simulators.yunxin.sources import SOURCES as YUNXIN

DOCS = Path(__file__).parents[2] / "docs" / "simulators"
SIMULATORS: dict[str, tuple[Any, Sources]] = {
    "easemob": (easemob, EASEMOB),
    "yunxin": (yunxin, YUNXIN),
    "rongcloud": (rongcloud, RONGCLOUD),
}
HEAD = (
    (
        "# The simulator of {}",
        "Printed from `tests/simulators` by `make pages`; do not edit.",
        (
            "The relay was made without an account at the platform. This page says of each thing that the simulator has where it is known from: a page of the vendor by "
            "its title, or an official SDK, with its date. *Called by*: SDKs that were run against it, see [official SDKs](../sdks.md). *Guess*: what no page says; "
            "[unverified](../unverified.md) has what would show it."
        ),
        "## Endpoints",
        "| endpoint | called by | source | guess |",
        "## Callbacks",
        "| callback | what it tells | source | guess |",
    ),
    (
        "# {}模拟器",
        "由 `make pages` 根据 `tests/simulators` 生成，请勿手工修改。",
        (
            "中继是在没有平台账号的情况下编写的。本页说明模拟器的每一项依据什么：厂商文档的标题或官方 SDK，及其日期。*调用者*：已对其运行的 SDK，见"
            "[官方 SDK](../sdks.zh-CN.md)。*推测*：没有文档说明的内容；如何核实见[待核实事项](../unverified.zh-CN.md)。"
        ),
        "## 接口",
        "| 接口 | 调用者 | 来源 | 推测 |",
        "## 回调",
        "| 回调 | 内容 | 来源 | 推测 |",
    ),
)
RULE = "| --- | --- | --- | --- |"


def endpoints(platform: str) -> list[str]:
    """As they are declared; what only tests and file downloads use is left out, and of two ways to one call the longer."""
    package, _ = SIMULATORS[platform]
    routes = [
        route
        for route in package.make_app(package.Options()).routes
        if isinstance(route, Route) and not route.path.startswith(("/_", "/nos", "/files", "/client-files"))
    ]
    named = [f"{method} {route.path}" for route in routes for method in sorted(route.methods or ()) if method != "HEAD"]
    return sorted(dict.fromkeys(one for one in named if "/nimserver/im/" not in one), key=lambda one: one.split(" ", 1)[::-1])


def callers(platform: str) -> dict[str, str]:
    """The languages of the SDKs that an endpoint has understood, by endpoint."""
    met: dict[str, set[str]] = {}
    for sdk in sdks.SDKS:
        for outcome in sdks.read().get(sdk.name, []) if sdk.platform == platform else []:
            for endpoint in outcome.endpoints if outcome.understood else ():
                met.setdefault(endpoint.replace("/nimserver/im/", "/im/"), set()).add(sdk.language)
    return {endpoint: ", ".join(sorted(languages)) for endpoint, languages in met.items()}


def page(platform: str, language: int) -> str:
    """*language*: 0 English, 1 Chinese."""
    _, sources = SIMULATORS[platform]
    title, printed, about, calls, columns, told, told_columns = HEAD[language]
    met = callers(platform)
    other = (f"[中文]({platform}.zh-CN.md)", f"[English]({platform}.md)")[language]
    lines = [title.format(sources.name[language]), "", other, "", printed, "", about, "", calls, "", columns, RULE]
    lines += rows(((one, met.get(one, "")) for one in endpoints(platform)), sources.endpoints, language)
    lines += ["", told, "", told_columns, RULE]
    lines += rows(((name, what[language]) for name, what in sources.callbacks.items()), sources.told, language)
    return "\n".join(lines) + "\n"


def pages() -> Iterator[tuple[Path, str]]:
    for platform in SIMULATORS:
        yield DOCS / f"{platform}.md", page(platform, 0)
        yield DOCS / f"{platform}.zh-CN.md", page(platform, 1)


def main() -> int:
    DOCS.mkdir(exist_ok=True)
    for path, text in pages():
        path.write_text(text, encoding="utf-8")
    return 0


if __name__ == "__main__":
    sys.exit(main())
