"""Files on their way: what has to be brought over for a message, in which form the target shows it, and how it gets there."""

from collections.abc import Callable, Sequence
from typing import Any, Generic, Literal

from msgspec import Struct

from converters.core.bodies import Body, Document, File, Forwarded, Gif, Image, Sticker, Video, Voice, files_of
from converters.core.model import Delivery, Loss, StoredFile
from converters.core.operations import Edit, Post
from converters.core.outcome import NotSent, Refused
from converters.files.media_key import media_key
from converters.platform import A, Reply, Request

Role = Literal["image", "gif", "voice", "video", "file", "sticker", "forwarded", "thumbnail"]
"""What a file is in its message. All but the last are tags of bodies."""


WITHHELD = frozenset({"infected", "unscanned"})
"""Reasons of `MediaResult` for which the receiver is not shown where the file lies either."""


class Shape(Struct, frozen=True, kw_only=True):
    """What a platform's clients show in one role."""

    formats: tuple[str, ...] = ()
    """Names of `converters.files.media_formats`. The first is what any other is made into; empty: every file as it is."""
    largest: int = 0
    """Bytes; 0 is no limit."""
    longest: int = 0
    """Milliseconds; 0 is no limit."""
    inline: int = 0
    """Characters of base64 up to which the bytes lie in the message itself, and nowhere else."""
    inline_longest: int = 0
    """Milliseconds of sound up to which they do; 0 is no limit."""
    box: tuple[int, int] = (0, 0)
    """Pixels that a picture is made to fit in; 0 is as it is."""
    thumbnail: "Shape | None" = None
    """A picture that is made of the file where the source has sent none."""
    own_thumbnails: bool = False
    """The platform makes them by itself: the one that came along is of no use."""


class Download(Struct, frozen=True):
    """How a file is got. The address is a stranger's word, and is checked before it is used."""

    url: str
    headers: dict[str, str] = {}
    authorised: bool = False
    """With what authenticates us to the app that it comes from: only for an address that is that app's own file service."""


class FileUpload(Struct, frozen=True, kw_only=True):
    content: bytes
    name: str
    mime: str
    role: Role
    width: int = 0
    height: int = 0


class MediaSupport(Struct, Generic[A], frozen=True, kw_only=True):
    """How a platform keeps files."""

    shape: Callable[[Role, A], Shape | None]
    """(role, account): None where no message of the platform can hold such a file."""
    download: Callable[[File, A], Download]
    """(a file that this platform's callback named, account)."""
    upload: Callable[[FileUpload, A], Request] | None = None
    """None: the platform's servers take no files, and the store of the settings has to keep them."""
    uploaded: Callable[[FileUpload, Request, Reply, A], StoredFile | NotSent | Refused] | None = None
    """(what was put there, how, the answer, account): where it lies now."""
    lives: Callable[[A], float] = lambda _: 0.0
    """(account): seconds for which the platform keeps what was uploaded; 0 is for ever."""


class MediaJob(Struct, frozen=True, kw_only=True, omit_defaults=True):
    """One file to bring over, as it lies in `media.jobs`."""

    event: str
    place: int
    """Which of `files_of` it is."""
    role: Role
    file: File
    source: str
    """The app that it comes from."""
    target: str
    """The app that it goes to."""
    conversation: bytes
    """The key of the answer."""
    partition: int
    """Of the answer."""
    received: int
    """Of the message's callback, in milliseconds since 1970."""
    alone: bool = False
    """No thumbnail came with it."""


class MediaResult(Struct, frozen=True, kw_only=True, omit_defaults=True):
    """What became of a job, as it lies in `media.results`."""

    event: str
    place: int
    target: str
    carried: StoredFile | None = None
    reason: str = ""
    """Why it was not, in a short, fixed word that is counted."""


_ROLES: dict[type[Any], Role] = {
    Image: "image",
    Gif: "gif",
    Voice: "voice",
    Video: "video",
    Document: "file",
    Sticker: "sticker",
    Forwarded: "forwarded",
}


def wanted(delivery: Delivery, media: MediaSupport[A] | None, account: A) -> tuple[tuple[int, Role, File], ...]:
    """The files that *delivery* waits for at a target that keeps files as *media* says: place, role, and where each lies now."""
    operation = delivery.event.operation
    if not isinstance(operation, Post | Edit) or media is None:
        return ()
    files = files_of(operation.body)
    if not files:
        return ()
    role = role_of(operation.body)
    shape = media.shape(role, account)
    if shape is None:
        return ()
    roles: tuple[Role, ...] = (role,)
    if len(files) > 1 and not shape.own_thumbnails and media.shape("thumbnail", account) is not None:
        roles = (role, "thumbnail")  # there is never more than one
    return tuple((place, role, file) for place, (role, file) in enumerate(zip(roles, files, strict=False)) if file.url or file.inline)


def jobs(delivery: Delivery, media: MediaSupport[A] | None, account: A, key: bytes, partition: int) -> tuple[tuple[bytes, MediaJob], ...]:
    """One for each of the files that *delivery* waits for, under the key that is `media_key`; *key* and *partition* are its own."""
    files = wanted(delivery, media, account)
    made = []
    for place, role, file in files:
        job = MediaJob(
            event=delivery.event.id,
            place=place,
            role=role,
            file=file,
            source=delivery.event.source,
            target=delivery.target,
            conversation=key,
            partition=partition,
            received=delivery.received,
            alone=len(files) == 1,
        )
        shape = media.shape(role, account) if media is not None else None
        assert shape is not None, "it is wanted"
        made.append((media_key(job, shape), job))
    return tuple(made)


def sent_as(body: Body, files: "Sequence[StoredFile | None]") -> Body:
    """*body*, or the file in it where nothing better could be made of that."""
    first = files[0] if files else None
    return Document(files_of(body)[0]) if first is not None and first.as_file and files_of(body) else body


def losses(files: "Sequence[StoredFile | None]") -> tuple[Loss, ...]:
    """What was lost on the way of *files*."""
    found = [file for file in files if file is not None]
    return tuple(Loss(what) for file in found for what in ("as-file" if file.as_file else "", file.lost) if what)


def thumbnail_of(files: "tuple[StoredFile | None, ...]") -> StoredFile | None:
    """The thumbnail: the one that came along, or the one that was made."""
    if len(files) > 1 and files[1] is not None:
        return files[1]
    return files[0].thumbnail if files and files[0] is not None else None


def role_of(body: Body) -> Role:
    """Of a body that has files."""
    return _ROLES[type(body)]
