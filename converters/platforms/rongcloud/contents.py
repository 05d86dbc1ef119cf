"""Bodies written as RongCloud's contents. Source: "RongCloud: Built-in message types"."""

import re
from typing import Any

from msgspec import Struct, structs

from converters.core import wire
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
)
from converters.core.model import Delivery, Direct, Group, Loss, StoredFile, TargetContext
from converters.core.operations import Post, Quote, Ref
from converters.files.media import sent_as, thumbnail_of
from converters.platforms.rongcloud.account import RongcloudAccount
from converters.platforms.rongcloud.content import Content
from converters.platforms.rongcloud.media import LARGEST_THUMBNAIL, LARGEST_VOICE
from converters.platforms.rongcloud.messages import QUOTE, TEXT, body_of, quote_in
from converters.text.extension_payload import arrived, left_out
from converters.text.fallback_text import quoted, shown

LONGEST_VOICE = 60
"""Seconds, of both kinds of voice, as the message counts them: a recording that clients stopped at 60 has some frames more."""
_OBJECT_NAME = re.compile(r"(?!RC:)[A-Za-z0-9:._-]{1,32}")
_AMR = {"amr", "audio/amr", "audio/amr-nb", "audio/3gpp"}
_AAC = {"aac", "audio/aac", "audio/aacp", "audio/x-aac", "audio/mp4", "audio/x-m4a", "audio/m4a"}


class EncodedContent(Struct, frozen=True):
    name: str
    content: Content
    losses: tuple[Loss, ...] = ()
    mentions: bool = False


def write(body: Body, delivery: Delivery, account: RongcloudAccount, there: TargetContext) -> EncodedContent:
    """What cannot be carried as it is becomes a text, with the loss that says so."""
    body = sent_as(body, there.files)
    match body:
        case Text(text=said) if not body.mentions and not body.everybody:
            return EncodedContent(TEXT, {"content": said})
        case Text():
            return _mentioning(body, delivery)
        case Image() | Gif() | Voice() | Video() | Document():
            file = _there(there, 0)
            written = _media(body, file, thumbnail_of(there.files)) if file is not None else None
            return written or as_text(body, account, Loss("file"))
        case Sticker(file=None) | Call() | Unknown() | Forwarded(file=None):
            return as_text(body, account, _kind(body))
        case Sticker():
            file = _there(there, 0)
            if file is None or not file.url:
                return as_text(body, account, _kind(body), Loss("file"))
            picture = _picture(file, thumbnail_of(there.files), file.name, file.size, (file.width, file.height))
            return structs.replace(picture, losses=(Loss("sticker"),))
        case Forwarded():
            return _forwarded(body, delivery, account, _there(there, 0))
        case Location(latitude=latitude, longitude=longitude, title=title, address=address):
            poi = " ".join(dict.fromkeys(part for part in (title, address) if part))
            return EncodedContent("RC:LBSMsg", {"latitude": latitude, "longitude": longitude, "poi": poi, "content": ""})
        case Custom(name=name, data=data):
            if not account.custom or not _OBJECT_NAME.fullmatch(name):
                return as_text(body, account, _kind(body))
            if isinstance(data, dict):
                return EncodedContent(name, data)
            return EncodedContent(name, {"data": data})  # our mark needs an object to lie in
        case Command(name=name, data=data):
            return EncodedContent("RC:CmdMsg", {"name": name, "data": data if isinstance(data, str) else _dumped(data)})
        case Card(user=user, name=name, avatar=avatar):
            card = {"userId": delivery.named(user), "name": name, "portraitUri": avatar, "sendUserId": delivery.sender}
            return EncodedContent("RC:CardMsg", card | {"sendUserName": delivery.event.sender_name})
        case Link(url=url, title=title, text=said, image=image):
            return EncodedContent("RC:ImgTextMsg", {"title": title, "content": said, "imageUri": image, "url": url})
        case Notice(text=said):
            return EncodedContent("RC:InfoNtf", {"message": said})


def answering(
    written: EncodedContent, body: Body, quote: Quote, delivery: Delivery, account: RongcloudAccount, there: TargetContext
) -> EncodedContent:
    """*written* as an answer to *quote*; only a text can be one."""
    lost = (*written.losses, Loss("quote"))
    said = written.content.get("content")
    if not isinstance(body, Text) or not isinstance(said, str):
        return EncodedContent(written.name, written.content, lost, written.mentions)
    if not there.quoted or not there.quoted[0].id:
        content = written.content | {"content": quoted(quote, said, account.language)}
        return EncodedContent(TEXT, content, lost, written.mentions)
    first = there.quoted[0]
    author = first.sender or delivery.named(quote.message.author)
    of = {
        "referMsgUserId": author,
        "referMsgUid": first.id,
        "objName": TEXT,
        "referMsg": {"content": quote.text or _named(quote.kind, account)},
    }
    return EncodedContent(QUOTE, written.content | of, written.losses, written.mentions)


def more_of(post: Post, written: EncodedContent, there: TargetContext) -> tuple[dict[str, Any], tuple[Loss, ...]]:
    """What the message itself has no field for."""
    if written.name == QUOTE:
        answered = quote_in(written.content, Ref(""), "")
        return left_out(post.body, post.body, post.quote, answered), ()
    if written.name == TEXT:
        return {}, ()
    body, lost = arrived(post.body, there.files)
    return left_out(body, body_of(written.name, written.content, "", "")), lost


