"""Files of Yunxin: storage that gives out addresses which anybody may open. Source: "Yunxin: msg/upload.action, msg/fileUpload.action"."""

from base64 import b64encode
from hashlib import md5

from msgspec import Struct

from converters.core import multipart, urlencoded, wire
from converters.core.bodies import File
from converters.core.lenient import Word, word
from converters.core.model import StoredFile
from converters.core.outcome import Delivered, NotSent, Refused, Unsure
from converters.files.media import Download, FileUpload, MediaSupport, Role, Shape
from converters.platform import Partial, Reply, Request
from converters.platforms.yunxin.account import YunxinAccount
from converters.platforms.yunxin.calls import FORM
from converters.platforms.yunxin.replies import read_reply

LARGEST = 15 << 20
"""Bytes that the server API takes; clients may upload more."""

_DAY = 86_400
_SMALL = 320


class _Answer(Struct, frozen=True):
    code: Word = None
    url: Word = None


def shape(role: Role, account: YunxinAccount) -> Shape | None:
    """What its clients show: they record AAC, and have no other voice."""
    del account
    match role:
        case "image" | "sticker":
            return Shape(formats=("jpeg", "png", "gif"), largest=LARGEST, own_thumbnails=True)
        case "gif":
            return Shape(formats=("gif", "jpeg", "png"), largest=LARGEST, own_thumbnails=True)
        case "voice":
            return Shape(formats=("aac", "m4a"), largest=LARGEST)
        case "video":
            return Shape(formats=("mp4",), largest=LARGEST, own_thumbnails=True)
        case "thumbnail":  # its storage makes them; this one is for whom the message is passed on to
            return Shape(formats=("jpeg", "png"), largest=LARGEST, box=(_SMALL, _SMALL))
        case "file":
            return Shape(largest=LARGEST)
        case "forwarded":
            return None


def download(file: File, account: YunxinAccount) -> Download:
    """As it lies there. `audioTrans&type=mp3` at the address would have a voice made into MP3, on Yunxin's own hosts alone and once
    more lossy; the media role makes of the recording itself what the target plays.
    """
    del account
    return Download(file.url)


def upload(file: FileUpload, account: YunxinAccount) -> Request:
    """Sent twice it is there twice, and no message names the other one: no RequestId, under which a repeat would get no address."""
    fields = {"type": multipart.media_type(file.mime), "ishttps": "true"}
    if account.file_days:
        fields["expireSec"] = str(account.file_days * _DAY)
    if account.upload == "base64":
        kind, api, body = FORM, "msg/upload", b"content=" + _encoded(file.content) + b"&" + urlencoded.write(fields)
    else:
        api = "msg/fileUpload"
        kind, body = multipart.write(fields, "content", file.name, file.mime, file.content)
    return Request("POST", f"/{api}.action", {"Content-Type": kind}, body, api, repeatable=True)


def _encoded(content: bytes) -> bytes:
    """Base64, as a form has it: of its characters three are escaped."""
    return b64encode(content).replace(b"+", b"%2B").replace(b"/", b"%2F").replace(b"=", b"%3D")


def uploaded(file: FileUpload, request: Request, reply: Reply, account: YunxinAccount) -> StoredFile | NotSent | Refused:
    """A new upload may always be tried: what was answered badly lies there unnamed."""
    del account
    if reply.status == 413:
        return Refused("too-large")
    if reply.status == 200 and (url := _address(reply)):
        return StoredFile(
            url,
            name=file.name,
            size=len(file.content),
            mime=file.mime,
            md5=md5(file.content, usedforsecurity=False).hexdigest(),
            width=file.width,
            height=file.height,
        )
    match read_reply(request, reply):
        case Unsure(reason=reason):
            return NotSent(reason)
        case Delivered():
            return NotSent("unreadable answer")
        case Partial(reason=reason):
            return Refused(reason)
        case outcome:
            return outcome


def _address(reply: Reply) -> str:
    try:
        answer = wire.load(reply.body, _Answer)
    except wire.Malformed:
        return ""
    url = word(answer.url)
    return url if word(answer.code) == "200" and url.startswith(("https://", "http://")) and url.isprintable() else ""


def lives(account: YunxinAccount) -> float:
    return float(account.file_days * _DAY)


MEDIA = MediaSupport(shape=shape, download=download, upload=upload, uploaded=uploaded, lives=lives)
