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

LISTED_MEMBERS = 200
"""A copy lists the members of a team up to this size."""
RECALLS = {"PERSON": "7", "TEAM": "8", "SUPER_TEAM": "25"}
EDITS = {"PERSON": "89", "TEAM": "90", "SUPER_TEAM": "91"}


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

    def write(self, facts: Mapping[str, Any]) -> bytes:
        # As random as a shuffle, and faster, which a load test feels.
        return orjson.dumps(dict(sorted(facts.items(), key=lambda _: self._random.random())))

    def message(self, message: Message, nick: str, client: str, team: Group | None, changes: Mapping[str, Any] | None = None) -> bytes:
        """eventType 1. *changes* come in last; a None takes the key out."""
        text, attach = as_copied(message)
        facts = {
            "convType": "PERSON" if team is None else conversation_type(team),
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
        if team is not None and facts["convType"] == "TEAM" and len(team.members) <= LISTED_MEMBERS:
            facts["tMembers"] = listed(team.members)
        return self.write(changed(facts, changes) if changes else facts)

    def room(self, message: Message, nick: str, client: str, changes: Mapping[str, Any] | None = None) -> bytes:
        """eventType 4: there is no server id, and the text is the attachment."""
        facts = {
            "eventType": "4",
            "roomId": message.to,
            "fromAccount": message.sender,
            "fromNick": nick,
            "fromAvator": "",
            "fromClientType": client,
            "msgType": message.name,
            "attach": dumped(message.content) if message.text is None else message.text,
            "msgTimestamp": str(message.time),
            "msgidClient": message.client_id,
            "resendFlag": "0",
            "roleInfoTimetag": str(message.time),
            "ext": message.ext or "",
        }
        return self.write(changed(facts, changes) if changes else facts)

    def custom(self, notice: Message, team: Group | None, listeners: Sequence[str] | None, *, safe: bool, push: str = "") -> bytes:
        """A notification that is not shown as a message; one that is stored nowhere has "0" for its id."""
        facts = {
            "convType": "CUSTOM_TEAM" if team else "CUSTOM_PERSON",
            "eventType": "1",
            "fromAccount": notice.sender,
            "msgTimestamp": str(notice.time),
            "msgType": notice.name,
            "msgidServer": notice.id if safe else "0",
            "customSafeFlag": "1" if safe else "0",
            "customApnsText": push,
            "to": notice.to,
            "body": notice.text or "",
        }
        if notice.content is not None:
            facts["attach"] = dumped(notice.content)
        if notice.source == "rest":
            facts["fromClientType"] = "REST"
        if team and listeners is not None and len(team.members) <= LISTED_MEMBERS:
            facts["tMembers"] = listed(listeners)
        return self.write(facts)

    def recall(self, message: Message, team: Group | None, client: str, shown: str, attach: str, now: int) -> bytes:
        facts = self._about(RECALLS[conversation_type(team)], message, client)
        facts |= {"sendTime": str(message.time), "deleteTime": str(now), "selfMsg": shown}
        return self.write(facts | {"attach": attach} if attach else facts)

    def edit(self, message: Message, team: Group | None, client: str, editor: str, sub_type: Any, now: int) -> bytes:
        """*message* is what it has become."""
        facts = self._about(EDITS[conversation_type(team)], message, client)
        facts |= {"modifyAccountId": editor, "modifyTime": str(now), "extension": message.ext or ""}
        if message.text is not None:
            facts["text"] = message.text
        else:
            facts["attachment"] = dumped(message.content)
        return self.write(facts if sub_type is None else facts | {"subType": str(sub_type)})

    def receipt(self, message: Message, reader: str, client: str, now: int) -> bytes:
        """eventType 30: *reader* has read up to *message*."""
        receipt = {
            "fromAccount": reader,
            "toAccount": message.sender,
            "clientType": client,
            "msgidClient": message.client_id,
            "timestamp": now,
        }
        return self.write({"eventType": "30", "objects": dumped([receipt])})

    def _about(self, event: str, message: Message, client: str) -> dict[str, str]:
        return {
            "eventType": event,
            "from": message.sender,
            "to": message.to,
            "fromClientType": client,
            "msgId": message.id,
            "clientId": message.client_id,
        }


def conversation_type(team: Group | None) -> str:
    if team is None:
        return "PERSON"
    return "SUPER_TEAM" if "superteam" in team.settings else "TEAM"


def as_copied(message: Message) -> tuple[str, str]:
    """``body`` and ``attach``, the second a JSON text."""
    match message.name:
        case "TEXT" | "TIPS":
            return message.text or "", ""
        case "AUDIO":
            return "sent a voice message", dumped(message.content)
        case _:
            return message.text or "", dumped(message.content)


def changed(facts: dict[str, Any], changes: Mapping[str, Any]) -> dict[str, Any]:
    return {key: value for key, value in (facts | dict(changes)).items() if value is not None}


def listed(members: Sequence[str]) -> str:
    """The page's pseudo list, which is not JSON."""
    return f"[{', '.join(members)}]"


def dumped(value: object) -> str:
    return value if isinstance(value, str) else orjson.dumps(value).decode()
