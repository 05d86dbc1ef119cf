"""Everything that one Easemob app knows, and what a message does to it."""

from collections import Counter
from collections.abc import Sequence
from typing import Any, Literal
from uuid import uuid4

from tests.simulators.callbacks import Courier, Parcel
from tests.simulators.calls import Call
from tests.simulators.clock import now_ms
from tests.simulators.easemob.errors import Refusal
from tests.simulators.easemob.events import Events
from tests.simulators.easemob.limits import Limits
from tests.simulators.easemob.options import Options
from tests.simulators.easemob.rule import Rule
from tests.simulators.easemob.tokens import Tokens
from tests.simulators.journal import Journal
from tests.simulators.messages import Archive, Conversation, Ids, Message
from tests.simulators.moods import Moods
from tests.simulators.people import Group, People
from tests.simulators.platform import Saying


class Easemob:
    """One app."""

    def __init__(self, options: Options) -> None:
        now = now_ms()
        self.options = options
        self.callback_url = options.callback_url
        self.application = str(uuid4())
        self.journal = Journal()
        self.moods = Moods()
        self.people = People()
        self.people.preload(options.users, options.group, now)
        self.archive = Archive()
        self.tokens = Tokens(options)
        self.limits = Limits(options)
        self.events = Events(f"{options.org}#{options.app}", options.callback_secret)
        self.rule = Rule(options.callback_timeout, options.ban_scale)
        early = options.callbacks_before_answer
        self.courier = Courier(self.rule, self.moods, self.journal, early=early, ordered=options.ordered)
        self._ids = Ids(now)
        self._groups = 270_000_000_000_000
        self._time = now

    def now(self) -> int:
        """Server time in ms, which never falls."""
        self._time = max(self._time, now_ms())
        return self._time

    def accept(self, api: str, **facts: Any) -> None:
        self.journal.note("accepted", self.now(), api=api, **facts)

    def refuse(self, api: str, refusal: Refusal, **facts: Any) -> None:
        self.journal.note(
            "refused", now_ms(), api=api, reason=refusal.description, status=refusal.status, **facts
        )

    def store(
        self,
        kind: Conversation,
        sender: str,
        to: str,
        name: str,
        content: dict[str, Any],
        *,
        ext: dict[str, Any] | None,
        source: Literal["sdk", "rest"] = "rest",
        client_id: str | None = None,
    ) -> Message:
        """Number a message and keep it."""
        message = Message(
            id=str(self._ids.next()),
            client_id=client_id or "",
            time=self.now(),
            type=kind,
            sender=sender,
            to=to,
            name=name,
            content=content,
            text=content.get("msg") if name == "txt" else None,
            ext=ext,
            source=source,
        )
        self.archive.keep(message)
        return message

    def call_back(
        self,
        message: Message,
        call: Call | None = None,
        tally: Counter[str] | None = None,
        env: str | None = None,
    ) -> None:
        """Post the callback of a message, if its source is called back and its *env* has a route."""
        url = self.callback_url if env is None else self.options.callback_env.get(env)
        if message.source in self.options.callback_source:
            self._post(url, message, self.events.chat(message), call, tally)
        elif tally is not None:
            tally["failed"] += 1

    def withdraw(self, message: Message, call: Call | None = None) -> None:
        """Recall *message* and say so; events know no env."""
        self.archive.recall(message)
        body = self.events.recall(message, str(self._ids.next()), self.now())
        self._post(self.callback_url, message, body, call)

    def join(self, group: Group, members: Sequence[str], call: Call) -> None:
        """Put *members* into *group* and say so."""
        group.members += members
        if self.callback_url is None or not members:
            return
        body = self.events.joined(group.id, members, len(group.members), self.now())
        parcel = Parcel(self.callback_url, f"group|{group.id}", f"joined:{group.id}", body)
        self.courier.send(parcel)
        call.parcels.append(parcel)

    def _post(
        self,
        url: str | None,
        message: Message,
        body: bytes,
        call: Call | None,
        tally: Counter[str] | None = None,
    ) -> None:
        if url is None:
            return
        parcel = Parcel(url, message.conversation, f"{message.type}:{message.id}", body, tally)
        self.courier.send(parcel)
        if call:
            call.parcels.append(parcel)

    def say(self, saying: Saying, tally: Counter[str] | None = None) -> Message | str:
        """A person writes in the app."""
        if saying.kind == "recall":
            recalled = self.archive.find(saying.type, saying.recalls or "")
            if recalled is None:
                return "no such message"
            facts = {**recalled.facts(), "name": "recall", "recalls": recalled.id}
            self.journal.note("said", self.now(), **facts)
            self.withdraw(recalled)
            return recalled
        sender, to, name = saying.sender.lower(), saying.to, saying.kind or "txt"
        content = saying.body if saying.body is not None else saying.attach
        if content is None:
            content = {"msg": saying.text or ""} if name == "txt" else {}
        if not isinstance(content, dict) or not isinstance(saying.ext, dict | None):
            return "body and ext must be objects"
        if name == "loc" and not {"lat", "lng"} <= content.keys():
            return "loc needs lat and lng"
        self.people.add_user(sender, now_ms())
        if saying.type == "person":
            to = to.lower()
            self.people.add_user(to, now_ms())
        elif saying.type == "group" and to not in self.people.groups:
            return f"no such group: {to}"
        message = self.store(
            saying.type, sender, to, name, content, ext=saying.ext, source="sdk", client_id=saying.id
        )
        self.journal.note("said", message.time, **message.facts())
        self.call_back(message, tally=tally)
        return message

    def make_group(self, members: Sequence[str], group_id: str | None = None) -> Group:
        now = self.now()
        if group_id is None:
            self._groups += 1
            group_id = str(self._groups)
        for member in members:
            self.people.add_user(member, now)
        group = self.people.groups[group_id] = Group(group_id, "", members[0], list(members), now)
        return group

    def expire_tokens(self) -> None:
        self.tokens.expire()
