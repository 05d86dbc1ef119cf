"""Deliveries written as calls of Parley's REST API. Source: "Messages", "Recall"."""

from typing import Any

from converters.core import wire
from converters.core.bodies import Body, Command, Text, Unknown, files_of
from converters.core.model import NOTHING, Delivery, Direct, Group, Loss, Room, TargetContext
from converters.core.operations import Edit, Post, Reaction, Read, Recall, Received, kind_of
from converters.files.media import losses as file_losses
from converters.files.media import sent_as
from converters.platform import Encoded, Request
from converters.text import echo_mark
from converters.text.extension_payload import arrived, left_out
from converters.text.fallback_text import edited, quoted, shown
from converters.text.splitting import split
from tests.example_platform.parley.account import ParleyAccount
from tests.example_platform.parley.content import LONGEST, MARK, MORE, read, write

LARGEST_EXT = 1800
"""Bytes of what lies in `meta` besides the mark, of each of two; all of it may be 4096."""
MISSING = Encoded((), (Loss("message-missing"),))
NOBODY = Encoded((), (Loss("nobody"),))


def encode(delivery: Delivery, account: ParleyAccount, there: TargetContext = NOTHING) -> Encoded:
    """The calls for one delivery; a text that is too long goes in parts."""
    operation = delivery.event.operation
    match operation:
        case Post():
            return _post(operation, delivery, account, there)
        case Recall():
            if not there.message:
                return MISSING
            return Encoded(
                tuple(_call("messages/recall", {"messageId": one.id, "from": one.sender or delivery.sender}) for one in there.message)
            )
        case Edit():
            return _edited(operation, delivery, account)
        case Received() | Reaction() | Read():
            return Encoded((), (Loss("kind", kind_of(operation)),)) if there.message else MISSING
        case _:
            return Encoded((), (Loss("kind", kind_of(operation)),))


def _post(post: Post, delivery: Delivery, account: ParleyAccount, there: TargetContext) -> Encoded:
    if not delivery.sender:
        return NOBODY
    body = sent_as(post.body, there.files)
    if isinstance(body, Command):
        return Encoded((), (Loss("kind", "command"),))
    ext, losses = post.ext, list(file_losses(there.files))
    if len(wire.dump_any(ext)) > LARGEST_EXT:
        ext, losses = {}, [*losses, Loss("ext")]
    moved, lost = arrived(body, there.files, own_thumbnails=True)
    content = write(moved) if _is_there(there, body) else None
    if content is not None and post.quote is None:
        more = left_out(moved, read(content))
        if len(wire.dump_any(more)) > LARGEST_EXT:
            more, losses = {}, [*losses, Loss("details")]
        meta = {**ext, MORE: more} if more else ext
        return Encoded((_message(content, meta, delivery, account),), (*losses, *lost))
    if post.quote is not None:
        losses.append(Loss("quote"))
    if isinstance(body, Text):
        if body.mentions or body.everybody:
            losses.append(Loss("mentions"))
    elif content is not None or write(body) is None:
        losses.append(Loss("kind", _kind(body)))
    else:
        losses.append(Loss("file"))
    text = shown(body, account.language)
    if post.quote is not None:
        text = quoted(post.quote, text, account.language)
    return Encoded(_texts(text, ext, delivery, account) if text else (), tuple(losses) if text else (*losses, Loss("empty")))


def _edited(edit: Edit, delivery: Delivery, account: ParleyAccount) -> Encoded:
    """Parley changes no message: the new words are a new one."""
    if not delivery.sender:
        return NOBODY
    text = edited(shown(edit.body, account.language), account.language)
    return Encoded(_texts(text, {}, delivery, account), (Loss("kind", "edit"),))


def _is_there(there: TargetContext, body: Body) -> bool:
    """Whether the file of *body*, if it has one, lies where Parley's clients can get it."""
    return not files_of(body) or (bool(there.files) and there.files[0] is not None)


def _kind(body: Body) -> str:
    return body.vendor_kind if isinstance(body, Unknown) else str(body.__struct_config__.tag)


def _texts(text: str, ext: dict[str, Any], delivery: Delivery, account: ParleyAccount) -> tuple[Request, ...]:
    parts = split(text, LONGEST, lambda part: len(part.encode(errors="surrogatepass")))
    return tuple(
        _message({"type": "text", "text": part}, ext if not number else {}, delivery, account, number, more=number < len(parts) - 1)
        for number, part in enumerate(parts)
    )


def _message(
    content: dict[str, Any], ext: dict[str, Any], delivery: Delivery, account: ParleyAccount, part: int = 0, *, more: bool = False
) -> Request:
    mark = echo_mark.of(delivery, account, delivery.sender, part=part, more=more)
    body = {"from": delivery.sender, "channel": _channel(delivery), "content": content, "meta": {**ext, MARK: mark}}
    return _call("messages", body)


def _channel(delivery: Delivery) -> dict[str, str]:
    match delivery.event.conversation:
        case Direct():
            return {"type": "user", "id": delivery.receiver}
        case Group():
            return {"type": "group", "id": delivery.receiver}
        case Room():
            return {"type": "room", "id": delivery.receiver}


def _call(api: str, body: dict[str, Any]) -> Request:
    return Request("POST", f"/v1/{api}", {"Content-Type": "application/json"}, wire.dump_any(body), api)
