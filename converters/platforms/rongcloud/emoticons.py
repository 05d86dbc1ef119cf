"""Emoji as RongCloud's older Android clients write them: `[/u1f600]`. Source: RongCloud's UI kit for Android, 2026 (`getEmotion`); it writes Unicode emoji."""

import re

_CODE = re.compile(r"\[/u([0-9A-Fa-f]{2,6})\]")


def read(text: str) -> str:
    return _CODE.sub(_sign, text) if "[/u" in text else text


def _sign(found: "re.Match[str]") -> str:
    number = int(found[1], 16)
    sign = chr(number) if number <= 0x10FFFF and not 0xD800 <= number < 0xE000 else ""
    return sign if sign.isprintable() and sign else found[0]
