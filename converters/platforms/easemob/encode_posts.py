"""Messages. Source: "Easemob: Send messages", "Easemob: UIKit" for mentions and answers."""

from typing import Any, Protocol

from converters.core import wire
from converters.core.bodies import Gif, Image, Text
from converters.core.model import Delivery, Loss, Room, TargetContext
from converters.core.operations import Post, Quote, Typing
from converters.platform import Encoded, Request
from converters.platforms.easemob.account import EasemobAccount
from converters.platforms.easemob.bodies import body_of
from converters.platforms.easemob.encode_bodies import written
from converters.platforms.easemob.extension import EVERYBODY, KINDS, MENTIONS, QUOTE
from converters.platforms.easemob.requests import send
from converters.text.extension_payload import arrived, key_of, left_out
from converters.text.fallback_text import SHORT, quoted, shown
from converters.text.splitting import split

# Body and ext may have 5 KB in all; what is counted is not said. The rest of the request stays under 700 bytes.
LONGEST = 4300
_LONGEST_EXT = 2000
_LONGEST_MENTIONS = 1000

_TYPES = {tag: kind for kind, tag in KINDS.items()}


class Form(Protocol):
    """One message as a call: `send`, or as the history has it."""

    def __call__(
        self,
        delivery: Delivery,
        account: EasemobAccount,
        kind: str,
        body: dict[str, Any],
        ext: dict[str, Any],
        *,
        more: bool = False,
        part: int = 0,
    ) -> Request: ...


def post(said: Post, delivery: Delivery, account: EasemobAccount, there: TargetContext, form: Form = send) -> Encoded:
    """One message, or a text in several."""
    body = said.body
    ours: dict[str, Any] = {}
    losses: tuple[Loss, ...] = ()
    kind: str
    content: dict[str, Any]
    if isinstance(body, Text):
        kind, content = "txt", {"msg": body.text}
        if body.mentions or body.everybody:
            ours, losses = _mentions(body, delivery)
    else:
        kind, content, losses = written(body, delivery, account, there.files)
    answer: dict[str, Any] = {}
    if said.quote is not None:
        content, answer, lost = _answered(said.quote, kind, content, delivery, account, there)
        ours, losses = {**ours, **answer}, (*losses, *lost)
    if kind != "txt" or answer:
        more, lost = _more(said, kind, content, there, answer)
        losses = (*losses, *lost)
        if more and size_of(more) + size_of(content) + size_of(ours) + size_of(said.ext) <= LONGEST:
            ours = {**ours, key_of(account.mark): more}
        elif more:
            losses = (*losses, Loss("details"))
    if kind == "txt":
        return texts(content["msg"], ours, said.ext, delivery, account, losses, form)
    room = LONGEST - size_of(content) - size_of(ours)
    if room < 0 and kind == "cmd":
        return Encoded((), (*losses, Loss("size")))
    if room < 0:
        return texts(
            shown(body, account.language, links=account.file_links), ours, said.ext, delivery, account, (*losses, Loss("size")), form
        )
    ext = said.ext
    if ext and size_of(ext) > room:
        ext, losses = {}, (*losses, Loss("ext"))
    return Encoded((form(delivery, account, kind, content, {**ext, **ours}),), losses)


def _more(
    said: Post, kind: str, content: dict[str, Any], there: TargetContext, answer: dict[str, Any]
) -> tuple[dict[str, Any], tuple[Loss, ...]]:
    """What the message itself has no field for."""
    quote = said.quote if answer else None
    answered = None
    if quote is not None:
        held = answer[QUOTE]
        answered = Quote(quote.message, held["msgPreview"], KINDS[held["msgType"]])
    if kind == "txt":
        return left_out(said.body, said.body, quote, answered), ()
    body, lost = arrived(said.body, there.files, own_thumbnails=isinstance(said.body, Image | Gif))
    return left_out(body, body_of({"bodies": [{"type": kind, **content}]}), quote, answered), lost


def texts(
    said: str,
    ours: dict[str, Any],
    ext: dict[str, Any],
    delivery: Delivery,
    account: EasemobAccount,
    losses: tuple[Loss, ...] = (),
    form: Form = send,
) -> Encoded:
    """*said* as one message or several; *ours* and *ext*, which together are the first one's extension, are shortened first."""
    if not said:
        return Encoded((), (*losses, Loss("empty")))
    room = LONGEST
    if ours or ext:
        taken, own = size_of(ext), size_of(ours)
        if ext and (taken > _LONGEST_EXT or size_of(said) <= LONGEST - own < size_of(said) + taken):
            ext, taken, losses = {}, 0, (*losses, Loss("ext"))
        room -= taken + own
    parts = parts_of(said, room)
    requests: list[Request] = []
    for number, part in enumerate(parts):
        beside = {**ext, **ours} if not number and (ext or ours) else {}
        requests.append(form(delivery, account, "txt", {"msg": part}, beside, more=number < len(parts) - 1, part=number))
    return Encoded(tuple(requests), losses)


def parts_of(text: str, room: int = LONGEST) -> list[str]:
    if len(text) * 6 <= room:  # JSON writes no character as more than six bytes
        return [text]
    return split(text, room, size_of)


def mentions_of(body: Text, delivery: Delivery) -> dict[str, Any]:
    return _mentions(body, delivery)[0] if body.mentions or body.everybody else {}


def mentions_lost(body: Text, delivery: Delivery) -> tuple[Loss, ...]:
    return _mentions(body, delivery)[1] if body.mentions else ()


def typing(changed: Typing, delivery: Delivery, account: EasemobAccount) -> Encoded:
    if not account.typing or isinstance(delivery.event.conversation, Room):
        return Encoded((), (Loss("typing"),))
    if not delivery.sender:
        return Encoded((), (Loss("nobody"),))
    action = "TypingBegin" if changed.active else "TypingEnd"
    return Encoded((send(delivery, account, "cmd", {"action": action}, {}, online_only=True),))


def _mentions(body: Text, delivery: Delivery) -> tuple[dict[str, Any], tuple[Loss, ...]]:
    """Of very many those of the first that fit."""
    if body.everybody:
        return {MENTIONS: EVERYBODY}, (Loss("mentions"),) if body.mentions else ()
    called: list[str] = []
    size = 0
    for user in body.mentions:
        named = delivery.named(user)
        size += len(named.encode()) + 3
        if size > _LONGEST_MENTIONS:
            return {MENTIONS: called}, (Loss("mentions"),)
        called.append(named)
    return {MENTIONS: called}, ()


def _answered(
    quote: Quote, kind: str, content: dict[str, Any], delivery: Delivery, account: EasemobAccount, there: TargetContext
) -> tuple[dict[str, Any], dict[str, Any], tuple[Loss, ...]]:
    """What a message that answers another has in its body, in its extension, and what is lost."""
    if kind == "cmd":
        return content, {}, (Loss("quote"),)
    if not there.quoted:
        if kind == "txt":
            content = {"msg": quoted(quote, content["msg"], account.language)}
        return content, {}, (Loss("quote"),)
    message = there.quoted[0]
    answer = {
        "msgID": message.id,
        "msgPreview": quote.text[:SHORT],
        "msgSender": message.sender or delivery.named(quote.message.author),
        "msgType": _TYPES.get(quote.kind, "txt"),
    }
    return content, {QUOTE: answer}, ()


def size_of(value: object) -> int:
    return len(wire.dump_any(value)) if value else 0
