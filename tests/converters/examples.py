"""One example of each kind, and what is known at the target when it is written."""

import typing
from itertools import repeat
from typing import Any

import msgspec

from converters import PLATFORMS
from converters.core.bodies import (
    Body,
    Call,
    Card,
    Command,
    Custom,
    Document,
    File,
    Forwarded,
    Gif,
    Image,
    Link,
    Location,
    Notice,
    Sticker,
    Text,
    Unknown,
    Video,
    Voice,
    files_of,
)
from converters.core.event_id import new_event_id
from converters.core.model import Conversation, Delivery, Direct, Event, Group, Room, StoredFile, TargetContext, TargetMessage
from converters.core.operations import (
    AdminsChanged,
    BlockChanged,
    Edit,
    FriendChanged,
    GroupChanged,
    GroupCreated,
    GroupDismissed,
    GroupLife,
    MembersAdded,
    MembersRemoved,
    Muted,
    Operation,
    OwnerChanged,
    Post,
    Presence,
    Quote,
    Reaction,
    Read,
    Recall,
    Received,
    Ref,
    Typing,
    kind_of,
    named_by,
)
from converters.files.dry_run_files import assume_transferred
from tests.converters.shapes import NOW, shape

EARLIER = Ref("77", event=new_event_id("yunxin", "old", "direct", "77"), client_id="c-77", author="alice", at=NOW - 60_000)
MP3 = "http://files.example.com/a.mp3"
PICTURE = File("http://files.example.com/a.jpg", name="a.jpg", size=52_100, mime="image/jpeg", md5="9e107d9d" * 4)
SMALL = File("http://files.example.com/a-small.jpg", name="a-small.jpg", size=1_200, mime="image/jpeg")

BODIES: dict[str, Body] = {
    "text": Text("你好 & hello"),
    "image": Image(PICTURE, 800, 600, SMALL),
    "gif": Gif(File("http://files.example.com/a.gif", name="a.gif", size=9_000, mime="image/gif"), 120, 90),
    "voice": Voice(File(MP3, name="a.mp3", size=4_000, mime="audio/mpeg"), 3_000),
    "video": Video(File("http://files.example.com/a.mp4", name="a.mp4", size=910_000, mime="video/mp4"), 8_000, 640, 480, SMALL),
    "file": Document(File("http://files.example.com/a.pdf", name="a.pdf", size=7_000, mime="application/pdf")),
    "location": Location(39.904989, 116.405285, "天安门", "北京市东城区"),
    "custom": Custom("order", {"number": 17, "state": "paid"}),
    "command": Command("refresh", {"what": "orders"}),
    "forwarded": Forwarded("chat of alice and bob", ("alice: hi", "bob: ho"), "[chat history]"),
    "card": Card("carol", "Carol", "http://files.example.com/carol.jpg"),
    "link": Link("https://example.com/a", "A page", "what it is about", "https://example.com/a.jpg"),
    "sticker": Sticker("ajmd", "ajmd003", File("http://files.example.com/s.png", name="s.png", mime="image/png")),
    "notice": Notice("alice has changed the topic", {"topic": "x"}),
    "call": Call(video=True, state="completed", duration=61_000),
    "unknown": Unknown("HOLOGRAM", {"depth": 3}),
}

OPERATIONS: dict[str, Operation] = {
    **{kind: Post(body) for kind, body in BODIES.items()},
    "quote": Post(Text("yes"), Quote(EARLIER, "is it so?")),
    "recall": Recall(EARLIER),
    "edit": Edit(EARLIER, Text("better")),
    "read": Read(EARLIER, NOW),
    "received": Received(EARLIER),
    "reaction": Reaction(EARLIER, "👍"),
    "typing": Typing(),
    "group-created": GroupCreated("team", "alice", ("bob", "carol"), "about it"),
    "group-dismissed": GroupDismissed(),
    "group-changed": GroupChanged(name="new name"),
    "members-added": MembersAdded(("carol",), "invited"),
    "members-removed": MembersRemoved(("carol",), "kicked"),
    "owner-changed": OwnerChanged("bob"),
    "admins-changed": AdminsChanged(("bob",)),
    "muted": Muted(("carol",), until=NOW + 3_600_000),
    "friend-changed": FriendChanged("bob", "added"),
    "block-changed": BlockChanged("bob"),
    "presence": Presence(online=True, device="ios"),
}

