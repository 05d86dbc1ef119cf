"""What a message can hold, in the relay's own words. A tag, once shipped, never changes: records of it lie in Kafka for weeks."""

from typing import Any

from msgspec import Struct


class File(Struct, frozen=True, omit_defaults=True):
    """Bytes that lie somewhere, or, where they are few, that came along."""

    url: str = ""
    """Where the source platform keeps it; often for some days only."""
    secret: str = ""
    """What the source wants to see before it gives the file out."""
    inline: str = ""
    """The bytes themselves in base64, where the platform sends them so; then there may be no *url*."""
    name: str = ""
    size: int = 0
    """Bytes; 0 where it is not said."""
    mime: str = ""
    """As the source says it, which may be wrong or only an extension."""
    md5: str = ""
    """Lower-case hex; empty where it is not said."""


class Text(Struct, frozen=True, tag="text", tag_field="kind", omit_defaults=True):
    text: str
    mentions: tuple[str, ...] = ()
    """Users who are called by name, in the order of the callback."""
    everybody: bool = False
    """All of the group are called."""


class Image(Struct, frozen=True, tag="image", tag_field="kind", omit_defaults=True):
    file: File
    width: int = 0
    height: int = 0
    thumbnail: File | None = None


class Gif(Struct, frozen=True, tag="gif", tag_field="kind", omit_defaults=True):
    """A moving picture, where the platform tells it from a still one."""

    file: File
    width: int = 0
    height: int = 0
    thumbnail: File | None = None


class Voice(Struct, frozen=True, tag="voice", tag_field="kind", omit_defaults=True):
    file: File
    duration: int = 0
    """Milliseconds."""


class Video(Struct, frozen=True, tag="video", tag_field="kind", omit_defaults=True):
    file: File
    duration: int = 0
    """Milliseconds."""
    width: int = 0
    height: int = 0
    thumbnail: File | None = None


class Document(Struct, frozen=True, tag="file", tag_field="kind", omit_defaults=True):
    """Any file that is sent as one."""

    file: File


class Location(Struct, frozen=True, tag="location", tag_field="kind", omit_defaults=True):
    latitude: float
    longitude: float
    title: str = ""
    address: str = ""


class Custom(Struct, frozen=True, tag="custom", tag_field="kind", omit_defaults=True):
    """The customer's own kind of message."""

    name: str
    """The platform's name of it: objectName, customEvent; empty where there is none."""
    data: Any = None
    """JSON; a string where it was no JSON."""


class Command(Struct, frozen=True, tag="command", tag_field="kind", omit_defaults=True):
    """Apps talk to each other by it; people never see it."""

    name: str
    data: Any = None


class Forwarded(Struct, frozen=True, tag="forwarded", tag_field="kind", omit_defaults=True):
    """Several messages passed on as one."""

    title: str = ""
    summary: tuple[str, ...] = ()
    """A line for each of the first messages, as the receiver is shown it."""
    text: str = ""
    """What clients show that do not know this kind."""
    file: File | None = None
    """Where all of them lie, in the platform's own format."""


class Card(Struct, frozen=True, tag="card", tag_field="kind", omit_defaults=True):
    """Somebody else's contact."""

    user: str
    name: str = ""
    avatar: str = ""


class Link(Struct, frozen=True, tag="link", tag_field="kind", omit_defaults=True):
    url: str
    title: str = ""
    text: str = ""
    image: str = ""
    """Address of a picture."""


class Sticker(Struct, frozen=True, tag="sticker", tag_field="kind", omit_defaults=True):
    """A picture out of a set that both apps would have to know."""

    set: str = ""
    name: str = ""
    file: File | None = None


class Notice(Struct, frozen=True, tag="notice", tag_field="kind", omit_defaults=True):
    """A grey line between the messages."""

    text: str
    data: Any = None


class Call(Struct, frozen=True, tag="call", tag_field="kind", omit_defaults=True):
    """Somebody called, by sound or with picture. It cannot be carried: the receiver reads that there was one."""

    video: bool = False
    state: str = ""
    """One of `completed`, `cancelled`, `rejected`, `missed`, `busy`; empty where it is not known."""
    duration: int = 0
    """Milliseconds of talk."""


class Unknown(Struct, frozen=True, tag="unknown", tag_field="kind", omit_defaults=True):
    """A kind that we have not met, carried whole."""

    vendor_kind: str
    payload: dict[str, Any] = {}


Body = (
    Text
    | Image
    | Gif
    | Voice
    | Video
    | Document
    | Location
    | Custom
    | Command
    | Forwarded
    | Card
    | Link
    | Sticker
    | Notice
    | Call
    | Unknown
)


def files_of(body: Body) -> tuple[File, ...]:
    """What has to be brought over for *body*, the file itself first, then its thumbnail."""
    match body:
        case Image(file=file, thumbnail=small) | Gif(file=file, thumbnail=small) | Video(file=file, thumbnail=small):
            return (file, small) if small is not None else (file,)
        case Voice(file=file) | Document(file=file):
            return (file,)
        case Sticker(file=file) | Forwarded(file=file):
            return (file,) if file is not None else ()
        case Text() | Location() | Custom() | Command() | Card() | Link() | Notice() | Call() | Unknown():
            return ()
