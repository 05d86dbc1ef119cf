"""Deliveries written as calls of RongCloud's Server API. Source: "RongCloud: Server API"."""

from msgspec import structs

from converters.core import urlencoded, wire
from converters.core.bodies import Body, Custom, Text
from converters.core.model import NOTHING, Delivery, Direct, Group, Loss, Room, TargetContext, TargetMessage
from converters.core.operations import (
    AdminsChanged,
    BlockChanged,
    Edit,
    FriendChanged,
    GroupChanged,
    GroupCreated,
    GroupDismissed,
    MembersAdded,
    MembersRemoved,
    Muted,
    OwnerChanged,
    Post,
    Presence,
    Reaction,
    Read,
    Recall,
    Received,
    Typing,
)
from converters.platform import Encoded, Request
from converters.platforms.rongcloud.account import RongcloudAccount
from converters.platforms.rongcloud.content import Content
from converters.platforms.rongcloud.contents import EncodedContent, answering, as_text, more_of, write
from converters.platforms.rongcloud.groups import group_life
from converters.platforms.rongcloud.ids import ULTRA, of_ultra
from converters.platforms.rongcloud.messages import EXTRA
from converters.platforms.rongcloud.receipts import friend, read_receipt, typing
from converters.platforms.rongcloud.sending import LARGEST, call, content_of, custom_of, message
from converters.text.extension_payload import key_of
from converters.text.fallback_text import edited, shown
from converters.text.splitting import split

_LONGEST_TEXT = 60_000
_LARGEST_EXT = 30_000  # bytes as they are sent, which is thrice what JSON's signs and Chinese have

MISSING = Encoded((), (Loss("message-missing"),))
NOBODY = Encoded((), (Loss("nobody"),))


def encode(delivery: Delivery, account: RongcloudAccount, there: TargetContext = NOTHING) -> Encoded:
    """The calls for one delivery; a text that is too long goes in parts."""
    operation = delivery.event.operation
    match operation:
        case Post():
            return _post(operation, delivery, account, there)
        case Recall():
            return _recall(operation, delivery, account, there) if there.message else MISSING
        case Edit():
            return _edit(operation, delivery, account, there)
        case Read():
            return read_receipt(operation, delivery, account, there)
        case Received():
            return Encoded((), (Loss("received"),)) if there.message else MISSING
        case Reaction():
            return Encoded((), (Loss("reaction"),)) if there.message else MISSING
        case Typing():
            return typing(operation, delivery, account)
        case FriendChanged():
            return friend(operation, delivery, account)
        case BlockChanged(user=user, blocked=blocked):
            api = "user/blacklist/add" if blocked else "user/blacklist/remove"
            if not delivery.sender:
                return NOBODY
            return Encoded((call(api, {"userId": delivery.sender, "blackUserId": delivery.named(user)}),))
        case Presence():
            return Encoded((), (Loss("presence"),))
        case (
            GroupCreated()
            | GroupDismissed()
            | GroupChanged()
            | MembersAdded()
            | MembersRemoved()
            | OwnerChanged()
            | AdminsChanged()
            | Muted()
        ):
            return group_life(operation, delivery, account)


def _post(post: Post, delivery: Delivery, account: RongcloudAccount, there: TargetContext) -> Encoded:
    if not delivery.sender and not account.operator:
        return NOBODY
    body, ext = post.body, post.ext
    losses: tuple[Loss, ...] = ()
    written = write(body, delivery, account, there)
    if post.quote is not None:
        written = answering(written, body, post.quote, delivery, account, there)
    more, lost = more_of(post, written, there)
    written = structs.replace(written, losses=(*written.losses, *lost)) if lost else written
    if ext and len(urlencoded.write({"": wire.dump_any(wire.dump_any(ext).decode()).decode()})) > _LARGEST_EXT:
        ext, losses = {}, (Loss("ext"),)
    return _messages(written, body, ext, losses, delivery, account, more)


def _messages(
    written: EncodedContent,
    body: Body,
    ext: dict[str, object],
    losses: tuple[Loss, ...],
    delivery: Delivery,
    account: RongcloudAccount,
    more: Content | None = None,
) -> Encoded:
    """One message, or a text in as many as it takes."""
    losses = (*written.losses, *losses)
    said = written.content.get("content")
    if written.name == "RC:TxtMsg" and isinstance(said, str):
        if not said:
            return Encoded((), losses or (Loss("empty"),))
        parts = _parts(said)
        if len(parts) > 1:
            return Encoded(_in_parts(parts, written, ext, delivery, account), losses)
    if isinstance(body, Custom) and not written.name.startswith("RC:"):
        content = custom_of(delivery, account, written.content, ext, more or {})
        if ext and EXTRA in written.content:
            losses = (*losses, Loss("ext"))
    else:
        beside = {**ext, key_of(account.mark): more} if more else ext
        content = content_of(delivery, account, written.content, beside, delivery.receiver)
    request = message(delivery, account, written.name, content, mentions=written.mentions)
    if len(request.body) <= LARGEST:
        return Encoded((request,), losses)
    if more:
        return _messages(written, body, ext, (Loss("details"),), delivery, account)
    if ext:
        return _messages(written, body, {}, (Loss("ext"),), delivery, account)
    small = Text(shown(body, account.language, links=account.file_links)[:4000])
    return _messages(as_text(small, account, Loss("size")), small, {}, losses, delivery, account)


