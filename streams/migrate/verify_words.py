"""What `verify` says, in English and in Chinese."""

# ruff: noqa: RUF001 - Chinese has its own punctuation

from collections.abc import Iterator

from converters.migration_rules import Language
from streams.migrate.summary import word
from streams.migrate.verify_records import HistoryResult, KindResult, Verified

WORDS: dict[Language, dict[str, str]] = {
    "en": {
        "seen": "{0:,} of {1:,} there",
        "missing": "{0:,} missing",
        "doubled": "{0:,} doubled",
        "different": "{0:,} different",
        "besides": "{0:,} there besides",
        "unseen": "{0:,} could not be seen",
        "sampled": "{0:,} compared field by field",
        "left_alone": "{0:,} different and left alone",
        "accepted": "{0:,} of {1:,} accepted",
        "live": "{0:,} carried live",
        "left_out": "{0:,} left out",
        "doubts": "{0:,} settled by a refused repeat",
        "open": "{0:,} not decided",
        "stopped": "{0:,} conversations stopped",
        "chained": "{0:,} conversations with the hash of the bundle",
        "broken": "{0:,} conversations with another hash",
        "looked": "{0:,} of {1:,} seen in history files",
        "not_seen": "{0:,} not seen",
        "history_doubled": "{0:,} doubled",
        "no_files": "no call reads history back: a person looks at {0} conversations",
        "equal": "No difference in what the target lists.",
        "differs": "{0:,} differences: {1}",
        "unknown": "{0:,} things the target did not tell: run it again",
        "told": "the target did not tell: {0} ({1:,} times)",
        "looks": "conversations to look at: {0}",
    },
    "zh": {
        "seen": "应有 {1:,}，存在 {0:,}",
        "missing": "缺失 {0:,}",
        "doubled": "重复 {0:,}",
        "different": "不一致 {0:,}",
        "besides": "另有 {0:,}",
        "unseen": "无法查看 {0:,}",
        "sampled": "逐字段核对 {0:,}",
        "left_alone": "不一致但按要求未改动 {0:,}",
        "accepted": "应导入 {1:,}，已接收 {0:,}",
        "live": "由实时互通送达 {0:,}",
        "left_out": "按计划未导入 {0:,}",
        "doubts": "经重复请求被拒确认 {0:,}",
        "open": "尚未处理 {0:,}",
        "stopped": "中止的会话 {0:,}",
        "chained": "哈希与数据包一致的会话 {0:,}",
        "broken": "哈希不一致的会话 {0:,}",
        "looked": "历史消息文件中应有 {1:,}，看到 {0:,}",
        "not_seen": "未看到 {0:,}",
        "history_doubled": "重复 {0:,}",
        "no_files": "无法自动查看：请人工抽查 {0} 个会话",
        "equal": "目标平台列出的内容没有差异。",
        "differs": "差异 {0:,} 处：{1}",
        "unknown": "有 {0:,} 项目标平台未能返回：请重新运行",
        "told": "目标平台未能返回：{0}（{1:,} 次）",
        "looks": "待人工抽查的会话：{0}",
    },
}


def kind_words(result: KindResult, language: Language) -> str:
    say = WORDS[language]
    found = [say["seen"].format(result.seen, result.expected)] if result.seen or not result.sampled else []
    for name in ("missing", "doubled", "different", "left_alone", "unseen", "besides", "sampled"):
        number = getattr(result, name)
        if number:
            found.append(say[name].format(number))
    return (", " if language == "en" else "，").join(found)


def history_words(result: HistoryResult, looks: int, language: Language) -> str:
    say = WORDS[language]
    found = [say["accepted"].format(result.accepted, result.expected)]
    for name in ("live", "left_out", "doubts", "open", "stopped", "chained", "broken"):
        number = getattr(result, name)
        if number:
            found.append(say[name].format(number))
    if result.files:
        found.append(say["looked"].format(result.seen, result.looked_for))
        found += [say["not_seen"].format(result.missing)] if result.missing else []
        found += [say["history_doubled"].format(result.doubled)] if result.doubled else []
    elif looks:
        found.append(say["no_files"].format(looks))
    return (", " if language == "en" else "，").join(found)


def lines(verified: Verified, differences: str, looks: str, language: Language) -> Iterator[str]:
    say = WORDS[language]
    for kind, result in verified.kinds.items():
        if result.expected or result.sampled:
            yield f"{word(language, kind):<12} {kind_words(result, language)}"
    if verified.history.expected:
        yield f"{word(language, 'message'):<12} {history_words(verified.history, len(verified.looks), language)}"
    for text, times in sorted(verified.unseen.items()):
        yield say["told"].format(text, times)
    if looks:
        yield say["looks"].format(looks)
    yield verdict(verified, differences, language)


def verdict(verified: Verified, differences: str, language: Language) -> str:
    """Never that all is well: only what the target lists can be seen."""
    say = WORDS[language]
    if verified.faults:
        return say["differs"].format(verified.faults, differences)
    return say["unknown"].format(verified.unknown) if verified.unknown else say["equal"]
