"""Everything that one Easemob app knows, and what a message does to it."""

from collections import Counter
from collections.abc import Callable, Sequence
from typing import Any, Literal
from uuid import uuid4

from msgspec.structs import replace

from tests.simulators.callbacks import Courier, Parcel
from tests.simulators.calls import Call
from tests.simulators.clock import now_ms
from tests.simulators.easemob import attachments
from tests.simulators.easemob.errors import Refusal
from tests.simulators.easemob.events import COMBINED, Events
from tests.simulators.easemob.files import Files
from tests.simulators.easemob.group_events import Change, new_envelope, old_ends, old_envelope, old_names
from tests.simulators.easemob.limits import Limits
from tests.simulators.easemob.options import Options
from tests.simulators.easemob.reactions import Reactions
from tests.simulators.easemob.rule import Rule
from tests.simulators.easemob.standing import Roster, Standing
from tests.simulators.easemob.storage import Storage
from tests.simulators.easemob.tokens import Tokens
from tests.simulators.file_moods import FileMoods
from tests.simulators.journal import Journal
from tests.simulators.media import Media, journaled
from tests.simulators.messages import Archive, Conversation, Ids, Message
from tests.simulators.moods import Moods
from tests.simulators.people import Group, People
from tests.simulators.platform import Saying

Operate = Callable[["Easemob", Saying], Message | str]


