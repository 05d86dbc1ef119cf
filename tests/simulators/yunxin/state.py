"""Everything that one Yunxin app knows, and what a message does to it."""

from collections import Counter
from collections.abc import Sequence
from time import monotonic
from typing import Any
from uuid import uuid4

from tests.simulators.callbacks import Courier, Parcel
from tests.simulators.calls import Call
from tests.simulators.clock import now_ms
from tests.simulators.journal import Journal
from tests.simulators.limits import Bucket
from tests.simulators.messages import Archive, Conversation, Ids, Message
from tests.simulators.moods import Moods
from tests.simulators.people import Group, People
from tests.simulators.platform import Saying
from tests.simulators.yunxin.copies import NUMBERS, Copies, CopyPolicy, dumped, members_pulled_in
from tests.simulators.yunxin.options import Options


class Yunxin:
    """One app. Messages of persons and of teams are numbered apart, from the same start: an id alone is no key."""

    def __init__(self, options: Options) -> None:
        now = now_ms()
        self.options = options
        self.callback_url = options.callback_url
        self.journal = Journal()
        self.moods = Moods()
        self.people = People()
        self.people.preload(options.users, options.group, now)
        self.archive = Archive()
        self.copies = Copies(options.seed)
        early = options.callbacks_before_answer
        self.courier = Courier(
            CopyPolicy(options), self.moods, self.journal, early=early, ordered=options.ordered
        )
        self.client_ids: set[str] = set()
        self._ids: dict[Conversation, Ids] = {"person": Ids(now), "group": Ids(now)}
        self._buckets = {
            api: Bucket(options.limit_messages if api == "msg" else options.limit_calls, block=options.block)
            for api in ("msg", "user", "team", "history")
        }
        self._answered: dict[tuple[str, str], tuple[float, bytes]] = {}
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
        message = Message(
            id=str(self._ids[kind].next()),
            client_id=client_id or str(uuid4()),
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
        self.archive.keep(message)
        self.client_ids.add(message.client_id)
        return message

    def copy(self, message: Message, call: Call | None = None, tally: Counter[str] | None = None) -> None:
        """Post the copy of a message."""
        if self.callback_url is None:
            return
        nick = str(self.people.users.get(message.sender, {}).get("name", message.sender))
        client = "REST" if message.source == "rest" else self.copies.device()
        team = self.people.groups.get(message.to) if message.type == "group" else None
        self.post(message, self.copies.message(message, nick, client, team), call, tally)

    def post(
        self, message: Message, body: bytes, call: Call | None, tally: Counter[str] | None = None
    ) -> None:
        """Send *body*, which is about *message*, in the lane of its conversation."""
        if self.callback_url is None:
            return
        parcel = Parcel(self.callback_url, message.conversation, f"{message.type}:{message.id}", body, tally)
        self.courier.send(parcel)
        if call:
            call.parcels.append(parcel)

    def say(self, saying: Saying, tally: Counter[str] | None = None) -> Message | str:
        """A person writes in the app."""
        if saying.kind == "recall":
            return self._withdraw(saying)
        if saying.type == "room":
            return "chat rooms are not simulated"
        sender, to = saying.sender.lower(), saying.to
        name = saying.kind or "TEXT"
        if name not in NUMBERS:
            return f"no such kind: {name}"
        if saying.type == "person":
            to = to.lower()
            self.people.add_user(to, now_ms())
        elif to not in self.people.groups:
            return f"no such team: {to}"
        self.people.add_user(sender, now_ms())
        text = saying.body if saying.text is None and isinstance(saying.body, str) else saying.text
        if name in ("TEXT", "TIPS"):
            content: Any = {"msg": text or ""}
        else:
            content = {} if saying.attach is None else saying.attach
        ext = None if saying.ext is None else dumped(saying.ext)
        message = self.store(
            saying.type, sender, to, name, content, text=text, client_id=saying.id, ext=ext, rest=False
        )
        self.journal.note("said", message.time, **message.facts())
        self.copy(message, tally=tally)
        return message

    def _withdraw(self, saying: Saying) -> Message | str:
        kind: Conversation = "group" if saying.type == "group" else "person"
        message = self.archive.find(kind, saying.recalls or "")
        if message is None:
            return "no such message"
        self.archive.recall(message)
        now = self.now()
        self.journal.note("said", now, **{**message.facts(), "name": "recall", "recalls": message.id})
        self.post(message, self.copies.recall(message, self.copies.device(), saying.text or "", now), None)
        return message

    def make_group(self, members: Sequence[str]) -> Group:
        self._teams += 1
        now = self.now()
        for member in members:
            self.people.add_user(member, now)
        team = Group(str(self._teams), str(self._teams), members[0], list(members), now)
        self.people.groups[team.id] = team
        return team

    def pull_in(self, team: Group, newcomers: Sequence[str], call: Call) -> None:
        """Members have come in: a NOTIFICATION, which is also in history."""
        content = members_pulled_in(team, newcomers, self.now())
        self.copy(self.store("group", team.owner, team.id, "NOTIFICATION", content), call)

    def expire_tokens(self) -> None:
        """Yunxin signs calls and has no tokens."""


def request_id(call: Call) -> str:
    """De-duplicates a call; the two generations of the API name it differently."""
    return call.header(b"requestid") or call.header(b"x-custom-traceid")
