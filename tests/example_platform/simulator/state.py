"""Everything that Parley knows, and what happens to it."""

from collections import Counter
from collections.abc import Mapping, Sequence
from hmac import digest
from time import time
from typing import Any

import orjson

from tests.example_platform.simulator.options import Options
from tests.simulators.callbacks import Courier, Parcel
from tests.simulators.calls import Call
from tests.simulators.clock import now_ms
from tests.simulators.file_moods import FileMoods
from tests.simulators.journal import Journal
from tests.simulators.limits import Bucket
from tests.simulators.media import Media, described, journaled
from tests.simulators.messages import Archive, Conversation, Message
from tests.simulators.moods import Moods
from tests.simulators.people import Group, People
from tests.simulators.platform import Saying
from tests.simulators.shelf import Shelf

KINDS: dict[str, Conversation] = {"user": "person", "group": "group", "room": "room"}
CHANNELS = {kind: channel for channel, kind in KINDS.items()}
NAMES = {"image": "picture", "voice": "voice"}
MEDIA = {name: kind for kind, name in NAMES.items()}


class HookPolicy:
    """Tried until it is answered 2xx. Source: "Webhooks"."""

    def __init__(self, options: Options) -> None:
        self._options = options
        self.timeout = options.callback_timeout

    def headers(self, body: bytes) -> Mapping[str, str]:
        timestamp = str(int(time()))
        signature = digest(self._options.webhook_secret.encode(), f"{timestamp}\n".encode() + body, "sha256").hex()
        return {"Content-Type": "application/json", "Parley-Timestamp": timestamp, "Parley-Signature": signature}

    def delivered(self, status: int, answer: bytes) -> bool:
        return 200 <= status < 300

    def banned(self, now: float) -> bool:
        return False

    def retry_after(self, attempts: int, now: float) -> float | None:
        return min(self._options.backoff_max, self._options.backoff * 5.0 ** min(attempts - 1, 6))


class Parley:
    def __init__(self, options: Options) -> None:
        now = now_ms()
        self.options = options
        self.callback_url = options.callback_url
        self.journal = Journal()
        self.moods = Moods()
        self.file_moods = FileMoods()
        self.base = ""
        self.shelf = Shelf("client-files", options.file_ttl, self.file_moods, self.journal)
        self.people = People(fold=str)
        self.people.preload(options.users, options.group | options.room, now)
        self.rooms = {room: self.people.groups.pop(room) for room in options.room}
        self.archive = Archive()
        self.courier = Courier(
            HookPolicy(options), self.moods, self.journal, early=options.callbacks_before_answer, ordered=options.ordered
        )
        self.buckets = {"messages": Bucket(options.limit_messages), "messages/recall": Bucket(options.limit_calls)}
        self.tokens: dict[str, float] = {}
        self._count = 0
        self._start = now
        self._time = now

    def now(self) -> int:
        """Server time in ms, which never falls."""
        self._time = max(self._time, now_ms())
        return self._time

    def number(self, letter: str = "M") -> str:
        self._count += 1
        return f"{letter}{self._start:x}x{self._count}"

    def missing(self, kind: Conversation, to: str) -> str | None:
        """The error of an address that is not there."""
        match kind:
            case "person":
                return None if to in self.people.users else "no_such_user"
            case "group":
                return None if to in self.people.groups else "no_such_channel"
            case _:
                return None if to in self.rooms else "no_such_channel"

    def keep(
        self, sender: str, kind: Conversation, to: str, content: dict[str, Any], meta: Any, *, rest: bool, number: str = ""
    ) -> Message:
        message = Message(
            id=number or self.number(),
            client_id="",
            time=self.now(),
            type=kind,
            sender=sender,
            to=to,
            name=content["type"],
            content=content,
            text=content.get("text") if content["type"] == "text" else None,
            ext=meta,
            source="rest" if rest else "sdk",
        )
        self.archive.keep(message)
        return message

    def tell(self, message: Message, event: str, sender: str, call: Call | None = None, tally: Counter[str] | None = None) -> None:
        """Post what happened to *message* to the relay."""
        if self.callback_url is None:
            return
        said: dict[str, Any] = {
            "event": event,
            "appKey": self.options.app_key,
            "messageId": message.id,
            "channel": {"type": CHANNELS[message.type], "id": message.to},
            "from": sender,
            "sentAt": self.now() if event == "message.recalled" else message.time,
            "via": "api" if call else "client",
        }
        if event == "message.sent":
            said |= {"content": message.content, "meta": message.ext or {}}
        parcel = Parcel(self.callback_url, message.conversation, f"{message.type}:{message.id}", orjson.dumps(said), tally)
        self.courier.send(parcel)
        if call:
            call.parcels.append(parcel)

    def say(self, saying: Saying, tally: Counter[str] | None = None) -> Message | str:
        """A text, a picture or a voice, raw ``body``, or a recall."""
        if why := self.missing(saying.type, saying.to):
            if why != "no_such_user":
                return f"{why}: {saying.to}"
            self.people.add_user(saying.to, self.now())
        self.people.add_user(saying.sender, self.now())
        if saying.kind == "recall":
            found = self.archive.find(saying.type, saying.recalls or "")
            if found is None:
                return f"no_such_message: {saying.recalls}"
            return self._recalled(found, saying, tally)
        content = saying.body or {"type": "text", "text": saying.text or ""}
        if saying.media is not None:
            if saying.media.kind not in NAMES:
                return f"Parley has no {saying.media.kind}"
            content = self._sent(saying.media)
        message = self.keep(saying.sender, saying.type, saying.to, content, saying.ext, rest=False, number=saying.id or "")
        self.journal.note("said", message.time, **message.facts(), **self.files_of(message, saying.media))
        self.tell(message, "message.sent", saying.sender, tally=tally)
        return message

    def _recalled(self, found: Message, saying: Saying, tally: Counter[str] | None) -> Message:
        self.archive.recall(found)
        facts = found.facts() | {"name": "recall", "text": None, "body": None, "from": saying.sender}
        self.journal.note("said", self.now(), recalls=found.id, **facts)
        self.tell(found, "message.recalled", saying.sender, tally=tally)
        return found

    def _sent(self, media: Media) -> dict[str, Any]:
        url = self.shelf.keep(media.content, media.type, self.base)
        content: dict[str, Any] = {"type": NAMES[media.kind], "url": url, "name": media.name, "bytes": len(media.content)}
        return content | ({"seconds": media.duration / 1000} if media.kind == "voice" else {"width": media.width, "height": media.height})

    def files_of(self, message: Message, media: Media | None = None) -> dict[str, Any]:
        content = message.content
        if content["type"] not in MEDIA:
            return {}
        stored = self.shelf.find(content.get("url"))
        facts = {name: content.get(name) for name in ("url", "name", "width", "height")} | {"size": content.get("bytes")}
        facts["duration"] = round(content.get("seconds", 0) * 1000)
        return journaled(media, described(MEDIA[content["type"]], stored.content if stored else None, **facts))

    def make_group(self, members: Sequence[str]) -> Group:
        now = self.now()
        for member in members:
            self.people.add_user(member, now)
        group = Group(self.number("G"), "", members[0], list(members), now)
        self.people.groups[group.id] = group
        return group

    def expire_tokens(self) -> None:
        self.tokens = dict.fromkeys(self.tokens, 0.0)
