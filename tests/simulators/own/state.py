"""Everything that the own server knows, and what an event does to it."""

from collections import Counter
from collections.abc import Mapping, Sequence
from time import monotonic, time
from typing import Any

import orjson

from tests.simulators.callbacks import Courier, Parcel
from tests.simulators.calls import Call
from tests.simulators.clock import now_ms
from tests.simulators.file_moods import FileMoods
from tests.simulators.journal import Journal
from tests.simulators.limits import Bucket
from tests.simulators.media import Media, journaled
from tests.simulators.messages import Archive, Conversation, Message
from tests.simulators.moods import Moods
from tests.simulators.own import attachments
from tests.simulators.own.forms import OPERATIONS
from tests.simulators.own.options import Options
from tests.simulators.own.signing import sign
from tests.simulators.people import Group, People
from tests.simulators.platform import Saying
from tests.simulators.shelf import Shelf

KINDS: dict[str, Conversation] = {"direct": "person", "group": "group", "room": "room"}


class HookPolicy:
    """A webhook is tried until it is answered 200, whatever else is answered."""

    def __init__(self, options: Options) -> None:
        self._options = options
        self.timeout = options.callback_timeout

    def headers(self, body: bytes) -> Mapping[str, str]:
        return {"Content-Type": "application/json"} | sign(self._options.secret, body, int(time()))

    def delivered(self, status: int, answer: bytes) -> bool:
        return status == 200

    def banned(self, now: float) -> bool:
        return False

    def retry_after(self, attempts: int, now: float) -> float | None:
        return min(self._options.backoff_max, self._options.backoff * 2.0 ** min(attempts - 1, 20))


