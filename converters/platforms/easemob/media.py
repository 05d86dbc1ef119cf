"""Files of Easemob: its own file service, which gives each a secret. Source: "Easemob: Upload and download files"."""

import re
from hashlib import md5
from typing import Any

from msgspec import Struct

from converters.core import multipart, wire
from converters.core.bodies import File
from converters.core.model import StoredFile
from converters.core.outcome import Delivered, NotSent, Refused, Unsure
from converters.files.media import Download, FileUpload, MediaSupport, Role, Shape
from converters.platform import Partial, Reply, Request
from converters.platforms.easemob.account import EasemobAccount
from converters.platforms.easemob.replies import read_reply

UPLOAD = "chatfiles"
"""The call, as limits count it."""

_ID = re.compile(r"[0-9A-Za-z_-]{1,64}")
_SECRET = re.compile(r"[!-~]{1,256}")
_SMALL = 320
"""Pixels of either side of a thumbnail: phones show 170 points, two or three pixels each."""


class _Answer(Struct, frozen=True):
    entities: Any = None


def shape(role: Role, account: EasemobAccount) -> Shape | None:
    """What its clients show: they record AMR, and what was merged by another platform they cannot open."""
    largest = account.file_limit
    match role:
        case "image" | "sticker":
            return Shape(formats=("jpeg", "png", "gif"), largest=largest, own_thumbnails=True)
        case "gif":
            return Shape(formats=("gif", "jpeg", "png"), largest=largest, own_thumbnails=True)
        case "voice":
            return Shape(formats=(account.voice,), largest=largest)
        case "video":
            # Of pictures Easemob makes a thumbnail by itself; of videos nobody does.
            return Shape(formats=("mp4",), largest=largest, thumbnail=_thumbnail(largest))
        case "thumbnail":
            return _thumbnail(largest)
        case "file":
            return Shape(largest=largest)
        case "forwarded":
            return None


def _thumbnail(largest: int) -> Shape:
    return Shape(formats=("jpeg",), largest=largest, box=(_SMALL, _SMALL))


def download(file: File, account: EasemobAccount) -> Download:
    """As it lies there: the server is never asked to make another form of it.

    Our token goes to nobody but the app's own file service, at the very address of the settings; a file of another cluster or
    another app has its secret to be got with.
    """
    headers = {"Accept": "application/octet-stream"}
    if _SECRET.fullmatch(file.secret):
        headers["share-secret"] = file.secret
    ours, _, name = file.url.rpartition("/")
    return Download(file.url, headers, authorised=ours == _address(account) and _ID.fullmatch(name) is not None)


def upload(file: FileUpload, account: EasemobAccount) -> Request:
    """Sent twice it is there twice, and no message names the other one."""
    kind, body = multipart.write({}, "file", file.name, file.mime, file.content)
    headers = {"Content-Type": kind, "Accept": "application/json"}
    if account.restrict_access:
        headers["restrict-access"] = "true"
    if file.role in {"image", "gif", "sticker"} and file.width > 0 and file.height > 0:
        scale = min(1.0, _SMALL / max(file.width, file.height))
        headers["thumbnail-width"] = str(max(1, round(file.width * scale)))
        headers["thumbnail-height"] = str(max(1, round(file.height * scale)))
    return Request("POST", f"/{account.org}/{account.app}/chatfiles", headers, body, UPLOAD, repeatable=True)


def uploaded(file: FileUpload, request: Request, reply: Reply, account: EasemobAccount) -> StoredFile | NotSent | Refused:
    """A new upload may always be tried: what was answered badly lies there unnamed."""
    if reply.status == 413:
        return Refused("too-large")
    if reply.status == 200:
        return _there(file, reply, account) or NotSent("unreadable answer")
    match read_reply(request, reply):
        case Unsure(reason=reason):
            return NotSent(reason)
        case Delivered():
            return NotSent(f"http {reply.status}")
        case Refused(reason=reason) if reply.status == 401:
            return NotSent(reason, ours=True)
        case Partial(reason=reason):
            return Refused(reason)
        case outcome:
            return outcome


def _there(file: FileUpload, reply: Reply, account: EasemobAccount) -> StoredFile | None:
    try:
        entities = wire.load(reply.body, _Answer).entities
    except wire.Malformed:
        return None
    entity = entities[0] if isinstance(entities, list) and entities else None
    found, secret = (entity.get("uuid"), entity.get("share-secret")) if isinstance(entity, dict) else (None, None)
    if not isinstance(found, str) or not _ID.fullmatch(found):
        return None
    return StoredFile(
        f"{_address(account)}/{found}",
        secret if isinstance(secret, str) else "",
        name=file.name,
        size=len(file.content),
        mime=file.mime,
        md5=md5(file.content, usedforsecurity=False).hexdigest(),
        width=file.width,
        height=file.height,
    )


def _address(account: EasemobAccount) -> str:
    return f"{account.base_url.rstrip('/')}/{account.org}/{account.app}/chatfiles"


def lives(account: EasemobAccount) -> float:
    return account.file_days * 86_400.0


MEDIA = MediaSupport(shape=shape, download=download, upload=upload, uploaded=uploaded, lives=lives)
