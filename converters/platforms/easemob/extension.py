"""The `ext` of a message: who is called, what is answered, and what is the customer's own. Source: "Easemob: UIKit"."""

from typing import Any

from msgspec import structs

from converters import mending
from converters.core import wire
from converters.core.bodies import Body, Text
from converters.core.model import Loss
from converters.core.operations import Quote
from converters.platforms.easemob.ids import plain
from converters.platforms.easemob.scene import EventContext
from converters.platforms.easemob.values import possible, table, text, users
from converters.text.extension_payload import key_of, put_back, quote_back

MENTIONS, QUOTE = "em_at_list", "msgQuote"
EVERYBODY = "ALL"
KINDS = {
    "txt": "text",
    "img": "image",
    "audio": "voice",
    "video": "video",
    "file": "file",
    "loc": "location",
    "custom": "custom",
    "cmd": "command",
    "combine": "forwarded",
}
"""`msgType` of a quoted message, and the tag of its body."""


def understood(
    ext: dict[str, Any], mark: str, body: Body, scene: EventContext
) -> tuple[Body, Quote | None, dict[str, Any], tuple[Loss, ...]]:
    """*body* with the mentions, what it answers, the rest of *ext*, and what of it is lost."""
    more = key_of(mark)
    rest = {key: value for key, value in ext.items() if key not in (mark, more, MENTIONS, QUOTE)}
    losses: list[Loss] = []
    if MENTIONS in ext:
        everybody, called, all_known = _mentions(ext[MENTIONS])
        if not all_known or not isinstance(body, Text):
            losses.append(Loss("mentions"))
        if isinstance(body, Text) and (everybody or called):
            body = structs.replace(body, mentions=called, everybody=everybody)
    quote, lost = _quote(ext[QUOTE], scene) if QUOTE in ext else (None, ())
    losses += lost
    if QUOTE in ext and quote is None:
        losses.append(Loss("quote"))
    if more in ext:
        body, quote = put_back(body, ext[more]), quote_back(quote, ext[more])
    return body, quote, rest, tuple(losses)


def _mentions(value: object) -> tuple[bool, tuple[str, ...], bool]:
    """Whether everybody is called, who is, and whether that is all that *value* says."""
    named = users(value)
    everybody = EVERYBODY.lower() in named
    called = tuple(user for user in named if possible(user) and user != EVERYBODY.lower())
    return everybody, called, len(called) + everybody == len(named)


def _quote(value: object, scene: EventContext) -> tuple[Quote | None, mending.Losses]:
    lost: mending.Losses = ()
    if isinstance(value, str):
        try:
            value, lost = mending.load_any(value)
        except wire.Malformed:
            return None, ()
    said = table(value)
    message, author = text(said.get("msgID")), plain(text(said.get("msgSender")))
    if not message:
        return None, lost
    kind = text(said.get("msgType"))
    answered = Quote(
        # What is no id is the name under which the client shows the author.
        scene.ref(message, author if possible(author) else ""),
        text(said.get("msgPreview")),
        KINDS.get(kind, kind if kind in KINDS.values() else "unknown") if kind else "text",
    )
    return answered, lost
