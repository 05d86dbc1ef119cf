"""What is posted to the app's own server, and how it is tried again.

Source: "RongCloud: full message routing", "RongCloud: online status" and "RongCloud: message operation callback".
A message has 5 s to be answered 200, and two more tries; many timeouts pause all pushing.
"""

from collections import deque
from collections.abc import Mapping
from random import Random
from urllib.parse import urlencode

import orjson
from msgspec import Struct

from tests.simulators.clock import now_ms
from tests.simulators.messages import Conversation, Message
from tests.simulators.rongcloud.options import Options
from tests.simulators.rongcloud.signing import extended, query

TRIES = 3
WITHIN = 30.0
"""Seconds in which ``pause_after`` callbacks must find no answer to pause routing."""
DEVICES = ("iOS", "Android", "HarmonyOS", "Websocket", "MiniProgram", "PC")
SERVER = "Server"
CHANNELS: dict[Conversation, str] = {"person": "PERSON", "group": "GROUP", "room": "TEMPGROUP", "system": "NOTIFY"}
NUMBERS: dict[Conversation, int] = {"person": 1, "group": 3, "room": 4, "system": 6}
ULTRA = 10
ADDRESS = "203.0.113.9:51820"


class Sent(Message, frozen=True, kw_only=True):
    """``content`` is the text that was sent; ``device`` is the source that routing names, ``directed`` are the
    members of a group to whom alone it goes, ``own`` whether it is in its sender's history too."""

    device: str = SERVER
    directed: tuple[str, ...] = ()
    own: bool = True
    expandable: bool = False
    ultra: bool = False
    """Of an ultra group, in its channel ``bus``, "" for the default one; ``edits`` is the message that it stands for."""
    bus: str = ""
    edits: str = ""

    @property
    def shown_source(self) -> str:
        """Only private and group messages tell it."""
        return self.device if self.type in ("person", "group") and not self.ultra else ""

    @property
    def channel(self) -> str:
        return "ULTRAGROUP" if self.ultra else CHANNELS[self.type]

    @property
    def number(self) -> int:
        return ULTRA if self.ultra else NUMBERS[self.type]


class Operation(Struct, frozen=True):
    """A recall, as the message operation callback tells it."""

    by: str
    device: str
    target: str
    admin: bool
    delete: bool
    extra: str
    time: int


class Policy:
    """Three tries, each signed anew in the query."""

    def __init__(self, options: Options) -> None:
        self._options = options
        self.timeout = options.callback_timeout
        self._random = Random(options.seed)
        self._silences: deque[float] = deque()
        self._paused_until = 0.0
        self._answered = False

    def address(self, url: str, body: bytes) -> str:
        """Callbacks in JSON are newer than routing, and always signed the newer way."""
        options = self._options
        nonce, now = str(self._random.randrange(10**8, 10**9)), str(now_ms())
        newer = is_json(body) or options.sign_names == "newer"
        return extended(url, query(options.app_key, options.app_secret, nonce, now, newer=newer))

    def headers(self, body: bytes) -> Mapping[str, str]:
        kind = "application/json" if is_json(body) else "application/x-www-form-urlencoded"
        return {"Content-Type": kind, "User-Agent": "RongCloud/1.0"}

    def delivered(self, status: int, answer: bytes) -> bool:
        self._answered = status != 200
        return status == 200

    def banned(self, now: float) -> bool:
        return now < self._paused_until

    def retry_after(self, attempts: int, now: float) -> float | None:
        # The courier asks this right after `delivered`, which it asks only when there was an answer.
        if not self._answered:
            self._note_silence(now)
        self._answered = False
        return self._options.retry_after if attempts < TRIES else None

    def _note_silence(self, now: float) -> None:
        self._silences.append(now)
        while self._silences[0] < now - WITHIN:
            self._silences.popleft()
        if len(self._silences) >= self._options.pause_after and not self.banned(now):
            self._paused_until = now + self._options.pause
            self._silences.clear()


def is_json(body: bytes) -> bool:
    return body[:1] in (b"[", b"{")


def routed(message: Sent, to: str) -> bytes:
    """A message as the form of full message routing."""
    edited = {"originalMsgUID": message.edits} if message.edits else {}
    return urlencode(
        edited
        | {
            "fromUserId": message.sender,
            "toUserId": to,
            "objectName": message.name,
            "content": message.content,
            "channelType": message.channel,
            "msgTimestamp": message.time,
            "msgUID": message.id,
            "sensitiveType": 0,
            "source": message.shown_source,
            "busChannel": message.bus,
            "groupUserIds": f"[{','.join(message.directed)}]" if message.directed else "",
        }
    ).encode()


def online_status(user: str, status: str, device: str, now: int) -> bytes:
    """*status* is "0" online, "1" offline, "2" logged out."""
    change = {"userid": user, "status": status, "os": device, "time": now, "clientIp": ADDRESS, "sessionId": f"s-{user}"}
    return orjson.dumps([change])


def operated(message: Sent, operation: Operation) -> bytes:
    """A recall of *message*."""
    return orjson.dumps(
        {
            "eventType": 1,
            "fromUserId": operation.by,
            "optTime": operation.time,
            "source": operation.device,
            "conversationInfo": {"conversationType": message.number, "targetId": operation.target, "busChannel": message.bus},
            "originalMsgInfo": {"messageId": message.id, "messageTime": message.time},
            "recallMsgInfo": {"isDelete": int(operation.delete), "isAdmin": int(operation.admin), "extra": operation.extra},
        }
    )
