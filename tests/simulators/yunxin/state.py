"""Everything that one Yunxin app knows, and what a message does to it."""

from collections import Counter
from collections.abc import Mapping, Sequence
from time import monotonic
from typing import Any
from uuid import uuid4

from tests.simulators.callbacks import Courier, Parcel
from tests.simulators.calls import Call
from tests.simulators.clock import now_ms
from tests.simulators.file_moods import FileMoods
from tests.simulators.journal import Journal
from tests.simulators.limits import Bucket
from tests.simulators.media import Media, journaled
from tests.simulators.messages import Archive, Conversation, Ids, Message
from tests.simulators.moods import Moods
from tests.simulators.people import Group, People
from tests.simulators.yunxin import attachments
from tests.simulators.yunxin.copies import Copies, CopyPolicy
from tests.simulators.yunxin.kinds import device
from tests.simulators.yunxin.nos import Nos
from tests.simulators.yunxin.options import Options


class Yunxin:
    """One app. Messages of persons and of teams are numbered apart, from the same start: an id alone is no key.

    Superteams are groups too, with ``superteam`` in their settings. A message in a chat room has no server id, so
    that its client id stands for it.
    """

    def __init__(self, options: Options) -> None:
        now = now_ms()
        self.options = options
        self.callback_url = options.callback_url
        self.journal = Journal()
        self.moods = Moods()
        self.file_moods = FileMoods()
        self.base = ""
        self.shelf = Nos("nos", options.file_ttl, self.file_moods, self.journal)
        self.people = People()
        self.people.preload(options.users, options.group | options.superteam | options.room, now)
        self.rooms = {room: self.people.groups.pop(room) for room in options.room}
        for team in options.superteam:
            self.people.groups[team].settings["superteam"] = True
        self.dismissed: dict[str, Group] = {}
        self.friends: dict[tuple[str, str], dict[str, Any]] = {}
        self.relations: dict[str, set[tuple[str, str]]] = {"black": set(), "mute": set()}
        self.archive = Archive()
        self.edited: dict[str, int] = {}
        self.readers: dict[str, set[str]] = {}
        self.comments: dict[str, dict[tuple[str, int], str]] = {}
        self.copies = Copies(options.seed)
        early = options.callbacks_before_answer
        self.courier = Courier(CopyPolicy(options), self.moods, self.journal, early=early, ordered=options.ordered)
        self.client_ids: dict[str, str] = {}
        self._ids: dict[Conversation, Ids] = {"person": Ids(now), "group": Ids(now)}
        self._buckets = {
            api: Bucket(options.limit_messages if api == "msg" else options.limit_calls, block=options.block)
            for api in ("msg", "user", "team", "history", "chatroom")
        }
        self._buckets["room history"] = Bucket(options.limit_room_history, block=options.block)
        self._answered: dict[tuple[str, str], tuple[float, bytes]] = {}
        self._notices = 385_000
        self._teams = 6_123_456_788
        self._time = now

    def now(self) -> int:
        """Server time in ms, which never falls."""
        self._time = max(self._time, now_ms())
        return self._time

    def within_limit(self, category: str) -> bool:
        return self._buckets[category].take(monotonic())

    def earlier(self, api: str, request_id: str) -> bytes | None:
        """The answer that the same request was given within the memory."""
        known = self._answered.get((api, request_id))
        return known[1] if known and monotonic() - known[0] <= self.options.repeat_memory else None

    def remember(self, api: str, request_id: str, answer: bytes) -> None:
        now = monotonic()
        self._answered.pop((api, request_id), None)
        self._answered[api, request_id] = (now, answer)
        # Oldest first: what has gone stale is at the front.
        while self._answered[oldest := next(iter(self._answered))][0] < now - self.options.repeat_memory:
            del self._answered[oldest]

    def accept(self, api: str, call: Call, **facts: Any) -> None:
        self.journal.note("accepted", self.now(), api=api, request_id=request_id(call), **facts)

    def refuse(self, api: str, reason: str, call: Call, **facts: Any) -> None:
        self.journal.note("refused", now_ms(), api=api, reason=reason, request_id=request_id(call), **facts)

    def files_of(self, message: Message, media: Media | None = None) -> dict[str, Any]:
        """What a journal entry of *message* says of its files; *media* is what a person sent just now."""
        return journaled(media, attachments.held(self, message))

    def done(self, what: str, call: Call | None, **facts: Any) -> None:
        """Journal what is no message: accepted as an API when there is a *call*, else said as an operation."""
        if call is None:
            self.journal.note("said", self.now(), operation=what, **facts)
        else:
            self.accept(what, call, **facts)

    def store(
        self,
        kind: Conversation,
        sender: str,
        to: str,
        name: str,
        content: Any,
        *,
        text: str | None = None,
        client_id: str | None = None,
        ext: str | None = None,
        rest: bool = True,
        stored: bool = True,
    ) -> Message:
        """Number a message and keep it."""
        client_id = client_id or str(uuid4())
        number = client_id if kind == "room" else str(self._ids[kind].next())
        message = self._written(number, kind, sender, to, name, content, rest=rest, text=text, client_id=client_id, ext=ext, stored=stored)
        self.archive.keep(message)
        self.client_ids[client_id] = message.id
        return message

    def notice(
        self, kind: Conversation, sender: str, to: str, name: str, content: Any = None, *, text: str | None = None, rest: bool = True
    ) -> Message:
        """What is copied, but is no message: it has a number of its own and no place in the archive."""
        self._notices += 1
        return self._written(str(self._notices), kind, sender, to, name, content, rest=rest, text=text)

    def _written(
        self,
        number: str,
        kind: Conversation,
        sender: str,
        to: str,
        name: str,
        content: Any,
        *,
        rest: bool,
        text: str | None,
        client_id: str = "",
        ext: str | None = None,
        stored: bool = False,
    ) -> Message:
        return Message(
            id=number,
            client_id=client_id,
            time=self.now(),
            type=kind,
            sender=sender,
            to=to,
            name=name,
            content=content,
            text=text,
            ext=ext,
            source="rest" if rest else "sdk",
            stored=stored,
        )

    def copy(
        self, message: Message, call: Call | None = None, tally: Counter[str] | None = None, changes: Mapping[str, Any] | None = None
    ) -> None:
        """Post the copy of a message; *changes* are to the copy alone."""
        if self.callback_url is None:
            return
        nick = str(self.people.users.get(message.sender, {}).get("name", message.sender))
        client = "REST" if message.source == "rest" else device(message.sender)
        if message.type == "room":
            body = self.copies.room(message, nick, client, changes)
        else:
            body = self.copies.message(message, nick, client, self.team_of(message), changes)
        self.post(message, body, call, tally)

    def post(self, message: Message, body: bytes, call: Call | None, tally: Counter[str] | None = None) -> None:
        """Send *body*, which is about *message*, in the lane of its conversation."""
        if self.callback_url is None:
            return
        parcel = Parcel(self.callback_url, message.conversation, f"{message.type}:{message.id}", body, tally)
        self.courier.send(parcel)
        if call:
            call.parcels.append(parcel)

    def team_of(self, message: Message) -> Group | None:
        """The team or superteam in which *message* is."""
        if message.type != "group":
            return None
        return self.people.groups.get(message.to) or self.dismissed.get(message.to)

    def make_group(self, members: Sequence[str]) -> Group:
        self._teams += 1
        now = self.now()
        for member in members:
            self.people.add_user(member, now)
        team = Group(str(self._teams), str(self._teams), members[0], list(members), now)
        self.people.groups[team.id] = team
        return team

    def make_room(self, creator: str, name: str) -> Group:
        self._teams += 1
        room = Group(str(self._teams), name, creator, [creator], self.now())
        self.rooms[room.id] = room
        return room

    def expire_tokens(self) -> None:
        """Yunxin signs calls and has no tokens."""


def request_id(call: Call) -> str:
    """De-duplicates a call; the two generations of the API name it differently."""
    return call.header(b"requestid") or call.header(b"x-custom-traceid")
