"""Everything that one RongCloud app knows, and what a message does to it."""

from collections import Counter
from collections.abc import Sequence
from random import Random
from time import monotonic
from typing import Any

from tests.simulators.callbacks import Courier, Parcel
from tests.simulators.calls import Call
from tests.simulators.clock import now_ms
from tests.simulators.file_moods import FileMoods
from tests.simulators.journal import Journal
from tests.simulators.media import Media, journaled
from tests.simulators.messages import Archive, Conversation, Message
from tests.simulators.moods import Moods
from tests.simulators.people import Group, People
from tests.simulators.platform import Saying
from tests.simulators.rongcloud import attachments, sayings
from tests.simulators.rongcloud.errors import Refusal
from tests.simulators.rongcloud.fields import as_object, dumped
from tests.simulators.rongcloud.kinds import PASSING, STATUS, WORDS
from tests.simulators.rongcloud.limits import Limits
from tests.simulators.rongcloud.log import HourlyLog
from tests.simulators.rongcloud.options import Options
from tests.simulators.rongcloud.routing import NUMBERS, SERVER, Operation, Policy, Sent, operated, routed
from tests.simulators.rongcloud.uids import Uids
from tests.simulators.shelf import Shelf


class RongCloud:
    """One app. Ids of users and groups are taken as they are, and need not be known."""

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
        self.people.preload(options.users, options.group, now)
        self.blocked: dict[str, list[str]] = {}
        self.gags: dict[tuple[str, str], int] = {}
        self.destroyed: set[str] = set()
        self.notifications: dict[tuple[str, str, str], str] = {}
        self.quiet: dict[str, dict[str, Any]] = {}
        self.allowed: dict[str, list[str]] = {}
        self.tags: dict[str, list[str]] = {}
        self.banned: dict[str, int] = {}
        self.muted_groups: set[str] = set()
        """Nobody of them may speak."""
        self.free: dict[str, list[str]] = {}
        self.friends: dict[tuple[str, str], dict[str, Any]] = {}
        self.profiles: dict[str, dict[str, Any]] = {}
        self.rooms: dict[str, dict[str, Any]] = {}
        self.online: dict[str, str] = {}
        self.expansions: dict[str, dict[str, dict[str, Any]]] = {}
        self.archive = Archive()
        self.log = HourlyLog(options)
        self.limits = Limits(options)
        self.random = Random(options.seed)
        policy = Policy(options)
        early = options.callbacks_before_answer
        self.courier = Courier(policy, self.moods, self.journal, early=early, ordered=options.ordered, address=policy.address)
        self._uids = Uids()
        self._randoms: dict[str, float] = {}
        self._groups = 0
        self._time = now

    def now(self) -> int:
        """Server time in ms, which never falls."""
        self._time = max(self._time, now_ms())
        return self._time

    def accept(self, api: str, call: Call, *, at: int | None = None, **facts: Any) -> None:
        """*at* is in ms, now by default."""
        request_id = call.header(b"x-request-id")
        self.journal.note("accepted", at or self.now(), api=api, request_id=request_id, **facts)

    def refuse(self, api: str, refusal: Refusal, call: Call, **facts: Any) -> None:
        request_id = call.header(b"x-request-id")
        self.journal.note("refused", now_ms(), api=api, reason=refusal.why, code=refusal.code, request_id=request_id, **facts)

    def files_of(self, message: Message, media: Media | None = None) -> dict[str, Any]:
        """What a journal entry of *message* says of its files; *media* is what a person sent just now."""
        return journaled(media, attachments.held(self, message))

    def repeated(self, msg_random: str) -> bool:
        """Whether *msg_random* was taken within the memory. Whose it was does not matter."""
        at = self._randoms.get(msg_random)
        return at is not None and monotonic() - at <= self.options.msg_random_memory

    def remember(self, msg_random: str) -> None:
        now = monotonic()
        self._randoms.pop(msg_random, None)
        self._randoms[msg_random] = now
        # Oldest first: what has gone stale is at the front.
        while self._randoms[oldest := next(iter(self._randoms))] < now - self.options.msg_random_memory:
            del self._randoms[oldest]

    def write(
        self,
        kind: Conversation,
        sender: str,
        to: str,
        name: str,
        content: str,
        *,
        client_id: str = "",
        device: str = SERVER,
        stored: bool = True,
        **more: Any,
    ) -> Sent:
        """Number a message; *more* are other fields of it."""
        now = self.now()
        parsed = as_object(content) or {}
        text = parsed.get(WORDS.get(name, ""))
        return Sent(
            id=self._uids.next(now, NUMBERS[kind], to),
            client_id=client_id,
            time=now,
            type=kind,
            sender=sender,
            to=to,
            name=name,
            content=content,
            text=text if isinstance(text, str) else None,
            ext=parsed.get("extra"),
            source="rest" if device == SERVER else "sdk",
            stored=stored and name not in PASSING,
            device=device,
            **more,
        )

    def keep(self, message: Sent) -> None:
        """For recalls, history and the log; a status message is not kept."""
        self.archive.keep(message)
        self.log.keep(message)

    def route(
        self,
        message: Sent,
        call: Call | None = None,
        tally: Counter[str] | None = None,
        *,
        status: bool = False,
        shown_to: str | None = None,
    ) -> None:
        """Post *message* to the app's own server, if the switches let it."""
        options = self.options
        if (message.device == SERVER and not options.route_server) or ((status or message.name in STATUS) and not options.route_status):
            if tally is not None:
                tally["failed"] += 1
            return
        body = routed(message, shown_to or message.to)
        self.post(self.callback_url, message.conversation, f"{message.type}:{message.id}", body, call, tally)

    def post(
        self, url: str | None, lane: str, about: str, body: bytes, call: Call | None = None, tally: Counter[str] | None = None
    ) -> None:
        if url is None:
            return
        parcel = Parcel(url, lane, about, body, tally)
        self.courier.send(parcel)
        if call:
            call.parcels.append(parcel)

    def withdraw(self, message: Sent, operation: Operation, call: Call | None = None) -> Sent:
        """Recall *message*: a command in its conversation, which is given back."""
        self.archive.recall(message)
        content = {
            "messageUId": message.id,
            "conversationType": message.number,
            "targetId": operation.target,
            "sentTime": message.time,
            "isAdmin": operation.admin,
            "isDelete": operation.delete,
        }
        if operation.extra:
            content["extra"] = operation.extra
        if message.bus:
            content["channelId"] = message.bus
        command = self.write(
            message.type,
            operation.by,
            operation.target,
            "RC:RcCmd",
            dumped(content),
            device=operation.device,
            ultra=message.ultra,
            bus=message.bus,
        )
        self.keep(command)
        # The web SDK addresses the command to whoever recalls.
        self.route(command, call, shown_to=operation.by if operation.device == "Websocket" else None)
        about = f"operation:{message.id}"
        self.post(self.options.operation_url, message.conversation, about, operated(message, operation), call)
        return command

    def gagged(self, user: str, group: str) -> bool:
        if group in self.muted_groups:
            return True
        now = now_ms()
        ends = (self.gags.get((place, user)) for place in (group, ""))
        return any(end is not None and (not end or end > now) for end in ends)

    def say(self, saying: Saying, tally: Counter[str] | None = None) -> Message | str:
        """A person does something in the app."""
        return sayings.say(self, saying, tally)

    def make_group(self, members: Sequence[str]) -> Group:
        self._groups += 1
        now = self.now()
        for member in members:
            self.people.add_user(member, now)
        name = f"g{self._groups}"
        group = self.people.groups[name] = Group(name, name, members[0], list(members), now)
        return group

    def expire_tokens(self) -> None:
        """RongCloud signs calls and has no tokens of the app."""

    def expand(self, message: Sent, pairs: dict[str, str]) -> None:
        """Begin the expansion of a message that allows it."""
        self.expansions[message.id] = {key: {"v": value, "ts": message.time} for key, value in pairs.items()}