class Own:
    """``taken`` has the id that was answered for each Idempotency-Key."""

    def __init__(self, options: Options) -> None:
        now = now_ms()
        self.options = options
        self.callback_url = options.callback_url
        self.journal = Journal()
        self.moods = Moods()
        self.file_moods = FileMoods()
        self.base = ""
        self.shelf = Shelf("client-files", options.file_ttl, self.file_moods, self.journal)
        self.people = People()
        self.people.preload(options.users, options.group | options.room, now)
        self.rooms = {room: self.people.groups.pop(room) for room in options.room}
        self.archive = Archive()
        self.taken: dict[str, str] = {}
        self.courier = Courier(
            HookPolicy(options), self.moods, self.journal, early=options.callbacks_before_answer, ordered=options.ordered
        )
        self._buckets = {"post": Bucket(options.limit_messages), "other": Bucket(options.limit_calls)}
        self._numbers: Counter[str] = Counter()
        self._start = now
        self._time = now

    def now(self) -> int:
        """Server time in ms, which never falls."""
        self._time = max(self._time, now_ms())
        return self._time

    def files_of(self, message: Message, media: Media | None = None) -> dict[str, Any]:
        """What a journal entry of *message* says of its files; *media* is what a person sent just now."""
        return journaled(media, attachments.held(self, message))

    def within_limit(self, operation: str) -> bool:
        return self._buckets["post" if operation == "post" else "other"].take(monotonic())

    def number(self, letter: str) -> str:
        """An id that was not given before, not even before a restart."""
        self._numbers[letter] += 1
        return f"{letter}-{self._start:x}-{self._numbers[letter]}"

    def find(self, message_id: str) -> Message | None:
        found = (self.archive.find(kind, message_id) for kind in KINDS.values())
        return next((one for one in found if one is not None), None)

    def keep(self, event: Mapping[str, Any], sender: str, to: str, *, rest: bool) -> Message:
        """The message that *event* is, kept where it posts one."""
        operation = event["operation"]
        body = operation.get("body", {})
        message = Message(
            id=event["id"],
            client_id=event.get("client_id", ""),
            time=self.now(),
            type=KINDS[event["conversation"]["kind"]],
            sender=sender,
            to=to,
            name=body.get("kind", "") if operation["op"] == "post" else operation["op"],
            content=operation,
            text=body.get("text") if body.get("kind") == "text" else None,
            ext=operation.get("ext"),
            source="rest" if rest else "sdk",
            stored=operation["op"] == "post",
        )
        if message.stored:
            self.archive.keep(message)
        return message

    def post(self, message: Message, event: Mapping[str, Any], call: Call | None = None, tally: Counter[str] | None = None) -> None:
        """Post *event* to the relay."""
        if self.callback_url is None:
            return
        body = orjson.dumps(event)
        parcel = Parcel(self.callback_url, message.conversation, f"{message.type}:{message.id}", body, tally)
        self.courier.send(parcel)
        if call:
            call.parcels.append(parcel)

    def say(self, saying: Saying, tally: Counter[str] | None = None) -> Message | str:
        """``operation`` with its fields as ``payload``, or a post of ``text`` or ``body``, answering ``payload`` if there is one."""
        sender, to = saying.sender.lower(), saying.to.lower()
        operation = self._said(saying)
        if isinstance(operation, str):
            return operation
        conversation: dict[str, Any] = {"kind": "direct", "users": [sender, to]}
        if saying.type != "person":
            groups = self.people.groups if saying.type == "group" else self.rooms
            if to not in groups and operation["op"] != "group-created":
                return f"no such {saying.type}: {to}"
            conversation = {"kind": saying.type, "id": to}
        else:
            self.people.add_user(to, now_ms())
        self.people.add_user(sender, now_ms())
        event = {
            "id": saying.id or self.number("m" if operation["op"] == "post" else "e"),
            "conversation": conversation,
            "sender": sender,
            "sender_name": str(self.people.users[sender]["name"]),
            "at": self.now(),
            "operation": operation,
        }
        message = self.keep(event, sender, to, rest=False)
        if operation["op"] != "post":
            self.change(operation, message, operation.get("message", {}).get("id", ""))
        self.journal.note("said", message.time, **message.facts(), **self.files_of(message, saying.media))
        self.post(message, event, tally=tally)
        return message

    def _said(self, saying: Saying) -> dict[str, Any] | str:
        if saying.kind == "recall":
            return {"op": "recall", "message": {"id": saying.recalls or ""}}
        if saying.operation is not None:
            if saying.operation not in OPERATIONS:
                return f"no such operation: {saying.operation}"
            return {"op": saying.operation, **(saying.payload or {})}
        body = saying.body if saying.body is not None else {"kind": "text", "text": saying.text or ""}
        if saying.media is not None:
            body = attachments.sent(self, saying.media)
        return {"op": "post", "body": body} | (saying.payload or {}) | ({"ext": saying.ext} if saying.ext else {})

    def change(self, operation: Mapping[str, Any], message: Message, named: str) -> str:
        """Carry out what is no post; the id of a group that it made."""
        group = self.people.groups.get(message.to)
        target = self.find(named)
        match operation["op"]:
            case "recall" if target:
                self.archive.recall(target)
            case "group-created":
                members = [operation.get("owner") or message.sender, *operation.get("members", ())]
                made = message.to or self.number("g")
                name = operation.get("name", "")
                self.people.groups[made] = Group(made, name, members[0], members, self.now())
                return made
            case "group-dismissed":
                self.people.groups.pop(message.to, None)
            case "group-changed" if group:
                group.name = operation.get("name", group.name)
            case "members-added" if group:
                group.members += [user for user in operation["users"] if user not in group.members]
            case "members-removed" if group:
                group.members[:] = [user for user in group.members if user not in operation["users"]]
            case "owner-changed" if group:
                group.owner = operation["user"]
        return ""

    def make_group(self, members: Sequence[str]) -> Group:
        now = self.now()
        for member in members:
            self.people.add_user(member, now)
        group = Group(self.number("g"), "", members[0], list(members), now)
        self.people.groups[group.id] = group
        return group

    def expire_tokens(self) -> None:
        """The own server signs, and has no tokens."""
