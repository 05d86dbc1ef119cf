"""What is done to messages, between friends, and who comes and goes. Source: "Easemob: Callback events"."""

from collections.abc import Callable

from converters.core import wire
from converters.core.lenient import word
from converters.core.model import Direct
from converters.core.operations import BlockChanged, Edit, FriendChanged, Operation, Presence, Reaction, Read, Recall
from converters.platform import Decoded, Ignored
from converters.platforms.easemob import extension
from converters.platforms.easemob.account import EasemobAccount
from converters.platforms.easemob.bodies import body_of, has_bodies, is_editable
from converters.platforms.easemob.envelope import OWN_COPIES, Envelope, What, is_signed
from converters.platforms.easemob.ids import plain
from converters.platforms.easemob.reactions import MOST, changes
from converters.platforms.easemob.scene import EventContext, digest, id_of, person
from converters.platforms.easemob.values import number, possible, table, text


def edit(envelope: Envelope, scene: EventContext, account: EasemobAccount) -> Decoded:
    payload = table(envelope.payload)
    message = text(payload.get("edit_message_id"))
    if not message:
        raise wire.Malformed("edit without edit_message_id")
    body = body_of(payload)
    # All bodies come along, but of files, places and merged messages nothing can be changed except the extension.
    if payload.get("bodies") and not has_bodies(payload):
        raise wire.Malformed("edit whose bodies are no list of objects")
    if not payload.get("bodies") or not is_editable(payload):
        return Ignored("edit-of-ext")
    meta = table(table(payload.get("meta")).get("edit_msg"))
    author = plain(text(meta.get("sender")) or text(payload.get("from")) or word(envelope.sender))
    # What the app's own server changes is still its author's message.
    editor = person(plain(text(meta.get("operator")))) or author
    ext = table(payload.get("ext"))
    body, _, ext, losses = extension.understood(ext, account.mark, body, scene)
    number_of_it = int(number(meta.get("count")) or number(meta.get("edit_time")) or scene.at)
    ref = scene.ref(message, author if possible(author) else "", int(number(meta.get("send_time"))))
    return scene.said(Edit(ref, body, ext), editor, id_of(envelope), f"edit-{number_of_it}", losses)


def reactions(envelope: Envelope, scene: EventContext) -> tuple[Decoded, ...]:
    """One for each change. Raises Malformed where there are more than any callback has."""
    found, proven = changes(envelope), is_signed(envelope)
    if len(found) > MOST:
        raise wire.Malformed(f"more than {MOST} reactions in one callback")
    return tuple(
        scene.said(
            Reaction(scene.ref(one.message, one.author if possible(one.author) else ""), one.emoji, added=one.added),
            one.who,
            id_of(envelope),
            f"reaction-{digest(one.message, one.emoji, 'create' if one.added else 'delete', one.who)}",
            proven=proven,
        )
        for one in found
    ) or (Ignored("reactions-unchanged"),)


def presence(envelope: Envelope, scene: EventContext) -> Decoded:
    status = word(envelope.status)
    if status not in {"online", "offline"}:
        return Ignored("event:other")
    user = word(envelope.user)
    return scene.said(Presence(status == "online", user.partition("/")[2]), plain(user), id_of(envelope))


def _recall(envelope: Envelope, scene: EventContext) -> Decoded:
    message = word(envelope.recall_id) or text(table(envelope.payload).get("ack_message_id"))
    if not message:
        raise wire.Malformed("recall without recall_id")
    sender = plain(word(envelope.sender))
    if not isinstance(scene.conversation, Direct):
        sender = person(sender)
    return scene.said(Recall(scene.ref(message)), sender, id_of(envelope))


def _read(envelope: Envelope, scene: EventContext) -> Decoded:
    message = text(table(envelope.payload).get("ack_message_id"))
    reader = plain(word(envelope.sender))
    whole = word(envelope.chat_type) == "channel_ack"
    if not reader or not (message or whole):
        raise wire.Malformed("receipt without from or ack_message_id")
    author = plain(word(envelope.to)) if isinstance(scene.conversation, Direct) and not whole else ""
    ref = scene.ref(message, author) if message else None
    return scene.said(Read(ref, scene.at if whole else 0), reader, id_of(envelope))


def friends(envelope: Envelope, scene: EventContext, account: EasemobAccount) -> Decoded:
    """The acceptor's own devices are told as well, under the same id: as far as that names both, it is the same event."""
    payload = table(envelope.payload)
    status = table(payload.get("status"))
    if status and text(status.get("error_code")) not in {"", "ok"}:
        return Ignored("friend-failed")
    sender, user = plain(word(envelope.sender)), plain(word(envelope.to))
    name = text(payload.get("operation"))
    if sender == user:
        return Ignored("friend-own-copy")
    if name in OWN_COPIES and account.accepted_by == "to":
        sender, user = user, sender
    operation = _friend(name, user, text(payload.get("reason")))
    if operation is None:
        return Ignored("friend-other")
    return scene.said(operation, sender, id_of(envelope))


def _friend(operation: str, user: str, reason: str) -> Operation | None:
    match operation:
        case "add":
            return FriendChanged(user, "requested", reason)
        case "accept" | "remote_accept":
            return FriendChanged(user, "added")
        case "decline" | "remote_decline":
            return FriendChanged(user, "refused", reason)
        case "remove":
            return FriendChanged(user, "removed")
        case "ban" | "allow":
            return BlockChanged(user, operation == "ban")
        case _:
            return None


READERS: dict[What, Callable[[Envelope, EventContext], Decoded]] = {"presence": presence, "recall": _recall, "read": _read}
