"""What a person does to a message, in the words of each platform's simulator."""

from collections.abc import Callable
from typing import Any

from tests.simulators.client import SimulatorClient

Place = tuple[str, str, str]
"""Sender, receiver, kind of conversation."""
Doing = Callable[[SimulatorClient, Place, str], Any]
"""The last is the number of the message."""


def recalled(side: SimulatorClient, place: Place, number: str) -> Any:
    """As every simulator takes it that has no words of its own for it."""
    return side.say(*place[:2], type=place[2], kind="recall", recalls=number)


RECALL: dict[str, Doing] = {
    "yunxin": lambda side, place, number: side.operate("recall", *place[:2], where=place[2], id=number),
    "easemob": lambda side, place, number: side.operate("recall", *place[:2], where=place[2], message=number),
    "rongcloud": recalled,
    "own": lambda side, place, number: side.operate("recall", *place[:2], where=place[2], message={"id": number}),
}
EDIT: dict[str, Callable[[SimulatorClient, Place, str, str], Any]] = {
    "yunxin": lambda side, place, number, text: side.operate("edit", *place[:2], where=place[2], id=number, text=text),
    "easemob": lambda side, place, number, text: side.operate("edit", *place[:2], where=place[2], message=number, body={"msg": text}),
    "own": lambda side, place, number, text: side.operate(
        "edit", *place[:2], where=place[2], message={"id": number}, body={"kind": "text", "text": text}
    ),
}
"""In other words."""
READ: dict[str, Doing] = {
    "yunxin": lambda side, place, number: side.operate("read", *place[:2], id=number),
    "easemob": lambda side, place, number: side.operate("read_ack", *place[:2], message=number),
    "own": lambda side, place, number: side.operate("read", *place[:2], message={"id": number}),
}
