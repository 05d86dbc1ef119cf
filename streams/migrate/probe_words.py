"""What the probe has found, as a person reads it, in English and in Chinese."""

from collections.abc import Iterable, Iterator

from converters.migration_rules import Language
from converters.probing import Findings, Question

_YES: dict[Language, tuple[str, str]] = {"en": ("no", "yes"), "zh": ("否", "是")}
_ZH = {"refused": "被拒绝", "swallowed": "被忽略", "doubled": "存成两条", "accepted": "接受"}


def asked(question: Question, language: Language) -> str:
    return question.zh if language == "zh" else question.words


def answer(found: Findings, question: Question, language: Language) -> str:
    """Empty where there is none."""
    value = getattr(found, question.name)
    if value is None or value == "":
        return ""
    if isinstance(value, bool):
        return _YES[language][value]
    if isinstance(value, tuple):
        return ", ".join(value) or "-"
    return _ZH.get(str(value), str(value)) if language == "zh" else str(value)


def answers(found: Findings, questions: Iterable[Question], language: Language) -> Iterator[tuple[str, str]]:
    """Questions that have an answer, with it."""
    for question in questions:
        if told := answer(found, question, language):
            yield asked(question, language), told
