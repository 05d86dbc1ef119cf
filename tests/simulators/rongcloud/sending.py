"""Sends. Source: "RongCloud: send private messages" and the pages of the other conversations.

Neither end needs to exist, and nobody needs to be a member.
"""

from time import monotonic
from typing import Any

from tests.simulators.calls import Call
from tests.simulators.messages import Conversation
from tests.simulators.rongcloud import attachments
from tests.simulators.rongcloud.errors import OVER_LIMIT, Refusal, bad, too_long
from tests.simulators.rongcloud.fields import Fields, as_object
from tests.simulators.rongcloud.gate import Answer
from tests.simulators.rongcloud.history import bus_of
from tests.simulators.rongcloud.state import RongCloud

CONTENT = 128 * 1024
"""Bytes."""
IDS = 64
NAME = 32
BUS = 20
NUMBERS = ("isPersisted", "isCounted", "isIncludeSender", "verifyBlacklist", "isMentioned", "contentAvailable", "needReadReceipt")
WORDS = ("expansion", "disablePush", "disableUpdateLastMsg")


class Send:
    """Sends to one kind of conversation: the field that names the targets, how many, and the answer's name for one."""

    def __init__(
        self, kind: Conversation, target: str, most: int | None, answered: str | None = None, *, status: bool = False, ultra: bool = False
    ) -> None:
        self._kind = kind
        self.target = target
        self._most = most
        self._answered = answered
        self._status = status
        self._limit = "ultra" if ultra else f"{kind} status" if status else kind
        self._ultra = ultra

    def __call__(self, rongcloud: RongCloud, call: Call, fields: Fields) -> Answer:
        targets = fields.many(self.target)
        directed = fields.many("toUserIds" if self._ultra else "toUserId") if self._kind == "group" else []
        pairs = as_object(fields.one("extraContent", "{}"))
        wrong = self._wrong(fields, targets, directed)
        if wrong is None and pairs is None:
            wrong = bad("extraContent must be a JSON object")
        if wrong:
            return wrong
        if not rongcloud.limits.send(self._limit, len(targets), monotonic()):
            return OVER_LIMIT
        msg_random = fields.one("msgRandom") if rongcloud.options.msg_random else ""
        if msg_random:
            if fields.number("msgRandom") is None:
                return bad("msgRandom must be a number")
            if rongcloud.repeated(msg_random):
                return Refusal(400, rongcloud.options.msg_random_code, "msgRandom repeated")
            rongcloud.remember(msg_random)
        uids = []
        for to in targets:
            uid = self._send(rongcloud, call, fields, to, tuple(directed), pairs or {})
            uids.append({self._answered: uid[0], "messageUID": uid[1]})
        return {"messageUIDs": uids} if self._answered and rongcloud.options.message_uids else {}

    def _send(
        self, rongcloud: RongCloud, call: Call, fields: Fields, to: str, directed: tuple[str, ...], pairs: dict[str, Any]
    ) -> tuple[str, str]:
        sender = fields.one("fromUserId")
        message = rongcloud.write(
            self._kind,
            sender,
            to,
            fields.one("objectName"),
            fields.one("content"),
            stored=fields.one("isPersisted", "1") == "1" and not directed,
            directed=directed,
            own=self._kind != "person" or fields.yes("isIncludeSender"),
            expandable=fields.yes("expansion") and not directed,
            ultra=self._ultra,
            bus=bus_of(fields) if self._ultra else "",
        )
        blocked = self._kind == "person" and sender in rongcloud.blocked.get(to, ())
        if blocked and fields.yes("verifyBlacklist"):
            # Accepted as any other, and dropped.
            rongcloud.accept("send.blocked", call, at=message.time, **message.facts())
            return to, message.id
        if not self._status:
            rongcloud.keep(message)
            if message.expandable:
                rongcloud.expand(message, pairs)
        api = "send.status" if self._status else "send"
        rongcloud.accept(api, call, at=message.time, **message.facts(), **rongcloud.files_of(message))
        rongcloud.route(message, call, status=self._status)
        return to, message.id

    def _wrong(self, fields: Fields, targets: list[str], directed: list[str]) -> Refusal | None:
        name, content = fields.one("objectName"), fields.one("content")
        if self._most is not None and len(targets) > self._most:
            return too_long(f"{self.target} must be at most {self._most}")
        if directed and len(targets) > 1:
            return bad("toUserId needs exactly one toGroupId")
        if len(name) > NAME:
            return too_long(f"objectName must be at most {NAME}")
        if len(fields.one("busChannel")) > BUS:
            return too_long(f"busChannel must be at most {BUS}")
        if any(len(one.encode()) > IDS for one in (fields.one("fromUserId"), *targets, *directed)):
            return too_long(f"an id must be at most {IDS}")
        if len(content) > CONTENT or len(content.encode()) > CONTENT:
            return too_long("content must be at most 128 KB")
        if name.startswith("RC:") and as_object(content) is None:
            return bad("content must be a JSON object")
        if why := attachments.flaw(name, content):
            return bad(why)
        for flag in NUMBERS:
            if fields.one(flag, "0").lower() not in ("0", "1", "true", "false"):
                return bad(f"{flag} must be 0 or 1")
        for flag in WORDS:
            # The SDK for Python writes `True`; no page refuses it.
            if fields.one(flag, "false").lower() not in ("true", "false"):
                return bad(f"{flag} must be true or false")
        return None
