"""A target whose lists the test writes itself, behind the real readers of a verification: no broker, no HTTP."""

from collections import Counter
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any, Literal, cast

from msgspec import structs

from converters import PLATFORMS
from converters.core.model import conversation_key
from converters.differences import Difference
from converters.inventory import AnyItem, Group, GroupMember, Room, RoomMember, Setting, User
from converters.migration import Found, NoAnswer, subject_of
from converters.routing.identity_table import IdentityTable, record
from converters.routing.route import App
from streams.migrate.bundle import Bundle
from streams.migrate.known import Known
from streams.migrate.list_reader import ListReader
from streams.migrate.records import Item, Progress
from streams.migrate.target_view import TargetView
from streams.migrate.verify import Verifier
from streams.migrate.verify_records import Notebook, Verified
from streams.migrate.verify_sides import Sides

SOURCE = App("old", PLATFORMS["yunxin"], PLATFORMS["yunxin"].example(), "new")
PLACES = {"group": {"901": "g-901", "902": "g-902"}, "room": {"701": "r-701"}}
"""The target's ids of those that are there."""


class Done:
    """What a migration has noted: in place of `Known`."""

    def __init__(self) -> None:
        self.words: dict[bytes, str] = {}
        self.lanes: dict[bytes, Progress] = {}

    def item(self, key: bytes, task: bytes) -> Item | None:
        word = next((word for name, word in self.words.items() if task.endswith(name)), "made")
        return None if word == "not tried" else Item(digest="", at=1, word=cast("Any", word))

    def progress(self, conversation: bytes) -> Progress:
        return self.lanes.get(conversation, Progress())


class Listed:
    """*items* by what a list is asked about: `users`, (`friends`, user), (`members`, group) and so on; what is set there comes."""

    def __init__(self) -> None:
        self.lists: dict[tuple[str, str], list[Any]] = {}
        self.silent: dict[tuple[str, str], str] = {}
        """Why a list ends early."""
        self.asked: list[tuple[str, tuple[str, ...]]] = []
        self.later: dict[tuple[str, str], list[Any]] = {}
        """What comes the second time, where it is something else."""

    def app(self, *without: str) -> App:
        """The target; it has no list of the names in *without*."""
        platform = PLATFORMS["easemob"]
        readers = tuple(structs.replace(one, ask=self._ask(one.name)) for one in platform.readers if one.name not in without)
        return App("new", structs.replace(platform, readers=readers), platform.example(), "old")

    def _ask(self, name: str) -> Callable[..., Any]:
        def ask(subjects: Sequence[str], span: object, cursor: str, account: object) -> Any:
            again = (name, tuple(subjects)) in self.asked
            self.asked.append((name, tuple(subjects)))
            for subject in subjects or ("",):
                key = name, subject
                yield from self.later[key] if again and key in self.later else self.lists.get(key, ())
                if key in self.silent:
                    return self.silent[key]
            return ""

        return ask

    def hold(self, items: Sequence[AnyItem]) -> None:
        """Everything as a migration that went well has left it."""
        for item in items:
            match item:
                case User():
                    if item.state != "deleted":
                        self._add("users", "", User(id=item.id, push_name=item.push_name or item.name))
                        self._add("attributes", item.id, item)
                case Group() | Room():
                    kind: Literal["group", "room"] = "group" if isinstance(item, Group) else "room"
                    there = PLACES[kind][item.id]
                    self._add(f"{kind}s", "", Found(kind, there))
                    self._add(f"{kind}-details", there, structs.replace(item, id=there))
                case GroupMember():
                    there = PLACES["group"][item.group]
                    shown = structs.replace(item, group=there)
                    self._add("members", there, shown)
                    self._add("member-attributes", subject_of(shown), shown)
                case RoomMember():
                    if item.role == "member" and not item.muted:
                        continue  # it is none of what the list shows
                    there = PLACES["room"][item.room]
                    self._add("room-members", there, structs.replace(item, room=there))
                case Setting():
                    setting = structs.replace(item, group=PLACES["group"].get(item.group, ""))
                    self._add("settings", subject_of(setting), setting)
                case _:
                    self._relation(item)

    def _relation(self, item: Any) -> None:
        match str(item.__struct_config__.tag):
            case "friendship":
                self._add("friends", item.owner, item)
                self._add("friends", item.friend, structs.replace(item, owner=item.friend, friend=item.owner, remark=item.friend_remark))
            case "block":
                self._add("blocks", item.owner, item)
            case "group-block":
                there = PLACES["group"][item.group]
                self._add("group-blocks", there, structs.replace(item, group=there))
            case other:
                raise AssertionError(f"no list has {other}")

    def _add(self, name: str, subject: str, item: Any) -> None:
        self.lists.setdefault((name, subject), []).append(item)

    def change(self, name: str, subject: str, number: int, /, **fields: Any) -> None:
        rows = self.lists[name, subject]
        rows[number] = structs.replace(rows[number], **fields)


class Verification:
    """One of *bundle*, which the target *listed* answers; what it writes lies in *directory*."""

    def __init__(self, bundle: Bundle, listed: Listed, directory: Path, *, sample: int = 1000, without: Sequence[str] = ()) -> None:
        directory.mkdir(exist_ok=True)
        self.bundle, self.target, self.done = bundle, listed.app(*without), Done()
        self.identities = IdentityTable()
        for kind, there in PLACES.items():
            for name, native in there.items():
                canonical = f"~yunxin-{name}"
                self.identities.apply(*record("yunxin", cast("Any", kind), name, canonical))
                self.identities.apply(*record("easemob", cast("Any", kind), native, canonical))
        self.view = TargetView(bundle, SOURCE, self.target, self.identities, cast("Known", self.done))
        self.notebook = Notebook(directory, "new")
        self.verified = Verified(app="new", bundle=bundle.meta.sha256[:12], sha256=bundle.meta.sha256, begun=1)
        self.said: list[tuple[str, int, int]] = []
        self.sides = Sides(directory / "sides", bundle, self.view.lost)
        self.lists = ListReader(self.target, cast("Any", _Client()))
        self.sample = sample

    async def run(self) -> list[Difference]:
        """All that was noted."""
        verifier = Verifier(
            self.bundle,
            self.view,
            self.lists,
            self.notebook,
            self.verified,
            self.sides,
            self.sample,
            lambda kind, done, of: self.said.append((kind, done, of)),
        )
        await verifier.run()
        return list(self.notebook.each())

    def counts(self, name: str) -> dict[str, int]:
        """Of each kind of which *name* is not 0."""
        return {kind: value for kind, one in self.verified.kinds.items() if (value := getattr(one, name))}

    def lane(self, conversation: Any, **fields: Any) -> None:
        """How far the history of *conversation* is, which is canonical."""
        self.done.lanes[conversation_key(conversation)] = Progress(**fields)


class _Client:
    async def ask(self, step: object) -> None:
        raise AssertionError(step)


def sorts(found: Sequence[Difference]) -> Counter[tuple[str, str, str]]:
    """(sort, kind, item with `|` between its parts)."""
    return Counter((one.sort, one.kind, one.item.replace("\x1f", "|")) for one in found)


SILENT = NoAnswer("no answer")
