"""Kinds of message: their names in copies, their numbers in calls and history, and what each must have.

Source: "Yunxin: Message formats". The page gives no number for a call; 12 is the client SDK's.
"""

from functools import cache
from typing import Any

NAMES = {
    0: "TEXT",
    1: "PICTURE",
    2: "AUDIO",
    3: "VIDEO",
    4: "LOCATION",
    5: "NOTIFICATION",
    6: "FILE",
    10: "TIPS",
    11: "ROBOT",
    12: "NRTC_NETCALL",
    100: "CUSTOM",
}
NUMBERS = {name: number for number, name in NAMES.items()}
SENT = frozenset((0, 1, 2, 3, 4, 6, 10, 100))
"""What a call may send."""
UNNUMBERED = frozenset(("NETCALL_AUDIO", "NETCALL_VEDIO", "DATATUNNEL_NEW"))
"""Old kinds that are copied, and that history does not know."""
DEVICES = ("IOS", "AOS", "WEB", "PC")
CLIENTS = {"AOS": 1, "IOS": 2, "PC": 4, "WEB": 16, "REST": 32}

FILE: dict[str, Any] = {"md5": str, "url": str, "ext": str, "size": int}
SHAPES: dict[int, dict[str, Any]] = {
    0: {"msg": str},
    1: FILE | {"name": str, "w": int, "h": int},
    2: FILE | {"dur": int},
    3: FILE | {"dur": int, "w": int, "h": int},
    4: {"title": str, "lng": int | float, "lat": int | float},
    6: FILE | {"name": str},
    10: {"msg": str},
    100: {},
}
LONG = {"w": "width", "h": "height"}
"""The newer API may name them so."""


def flaw(number: int, content: dict[str, Any], *, aac_only: bool = False) -> str | None:
    """What keeps *content* from being a message of this kind."""
    for key, kind in SHAPES[number].items():
        if not isinstance(content.get(key), kind) and not isinstance(content.get(LONG.get(key, "")), kind):
            return f"{key} is missing or wrong"
    if aac_only and number == 2 and content["ext"] != "aac":
        return "ext of an audio must be aac"
    return None


@cache
def device(accid: str) -> str:
    """The kind of device that a person always uses."""
    return DEVICES[sum(accid.encode()) % len(DEVICES)]