def _mentioning(body: Text, delivery: Delivery) -> EncodedContent:
    if not isinstance(delivery.event.conversation, Group):
        return EncodedContent(TEXT, {"content": body.text}, (Loss("mentions"),))
    lost = (Loss("mentions"),) if body.everybody and body.mentions else ()
    named = [delivery.named(user) for user in body.mentions]
    told: Content = {"type": 1} if body.everybody else {"type": 2, "userIdList": named}
    return EncodedContent(TEXT, {"content": body.text, "mentionedInfo": told | {"mentionedContent": ""}}, lost, mentions=True)


def _media(body: Image | Gif | Voice | Video | Document, file: StoredFile, thumbnail: StoredFile | None) -> EncodedContent | None:
    """None where the file does not lie where this kind needs it."""
    lasting, mime = _seconds(file.duration or getattr(body, "duration", 0)), file.mime.lower()
    if isinstance(body, Voice) and mime in _AMR and 0 < len(file.inline) <= LARGEST_VOICE and lasting <= LONGEST_VOICE:
        return EncodedContent("RC:VcMsg", {"content": file.inline, "duration": lasting})
    if not file.url:
        return None
    name = file.name or body.file.name or _last(file.url)
    size = file.size or body.file.size
    match body:
        case Image(width=width, height=height) | Gif(width=width, height=height):
            sides = (file.width or width, file.height or height)
            return _picture(file, thumbnail, name, size, sides, moving=isinstance(body, Gif))
        case Voice() if lasting > LONGEST_VOICE or (mime and mime not in _AAC):
            return EncodedContent("RC:FileMsg", _file(name, size, file.url), (Loss("voice"),))
        case Voice():
            return EncodedContent("RC:HQVCMsg", {"remoteUrl": file.url, "duration": lasting, "name": name})
        case Video():
            content = {"sightUrl": file.url, "content": _thumbnail(thumbnail), "duration": lasting, "size": size}
            return EncodedContent("RC:SightMsg", content | {"name": name})
        case Document():
            return EncodedContent("RC:FileMsg", _file(name, size, file.url))


def _picture(
    file: StoredFile, thumbnail: StoredFile | None, name: str, size: int, sides: tuple[int, int], *, moving: bool = False
) -> EncodedContent:
    """What moves has a kind of its own; which it is, the file says, where it says anything."""
    if file.mime == "image/gif" or (moving and not file.mime.startswith("image/")):
        width, height = sides
        content = {"remoteUrl": file.url, "gifDataSize": size, "width": width, "height": height, "name": name}
        return EncodedContent("RC:GIFMsg", content)
    return EncodedContent("RC:ImgMsg", {"content": _thumbnail(thumbnail), "imageUri": file.url, "name": name})


def _forwarded(body: Forwarded, delivery: Delivery, account: RongcloudAccount, file: StoredFile | None) -> EncodedContent:
    """RongCloud's clients show a page: what another platform has put together they cannot read."""
    if file is None or not file.url or not file.mime.lower().startswith("text/html"):
        return as_text(body, account, _kind(body))
    kind = 1 if isinstance(delivery.event.conversation, Direct) else 3
    content: Content = {"remoteUrl": file.url, "conversationType": kind, "nameList": [], "title": body.title}
    return EncodedContent("RC:CombineMsg", content | {"summaryList": list(body.summary[:4]), "name": file.name})


def as_text(body: Body, account: RongcloudAccount, *losses: Loss) -> EncodedContent:
    return EncodedContent(TEXT, {"content": shown(body, account.language, links=account.file_links)}, losses)


def _kind(body: Body) -> Loss:
    """Of a kind that we do not know, the platform's name of it."""
    return Loss("kind", body.vendor_kind if isinstance(body, Unknown) else str(body.__struct_config__.tag))


def _named(kind: str, account: RongcloudAccount) -> str:
    """What an answer shows of a message without words."""
    files: dict[str, Body] = {
        "image": Image(File()),
        "gif": Gif(File()),
        "voice": Voice(File()),
        "video": Video(File()),
        "file": Document(File()),
        "location": Custom(""),
        "sticker": Sticker(),
        "forwarded": Forwarded(),
        "card": Card(""),
        "link": Link(""),
    }
    return shown(files.get(kind, Custom("")), account.language)


def _there(there: TargetContext, number: int) -> StoredFile | None:
    return there.files[number] if number < len(there.files) else None


def _thumbnail(made: StoredFile | None) -> str:
    """RongCloud has it in the message itself, or not at all."""
    return made.inline if made is not None and len(made.inline) <= LARGEST_THUMBNAIL else ""


def _file(name: str, size: int, url: str) -> Content:
    _, dot, suffix = name.rpartition(".")
    return {"name": name, "size": size, "type": suffix.lower() if dot else "", "fileUrl": url}


def _last(url: str) -> str:
    """A name where nobody gave one: the end of the address."""
    return url.partition("?")[0].rstrip("/").rpartition("/")[2][:128] or "file"


def _seconds(duration: int) -> int:
    return max(1, round(duration / 1000)) if duration else 0


def _dumped(data: object) -> str:
    return "" if data is None else wire.dump_any(data).decode()