def _parts(text: str) -> list[str]:
    if len(text) * 12 <= _LONGEST_TEXT:  # a form writes no character of JSON as more than twelve
        return [text]
    return split(text, _LONGEST_TEXT, lambda part: len(urlencoded.write({"": wire.dump_any(part).decode()})))


def _in_parts(
    parts: list[str], written: EncodedContent, ext: dict[str, object], delivery: Delivery, account: RongcloudAccount
) -> tuple[Request, ...]:
    """All but the words lies on the first."""
    requests = []
    for number, part in enumerate(parts):
        content = {**(written.content if number == 0 else {}), "content": part}
        sent = content_of(delivery, account, content, {} if number else ext, delivery.receiver, more=number < len(parts) - 1, part=number)
        mentions = written.mentions and number == 0
        requests.append(message(delivery, account, written.name, sent, number, mentions=mentions))
    return tuple(requests)


def _recall(taken: Recall, delivery: Delivery, account: RongcloudAccount, there: TargetContext) -> Encoded:
    requests = tuple(_recalled(sent, delivery, account) for sent in there.message if sent.id)
    # RongCloud's clients have their own words for it.
    return Encoded(requests, (Loss("notice"),) if taken.notice else ()) if requests else MISSING


def _recalled(sent: TargetMessage, delivery: Delivery, account: RongcloudAccount) -> Request:
    """In its author's name, whoever took it back."""
    author = sent.sender or delivery.sender or account.operator
    fields = {"fromUserId": author, "messageUID": sent.id, "isDelete": "0"}
    fields["isAdmin"] = "1" if delivery.sender and author != delivery.sender else "0"
    if sent.at:
        fields["sentTime"] = str(sent.at)
    match delivery.event.conversation:
        case Direct():
            fields |= {"conversationType": "1", "targetId": _other(author, delivery)}
        case Group() if delivery.receiver.startswith(ULTRA):
            group, channel = of_ultra(delivery.receiver)
            fields |= {"conversationType": "10", "targetId": group}
            if channel:
                fields["busChannel"] = channel
        case Group():
            fields |= {"conversationType": "3", "targetId": delivery.receiver}
        case Room():
            fields |= {"conversationType": "4", "targetId": delivery.receiver}
    return call("message/recall", fields)


def _other(author: str, delivery: Delivery) -> str:
    """Whom a talk of two is with, as *author* sees it."""
    if author != delivery.receiver:
        return delivery.receiver
    conversation = delivery.event.conversation
    assert isinstance(conversation, Direct)
    one, other = conversation.users
    return delivery.sender or delivery.named(one if delivery.named(other) == author else other)


def _edit(edit: Edit, delivery: Delivery, account: RongcloudAccount, there: TargetContext) -> Encoded:
    sent = [one for one in there.message if one.id]
    if not delivery.sender and not account.operator and not sent:
        return NOBODY
    written = write(edit.body, delivery, account, there)
    said = written.content.get("content")
    parts = _parts(said) if written.name == "RC:TxtMsg" and isinstance(said, str) else [""]
    if len(sent) != 1 or len(parts) != 1 or isinstance(delivery.event.conversation, Room):
        return _said_anew(edit, delivery, account, Loss("edit") if sent else Loss("message-missing"))
    author = sent[0].sender or delivery.sender or account.operator
    # The mark fits what is called back: the message's author, and not who changed it.
    content = content_of(delivery, account, written.content, edit.ext, delivery.receiver, sender=author)
    fields = {"fromUserId": author, "msgUID": sent[0].id, "objectName": written.name, "content": content}
    receiver = delivery.receiver
    match delivery.event.conversation:
        case Direct():
            api, fields = "message/private/modify", fields | {"targetId": _other(author, delivery)}
        case Group() if receiver.startswith(ULTRA):
            group, channel = of_ultra(receiver)
            api, fields = "ultragroup/msg/modify", fields | {"groupId": group}
            if channel:
                fields["busChannel"] = channel
        case _:
            api, fields = "message/group/modify", fields | {"groupId": receiver}
    request = call(api, fields)
    if len(request.body) > LARGEST:
        return _said_anew(edit, delivery, account, Loss("edit"))
    details = (Loss("details"),) if more_of(Post(edit.body), written, there)[0] else ()
    return Encoded((request,), (*written.losses, *details))


def _said_anew(edit: Edit, delivery: Delivery, account: RongcloudAccount, loss: Loss) -> Encoded:
    if not delivery.sender and not account.operator:
        return NOBODY
    text = Text(edited(shown(edit.body, account.language, links=account.file_links), account.language))
    return _messages(as_text(text, account, loss), text, edit.ext, (), delivery, account)