VARIANTS: dict[str, tuple[Operation, ...]] = {
    "voice": (
        Post(Voice(File("http://files.example.com/a.aac", name="a.aac", size=4_000, mime="audio/aac"), 3_400)),
        Post(Voice(File(MP3, name="b.mp3", size=90_000, mime="audio/mpeg"), 75_000)),
    ),
    "custom": (Post(Custom("", {"any": 1})), Post(Custom("order", [1, 2]), ext={"order": 17}), Post(Custom("order", "17"))),
    "command": (Post(Command("refresh")),),
    "quote": (Post(Text("yes"), Quote(EARLIER, "", "voice")), Post(Text("yes"), Quote(EARLIER, "what? " * 40))),
    "recall": (Recall(EARLIER, "taken back"),),
    "read": (Read(None, NOW),),
    "reaction": (Reaction(EARLIER, "👍", added=False), Reaction(EARLIER, "🦄")),
    "typing": (Typing(active=False),),
    "group-created": (GroupCreated("team", "alice", ("bob",), "about it", "http://files.example.com/team.jpg"),),
    "group-changed": (
        GroupChanged(announcement="today"),
        GroupChanged(description="what for"),
        GroupChanged(avatar="http://files.example.com/team.jpg"),
    ),
    "members-added": (MembersAdded(("alice",), "joined"),),
    "members-removed": (MembersRemoved(("alice",), "left"),),
    "admins-changed": (AdminsChanged(("bob",), added=False),),
    "muted": (Muted(), Muted(muted=False), Muted(("carol",)), Muted(("carol",), muted=False)),
    "friend-changed": (
        FriendChanged("bob", "requested", "it is me"),
        FriendChanged("bob", "refused", "no"),
        FriendChanged("bob", "removed"),
    ),
    "block-changed": (BlockChanged("bob", blocked=False),),
}
"""What else a kind can say; a row of the table holds of all of it."""

_TAGGED = (*typing.get_args(Body), *(each for each in typing.get_args(Operation) if each is not Post))
KINDS: tuple[str, ...] = (*(tagged.__struct_config__.tag for tagged in _TAGGED), "quote")
"""The rows of every fidelity table."""


def row_of(operation: Operation) -> str:
    """The row of the fidelity table that *operation* belongs to."""
    return "quote" if isinstance(operation, Post) and operation.quote is not None else kind_of(operation)


def place_of(operation: Operation) -> Conversation:
    """Where such a thing happens."""
    return Group("team") if isinstance(operation, GroupLife) else Direct(("alice", "bob"))


def event_of(operation: Operation, conversation: Conversation | None = None) -> Event:
    where = conversation or place_of(operation)
    word = "post" if isinstance(operation, Post) else kind_of(operation)
    return Event(
        id=new_event_id("yunxin", "old", str(where.__struct_config__.tag), "78", word),
        source="old",
        remote_id="78",
        client_id="c-78",
        conversation=where,
        sender="alice",
        sender_name="Alice",
        at=NOW,
        operation=operation,
    )


def delivery_of(operation: Operation, conversation: Conversation | None = None) -> Delivery:
    event = event_of(operation, conversation)
    match event.conversation:
        case Direct():
            receiver = "bob"
        case Group() | Room():
            receiver = "" if isinstance(operation, GroupCreated) else "1101"
    people = {user: user for user in ("alice", "bob", "carol")}
    return Delivery(
        event=event,
        target="new",
        sender="alice",
        receiver=receiver,
        received=NOW,
        author="alice",
        origin="bob" if receiver == "bob" else "77",
        people=people,
    )


def there_of(platform: str, operation: Operation) -> TargetContext:
    """Everything that an encoder may want: the messages are there, and all files were brought over."""
    sent = (TargetMessage("1390000000000000001", sender="alice", at=NOW - 59_000, client_id="c-t-77"),)
    files = files_of(operation.body) if isinstance(operation, Post | Edit) else ()
    would = assume_transferred(delivery_of(operation), PLATFORMS[platform].media, account_of(platform))
    quotes = isinstance(operation, Post) and operation.quote is not None
    return TargetContext(
        message=sent if named_by(operation) else (),
        quoted=sent if quotes else (),
        files=tuple(map(_carried, repeat(platform), files, would)),
    )


def _carried(platform: str, file: File, would: StoredFile | None) -> StoredFile:
    """*file* at the platform, in the form that its clients show."""
    url = getattr(shape(platform), "FILE", f"https://files.example.org/{file.name}")
    secret = "secret" if "chatfiles" in url else ""
    if would is None:
        return StoredFile(url, secret, "", file.name, file.size, file.mime, file.md5)
    return msgspec.structs.replace(would, url=url, secret=secret, md5=file.md5)


def account_of(platform: str, **settings: Any) -> Any:
    """The platform's example with all that can be switched on switched on."""
    account = PLATFORMS[platform].example()
    wanted = {"typing": True, "receipts": True, "operator": "relay", "reactions": {"👍": 1}, **settings}
    return msgspec.structs.replace(account, **{name: value for name, value in wanted.items() if hasattr(account, name)})
