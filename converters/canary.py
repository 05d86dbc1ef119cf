"""The messages by which the relay tries itself: two throw-away users of an app talk, and their words must be called back by the other app.

A message is sent as the platform's own API takes it, with a mark under a key of its own (`KEY`): the relay takes it for a person's, carries it,
and the customer's app can hide what has that key. All of it is in one conversation, by whose key (`conversation`) counts leave it out.
"""

from base64 import b64encode
from collections.abc import Generator, Iterable
from hashlib import blake2b
from typing import Any, Literal

from msgspec import Struct, structs

from converters.core import wire
from converters.core.bodies import Body, File, Image, Text, Voice
from converters.core.event_id import new_event_id
from converters.core.model import NOTHING, Delivery, Event, StoredFile, TargetContext, TargetMessage, conversation_key, direct
from converters.core.operations import Operation, Post, Recall, Ref, kind_of
from converters.core.outcome import Delivered, NotSent, Outcome, Refused, Unsure
from converters.files.media import FileUpload, MediaSupport, Role
from converters.files.samples import AAC, AMR, MP3, PNG
from converters.platform import AnyPlatform, Callback, Decoded, DecodedEvent, Encoded, OwnEcho, Partial, Reply, Request
from converters.routing.route import App, Deliver, Dropped, EchoOf, Routed

CanaryKind = Literal["text", "picture", "voice", "recall"]
KEY = "relay_canary"
"""Of the extension of its messages, on both sides."""
NOTHING_SAID = Refused("the platform has no such message")
"""Of a message that is encoded into nothing."""
_ROLES: dict[str, Role] = {"picture": "image", "voice": "voice"}
_SECOND = 1000
_SAMPLES = {
    "png": ("image/png", "png", PNG),
    "amr": ("audio/amr", "amr", AMR),
    "aac": ("audio/aac", "aac", AAC),
    "mp3": ("audio/mpeg", "mp3", MP3),
}
"""By the names of `converters.files.media_formats`: type, ending, bytes."""


class CanaryRoute(Struct, frozen=True):
    """*sender* and *receiver* are called the same on both sides."""

    source: App
    target: App
    sender: str
    receiver: str

    @property
    def direction(self) -> str:
        return f"{self.source.platform.name}>{self.target.platform.name}"


def conversation(users: tuple[str, str]) -> bytes:
    """The key, in every topic behind `convert`, of what the two *users* say."""
    return conversation_key(direct(*users))


def is_canary(routed: Iterable[Routed], key: bytes) -> bool:
    """Whether what a callback has caused is of the conversation with that *key*; b"" is of none."""
    if not key:
        return False
    for one in routed:
        match one:
            case Deliver(key=of) | EchoOf(key=of) if of == key:
                return True
            case Dropped(event=Event(conversation=named)) if conversation_key(named) == key:  # its users are called the same everywhere
                return True
    return False


def fit(platform: AnyPlatform) -> bool:
    """Whether users of *platform* can be made, and can say something that bears no mark of the relay's."""
    return platform.register is not None and "mark" in platform.account.__struct_fields__


def accounts(app: App, users: tuple[str, str]) -> tuple[Request, ...]:
    """What makes the *users*, where they are not there yet."""
    register = app.platform.register
    assert register is not None, "as `fit` says"
    return tuple(register(user, "im-relay canary", app.account) for user in users)


def stored(app: App, kind: CanaryKind, token: str, url: str = "") -> Generator[Request, Reply | None, StoredFile | None]:
    """Put the file of a message of *kind* where the app keeps files; None where it takes no such file, or not now.

    *url*: where one lies, for a platform that keeps no files.
    """
    media, account = app.platform.media, speaking(app)
    upload = _upload(media, kind, account, token) if media is not None else None
    if media is None or upload is None:
        return None
    shape = media.shape(upload.role, account)
    if media.upload is None or media.uploaded is None:
        if shape is not None and shape.inline and kind == "voice":
            inline = b64encode(upload.content).decode()
            return StoredFile("", inline=inline, name=upload.name, size=len(upload.content), mime=upload.mime, duration=_SECOND)
        if not url:
            return None
        return StoredFile(url, width=1, height=1) if kind == "picture" else StoredFile(url, duration=_SECOND)
    request = media.upload(upload, account)
    reply = yield request
    found = media.uploaded(upload, request, reply, account) if reply is not None else None
    if not isinstance(found, StoredFile):
        return None
    return structs.replace(found, duration=_SECOND) if kind == "voice" else structs.replace(found, width=1, height=1)