class Easemob:
    """One app; *operate* does what a person does in it that is no writing."""

    def __init__(self, options: Options, operate: Operate) -> None:
        now = now_ms()
        self.options = options
        self._operate = operate
        self.callback_url = options.callback_url
        self.application = str(uuid4())
        self.journal = Journal()
        self.moods = Moods()
        self.file_moods = FileMoods()
        self.base = ""
        self.people = People()
        self.people.preload(options.users, options.group, now)
        self.archive = Archive()
        self.tokens = Tokens(options)
        self.limits = Limits(options)
        self.events = Events(f"{options.org}#{options.app}", options.callback_secret)
        self.rule = Rule(options.callback_timeout, options.ban_scale)
        early = options.callbacks_before_answer
        self.storage = Storage(options.zone) if options.callback_store else None
        self.courier = Courier(
            self.rule, self.moods, self.journal, early=early, ordered=options.ordered, lost=self.storage.keep if self.storage else None
        )
        self.rooms: dict[str, Group] = {}
        self.roster = Roster()
        self.metadata: dict[str, dict[str, str]] = {}
        self.space = uuid4()
        self.offline: Counter[str] = Counter()
        self.muted: dict[str, dict[str, int]] = {}
        self.notifications: dict[tuple[str, str, str], dict[str, Any]] = {}
        self.room_attributes: dict[str, dict[str, tuple[str, str]]] = {}
        self.super_admins: list[str] = []
        self.imported: dict[str, tuple[int, str]] = {}
        """Time and id of the last import into each conversation."""
        self.files = Files(options.file_life)
        self.reactions = Reactions()
        self.edits: Counter[str] = Counter()
        self._standings: dict[tuple[bool, str], Standing] = {}
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
        self.journal.note("refused", now_ms(), api=api, reason=refusal.description, status=refusal.status, **facts)

    def files_of(self, message: Message, media: Media | None = None) -> dict[str, Any]:
        """What a journal entry of *message* says of its files; *media* is what a person sent just now."""
        return journaled(media, attachments.held(self, message))

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
        stored: bool = True,
        at: int | None = None,
        imported: bool = False,
    ) -> Message:
        """Number a message and keep it; one that is imported was said *at*."""
        message = Message(
            id=str(self._ids.next()),
            client_id=client_id or "",
            time=self.now() if at is None else at,
            type=kind,
            sender=sender,
            to=to,
            name=name,
            content=content,
            text=content.get("msg") if name == "txt" else None,
            ext=ext,
            source=source,
            stored=stored,
            imported=imported,
        )
        (self.archive.insert if imported else self.archive.keep)(message)
        return message

    def call_back(self, message: Message, call: Call | None = None, tally: Counter[str] | None = None, env: str | None = None) -> None:
        """Post the callback of a message, if its source is called back and its *env* has a route."""
        url = self.callback_url if env is None else self.options.callback_env.get(env)
        if message.source in self.options.callback_source:
            self._post(url, message, self.events.chat(message), call, tally)
        elif tally is not None:
            tally["failed"] += 1

    def withdraw(self, message: Message, call: Call | None = None) -> None:
        """Recall *message* and say so; its file goes with it. Events know no env."""
        self.archive.recall(message)
        self.files.forget(message.content.get("url"))
        body = self.events.recall(message, str(self._ids.next()), self.now(), group_id=self.options.recall_group_id)
        self._post(self.callback_url, message, body, call)

    def find(self, message_id: str) -> Message | None:
        """A message of any conversation."""
        kinds: tuple[Conversation, ...] = ("person", "group", "room")
        return next((found for kind in kinds if (found := self.archive.find(kind, message_id))), None)

    def edit(
        self, message: Message, operator: str, body: dict[str, Any] | None, ext: dict[str, Any] | None, call: Call | None = None
    ) -> None:
        """Give *message* another body, or ext, or both, and say so."""
        content = message.content if body is None else body
        changed = replace(
            message, content=content, text=content.get("msg") if message.name == "txt" else None, ext=message.ext if ext is None else ext
        )
        self.archive.replace(changed)
        self.edits[message.id] += 1
        count, now = self.edits[message.id], self.now()
        older = self.options.edit_callbacks == "older"
        event = self.events.edit(changed, operator, count, self.event_id(), now, ext=ext is not None, older=older)
        self.emit(message.conversation, f"edit:{message.id}", event, call)

    def react(self, message: Message, call: Call | None = None, *, user: str, reaction: str, add: bool) -> None:
        """Set or take back what :class:`Reactions` has allowed, and say so."""
        state = self.reactions.change(message.id, user, reaction, add=add)
        event = self.events.reaction(message, state, user, self.event_id(), self.now())
        self.emit(message.conversation, f"reaction:{message.id}", event, call)

    def event_id(self) -> str:
        return str(self._ids.next())

    def emit(self, lane: str, name: str, body: bytes, call: Call | None = None) -> None:
        """Post the callback of an event; events know no env."""
        if self.callback_url is None:
            return
        parcel = Parcel(self.callback_url, lane, name, body)
        self.courier.send(parcel)
        if call:
            call.parcels.append(parcel)

    def announce(self, group: Group, standing: Standing, change: Change, call: Call | None = None) -> None:
        """Post the callbacks of *change*, which has been made, in the app's envelope."""
        now = standing.modified = self.now()
        lane = f"{'room' if standing.room else 'group'}|{group.id}"
        name = f"{change.operation.lower()}:{group.id}"
        if self.options.group_envelope == "group_op_event":
            event = new_envelope(self.events, group, standing, change, str(uuid4()), now)
            self.emit(lane, name, event, call)
            return
        for old in old_names(change):
            for ends in old_ends(change, old, group):
                event = old_envelope(self.events, group, standing, old, ends, self.event_id(), now)
                self.emit(lane, name, event, call)

    def standing(self, group: Group, *, room: bool) -> Standing:
        return self._standings.setdefault((room, group.id), Standing(room))

    def forget(self, group: Group, *, room: bool) -> None:
        (self.rooms if room else self.people.groups).pop(group.id)
        self._standings.pop((room, group.id), None)

    def _post(self, url: str | None, message: Message, body: bytes, call: Call | None, tally: Counter[str] | None = None) -> None:
        if url is None:
            return
        parcel = Parcel(url, message.conversation, f"{message.type}:{message.id}", body, tally)
        self.courier.send(parcel)
        if call:
            call.parcels.append(parcel)

    def say(self, saying: Saying, tally: Counter[str] | None = None) -> Message | str:
        """A person writes in the app, or does something there."""
        if saying.operation is not None:
            return self._operate(self, saying)
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
        if saying.media is not None:
            name, content = attachments.sent(self, saying.media)
        if content is None:
            content = {"msg": saying.text or ""} if name == "txt" else {}
        if not isinstance(content, dict) or not isinstance(saying.ext, dict | None):
            return "body and ext must be objects"
        if name == "combine":
            # The app sends merged messages as texts that old apps can show.
            name, content = "txt", {"msg": "[merged messages]", **content, "subType": COMBINED}
        if name == "loc" and not {"lat", "lng"} <= content.keys():
            return "loc needs lat and lng"
        self.people.add_user(sender, now_ms())
        if saying.type == "person":
            to = to.lower()
            self.people.add_user(to, now_ms())
        elif saying.type == "group" and to not in self.people.groups:
            return f"no such group: {to}"
        message = self.store(saying.type, sender, to, name, content, ext=saying.ext, source="sdk", client_id=saying.id)
        self.journal.note("said", message.time, **message.facts(), **self.files_of(message, saying.media))
        self.call_back(message, tally=tally)
        return message

    def make_group(self, members: Sequence[str], group_id: str | None = None, *, room: bool = False) -> Group:
        now = self.now()
        if group_id is None:
            self._groups += 1
            group_id = str(self._groups)
        for member in members:
            self.people.add_user(member, now)
        group = Group(group_id, "", members[0], list(members), now)
        (self.rooms if room else self.people.groups)[group_id] = group
        return group

    def expire_tokens(self) -> None:
        self.tokens.expire()
