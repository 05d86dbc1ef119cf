"""Copies (抄送): what is posted to the callback URL, and how it is tried again.

Source: "Yunxin: Message copy". All values are strings; keys come in any order.
"""

from collections.abc import Mapping, Sequence
from random import Random
from typing import Any

import orjson

from tests.simulators.clock import now_ms
from tests.simulators.messages import Message
from tests.simulators.people import Group
from tests.simulators.yunxin.options import Options
from tests.simulators.yunxin.signing import copy_headers

NAMES = {
    0: "TEXT", 1: "PICTURE", 2: "AUDIO", 3: "VIDEO", 4: "LOCATION", 5: "NOTIFICATION", 6: "FILE", 10: "TIPS", 100: "CUSTOM",
}  # fmt: skip
NUMBERS = {name: number for number, name in NAMES.items()}
DEVICES = ("IOS", "AOS", "WEB", "PC")
CLIENTS = {"AOS": 1, "IOS": 2, "PC": 4, "WEB": 16, "REST": 32}
LISTED_MEMBERS = 200
"""A copy lists the members of a team up to this size."""


class CopyPolicy:
    """A copy waits, and is tried again with growing pauses, until it is taken."""

    def __init__(self, options: Options) -> None:
        self._options = options
        self.timeout = options.callback_timeout

    def headers(self, body: bytes) -> Mapping[str, str]:
        return copy_headers(self._options.app_key, self._options.app_secret, body, now_ms())

    def delivered(self, status: int, answer: bytes) -> bool:
        """500 counts as delivered, as one receiver of copies has noted."""
        return status == 200 or (status == 500 and self._options.accept_500)

    def banned(self, now: float) -> bool:
        return False

    def retry_after(self, attempts: int, now: float) -> float | None:
        return min(self._options.backoff_max, self._options.backoff * 2.0 ** min(attempts - 1, 20))


class Copies:
    """Writes the bodies of copies; the seed gives the order of the keys."""

    def __init__(self, seed: int) -> None:
        self._random = Random(seed)

    def write(self, facts: Mapping[str, str]) -> bytes:
        items = list(facts.items())
        self._random.shuffle(items)
        return orjson.dumps(dict(items))

    def message(self, message: Message, nick: str, client: str, team: Group | None) -> bytes:
        """eventType 1."""
        text, attach = as_copied(message)
        facts = {
            "convType": "PERSON" if message.type == "person" else "TEAM",
            "eventType": "1",
            "fromAccount": message.sender,
            "fromClientType": client,
            "fromDeviceId": "" if client == "REST" else f"device-{message.sender}",
            "fromNick": nick,
            "msgTimestamp": str(message.time),
            "msgType": message.name,
            "msgidClient": message.client_id,
            "msgidServer": message.id,
            "resendFlag": "0",
            "to": message.to,
            "body": text,
            "attach": attach,
        }
        if client != "REST":
            facts |= {"ip": "203.0.113.7", "port": "52110"}
        if message.ext is not None:
            facts["ext"] = message.ext
        if team is not None and len(team.members) <= LISTED_MEMBERS:
            facts["tMembers"] = f"[{', '.join(team.members)}]"
        return self.write(facts)

    def recall(self, message: Message, client: str, shown: str, now: int) -> bytes:
        """eventType 7 for two persons, 8 for a team."""
        return self.write(
            {
                "eventType": "7" if message.type == "person" else "8",
                "from": message.sender,
                "to": message.to,
                "fromClientType": client,
                "msgId": message.id,
                "clientId": message.client_id,
                "sendTime": str(message.time),
                "deleteTime": str(now),
                "selfMsg": shown,
            }
        )

    def device(self) -> str:
        return self._random.choice(DEVICES)


def as_copied(message: Message) -> tuple[str, str]:
    """``body`` and ``attach``, the second a JSON text."""
    match message.name:
        case "TEXT" | "TIPS":
            return message.text or "", ""
        case "AUDIO":
            return "sent a voice message", dumped(message.content)
        case _:
            return message.text or "", dumped(message.content)


def dumped(value: object) -> str:
    return value if isinstance(value, str) else orjson.dumps(value).decode()


def members_pulled_in(team: Group, newcomers: Sequence[str], now: int) -> dict[str, Any]:
    """``attach`` of a NOTIFICATION with id 0."""
    facts = {
        "1": team.id,
        "3": team.name,
        "4": "1",
        "5": team.owner,
        "8": "1",
        "9": str(len(team.members)),
        "11": str(team.created),
        "12": str(now),
    }
    listed = [{"1": user, "3": user, "6": "0"} for user in (team.owner, *newcomers)]
    return {"data": {"ids": list(newcomers), "tinfo": facts, "uinfos": listed}, "id": 0}