def _upload(media: MediaSupport[Any], kind: CanaryKind, account: object, token: str) -> FileUpload | None:
    role = _ROLES[kind]
    shape = media.shape(role, account)
    wanted = ("png",) if kind == "picture" else shape.formats or ("amr",) if shape is not None else ()
    for name in wanted:
        if shape is not None and name in _SAMPLES:
            mime, ending, content = _SAMPLES[name]
            if name == "amr":  # its last frames differ, so that no transfer of an earlier one is reused
                content = content[:-16] + blake2b(token.encode(), digest_size=16).digest()
            return FileUpload(
                content=content, name=f"canary.{ending}", mime=mime, role=role, width=int(kind == "picture"), height=int(kind == "picture")
            )
    return None


def post(route: CanaryRoute, kind: CanaryKind, token: str, now: int, file: StoredFile | None = None) -> Encoded:
    """What says a message of *kind* in the source app, with *token* in it. A recall begins as a text."""
    body: Body = Text(f"im-relay canary {token}")
    if file is not None:
        held = File(url=file.url, secret=file.secret, inline=file.inline, name=file.name, size=file.size, mime=file.mime)
        body = Image(held, 1, 1) if kind == "picture" else Voice(held, _SECOND)
    there = TargetContext(files=(file,)) if file is not None else NOTHING
    return _encoded(route, Post(body), token, now, there)


def recall(route: CanaryRoute, said: DecodedEvent, sent: Delivered, token: str, now: int) -> Encoded:
    """What takes the message back that was *sent* and called back as *said*."""
    event = said.event
    named = TargetMessage(event.remote_id, route.sender, sent.at or event.at, event.client_id)
    ref = Ref(event.remote_id, event=event.id, author=route.sender, at=named.at)
    return _encoded(route, Recall(ref), token, now, TargetContext((named,)))


def _encoded(route: CanaryRoute, operation: Operation, token: str, now: int, there: TargetContext) -> Encoded:
    app = route.source
    word = "post" if isinstance(operation, Post) else kind_of(operation)
    event = Event(
        id=new_event_id("canary", app.name, "direct", token, word),
        source="canary",
        remote_id=token,
        conversation=direct(route.sender, route.receiver),
        sender=route.sender,
        at=now,
        operation=operation,
    )
    delivery = Delivery(
        event=event,
        target=app.name,
        sender=route.sender,
        receiver=route.receiver,
        received=now,
        author=route.sender,
        origin=route.receiver,
        silent=True,
    )
    return app.platform.encode(delivery, speaking(app), there)


def speaking(app: App) -> Any:
    """The account with which the two users write: its mark lies where the relay looks for none, and proves nothing."""
    account: Any = app.account
    return structs.replace(account, mark=KEY, mark_secret=KEY, mark_secret_previous="", mark_unkeyed_until=0)


def outcome(app: App, request: Request, reply: Reply | None) -> Outcome:
    if reply is None:
        return Unsure("no answer")
    found = app.platform.read_reply(request, reply)
    return found.done or Refused(found.reason) if isinstance(found, Partial) else found


def refused(found: Outcome) -> bool:
    """Whether nothing can have been said."""
    return isinstance(found, NotSent | Refused)


def said(callback: Callback, app: App, token: str) -> DecodedEvent | None:
    """The message with *token* in it, as the source app has called it back."""
    if token.encode() not in callback.body:
        return None
    return next((one for one in _decoded(callback, app) if isinstance(one, DecodedEvent) and isinstance(one.event.operation, Post)), None)


def arrived(callback: Callback, app: App, event: str) -> OwnEcho | None:
    """The message of *event*, as the target app has called it back, with the relay's mark on it."""
    return next((one for one in _decoded(callback, app) if isinstance(one, OwnEcho) and one.event_id == event and one.keyed), None)


def unchanged(callback: Callback, app: App, kind: CanaryKind) -> bool:
    """Whether what has arrived is what was said, and no text in its place."""
    if kind not in _ROLES:
        return True
    unmarked = structs.replace(app, account=speaking(app))  # to whom the relay's mark says nothing
    wanted = Image if kind == "picture" else Voice
    posts = (one.event.operation for one in _decoded(callback, unmarked) if isinstance(one, DecodedEvent))
    return any(isinstance(one, Post) and isinstance(one.body, wanted) for one in posts)


def recalled(callback: Callback, app: App, message: str) -> bool:
    """Whether it says that *message*, by the app's own id, was taken back."""
    found = (one.event.operation for one in _decoded(callback, app) if isinstance(one, DecodedEvent))
    return any(isinstance(one, Recall) and one.message.id == message for one in found)


def _decoded(callback: Callback, app: App) -> tuple[Decoded, ...]:
    try:
        return app.platform.decode(callback, app.account)
    except wire.Malformed:
        return ()
