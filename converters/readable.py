"""What a receiver reads in place of a kind that cannot be carried."""

from typing import Literal

Language = Literal["zh", "en"]

_UNSUPPORTED: dict[Language, str] = {"zh": "暂不支持的消息", "en": "message kind not supported"}


def unsupported(vendor_kind: str, language: Language) -> str:
    return f"[{vendor_kind}: {_UNSUPPORTED[language]}]"
