"""docs/sdks.md and docs/sdks.zh-CN.md: the calls of the SDKs, and what came of them."""

from collections.abc import Iterator
from pathlib import Path

import msgspec

from tests.sdks import easemob_steps, rongcloud_steps, yunxin_steps
from tests.sdks.session import Outcome
from tests.sdks.steps import Sdk, Step

SDKS: tuple[Sdk, ...] = (*easemob_steps.SDKS, *yunxin_steps.SDKS, *rongcloud_steps.SDKS)
RESULTS = Path(__file__).with_name("results.json")
DOCS = Path(__file__).parents[2] / "docs"
PAGES = {"sdks.md": 0, "sdks.zh-CN.md": 1}
"""Each page, and which of two texts it has."""

Results = dict[str, list[Outcome]]
"""By the name of the SDK; one for each of its steps."""

TITLE = ("Official SDKs against the simulators", "官方 SDK 与模拟器")
HEAD = (
    (
        "Printed from `tests/sdks` by `make test-sdks`; do not edit.",
        (
            "The tests of the relay talk to simulators of the platforms. Whether a simulator is like its platform is shown by the vendor's own server SDKs: each does "
            "what the relay and a migration ask of the platform. *Answered*: the simulator has the path. *Understood*: the SDK raised nothing, and what it made of the answer "
            "has what was set before. Calls of things that the relay does not touch (push campaigns, word filters, moderation, audio and video) are not made."
        ),
        (
            "What no SDK calls is known from the vendor's pages alone: see the pages of the simulators for [Easemob](simulators/easemob.md), "
            "[Yunxin](simulators/yunxin.md) and [RongCloud](simulators/rongcloud.md)."
        ),
        "The SDK of Yunxin is in no registry; `make test-sdks YUNXIN_SDK=DIRECTORY` compiles it from a checkout of its repository.",
    ),
    (
        "由 `make test-sdks` 根据 `tests/sdks` 生成，请勿手工修改。",
        (
            "中继的测试使用各平台的模拟器。模拟器是否与平台一致，由厂商自己的服务端 SDK 检验：每个 SDK 执行中继和迁移对该平台的全部调用。*有应答*：模拟器有此路径。"
            "*被理解*：SDK 没有报错，且其解析结果包含先前设置的内容。中继不涉及的功能（推送活动、敏感词、内容审核、音视频）不调用。"
        ),
        (
            "没有 SDK 调用的接口只依据厂商文档：见[环信](simulators/easemob.zh-CN.md)、[云信](simulators/yunxin.zh-CN.md)和"
            "[融云](simulators/rongcloud.zh-CN.md) 模拟器页面。"
        ),
        "云信 SDK 不在任何软件仓库中；`make test-sdks YUNXIN_SDK=DIRECTORY` 从其代码仓库的检出目录编译。",
    ),
)
SUMMARY = ("| SDK | version | language | calls | answered | understood |", "| SDK | 版本 | 语言 | 调用 | 有应答 | 被理解 |")
COLUMNS = ("| call | endpoint | answered | understood |", "| 调用 | 接口 | 有应答 | 被理解 |")
YES, NO = ("yes", "是"), ("no", "否")
COLON = (": ", "：")


def read() -> Results:
    return msgspec.json.decode(RESULTS.read_bytes(), type=Results) if RESULTS.exists() else {}


def write(results: Results) -> None:
    RESULTS.write_bytes(msgspec.json.format(msgspec.json.encode(dict(sorted(results.items()))), indent=1) + b"\n")
    for name, language in PAGES.items():
        (DOCS / name).write_text(page(results, language), encoding="utf-8")


def page(results: Results, language: int) -> str:
    """*language*: 0 English, 1 Chinese."""
    other = ("[中文](sdks.zh-CN.md)", "[English](sdks.md)")[language]
    lines = [f"# {TITLE[language]}", "", other, ""]
    for text in HEAD[language]:
        lines += [text, ""]
    lines += [SUMMARY[language], "| --- | --- | --- | --- | --- | --- |"]
    for sdk in SDKS:
        outcomes = results.get(sdk.name, [])
        numbers = (len(outcomes), sum(one.answered for one in outcomes), sum(one.understood for one in outcomes))
        lines.append(f"| `{sdk.name}` | {sdk.version} | {sdk.language} | {' | '.join(map(str, numbers))} |")
    for sdk in SDKS:
        lines += ["", f"## {sdk.name} {sdk.version}", "", COLUMNS[language], "| --- | --- | --- | --- |"]
        lines += dict.fromkeys(rows(sdk, results.get(sdk.name, []), language))  # the same call for another user stands there once
    return "\n".join(lines) + "\n"


def rows(sdk: Sdk, outcomes: list[Outcome], language: int) -> Iterator[str]:
    for step, outcome in zip(sdk.steps, outcomes, strict=True):
        named = f"`{step.call}`" + (f" ({step.note[0]})" if step.note and not language else f"（{step.note[1]}）" if step.note else "")
        endpoints = "<br>".join(f"`{endpoint}`" for endpoint in outcome.endpoints)
        answered = (YES if outcome.answered else NO)[language]
        yield f"| {named} | {endpoints} | {answered} | {understood(step, outcome, language)} |"


def understood(step: Step, outcome: Outcome, language: int) -> str:
    if outcome.understood:
        return YES[language]
    explained = (step.gap.english, step.gap.chinese)[language] if step.gap else "?"
    return f"{NO[language]}{COLON[language]}{explained}"
