"""What is done to a message that is there. Source: "Easemob: Recall messages", "Easemob: Edit messages", "Easemob: Reactions"."""

from typing import Any

from converters.core.bodies import Body, Custom, Text
from converters.core.model import Conversation, Delivery, Direct, Group, Loss, Room, TargetContext, TargetMessage
from converters.core.operations import Edit, Reaction, Recall
from converters.platform import Encoded, Request
from converters.platforms.easemob.account import EasemobAccount
from converters.platforms.easemob.bodies import body_of
from converters.platforms.easemob.encode_bodies import written
from converters.platforms.easemob.encode_posts import LONGEST, mentions_lost, mentions_of, parts_of, size_of, texts
from converters.platforms.easemob.ids import USER_IDS
from converters.platforms.easemob.requests import ADMIN, call, escaped
from converters.text.extension_payload import left_out
from converters.text.fallback_text import edited, shown

_LONGEST_EMOJI = 128
_LONGEST_NOTICE = 1000
_MISSING = Encoded((), (Loss("message-missing"),))


def recall(taken: Recall, delivery: Delivery, account: EasemobAccount, there: TargetContext) -> Encoded:
    if not there.message:
        return _MISSING
    lost = (Loss("notice"),) if len(taken.notice) > _LONGEST_NOTICE else ()
    return Encoded(tuple(_recalled(message, taken.notice, delivery, account) for message in there.message), lost)


def _recalled(message: TargetMessage, notice: str, delivery: Delivery, account: EasemobAccount) -> Request:
    sender = delivery.sender or message.sender
    body: dict[str, Any] = {
        "msg_id": message.id,
        "to": _to(sender, delivery),
        "from": sender or account.operator or ADMIN,
        "chat_type": _chat_type(delivery.event.conversation),
        "force": True,  # however old it is: there it has been recalled already
    }
    if notice:
        body["recallMessageExtensionInfo"] = notice[:_LONGEST_NOTICE]
    return call(account, "POST", "messages/msg_recall", "messages/msg_recall", body)


def _to(sender: str, delivery: Delivery) -> str:
    """The message's receiver; where nobody says who recalls, the delivery's may be its author."""
    conversation = delivery.event.conversation
    if delivery.sender or not isinstance(conversation, Direct) or sender != delivery.receiver:
        return delivery.receiver
    ends = (str(USER_IDS.write(user).native) for user in conversation.users)
    return next((end for end in ends if end != sender), delivery.receiver)


def _chat_type(conversation: Conversation) -> str:
    match conversation:
        case Direct():
            return "chat"
        case Group():
            return "groupchat"
        case Room():
            return "chatroom"


def edit(changed: Edit, delivery: Delivery, account: EasemobAccount, there: TargetContext) -> Encoded:
    """In place where it can be, part for part; otherwise a new message that says so."""
    body, messages, ext = changed.body, there.message, changed.ext
    ours = mentions_of(body, delivery) if isinstance(body, Text) else {}
    contents = _contents(body, delivery, account) if messages and account.edits else []
    if contents and len(contents) <= len(messages):
        losses = () if size_of(contents[0]) + size_of(ours) + size_of(ext) <= LONGEST or not ext else (Loss("ext"),)
        beside = ours if losses else {**ext, **ours}
        if isinstance(body, Custom) and left_out(body, body_of({"bodies": contents})):
            losses = (*losses, Loss("details"))
        if isinstance(body, Text):
            losses = (*losses, *mentions_lost(body, delivery))
        return Encoded(_rewritten(contents, beside, delivery, account, messages), losses)
    loss = Loss("edit") if messages else Loss("message-missing")
    said = edited(shown(body, account.language, links=account.file_links), account.language)
    return texts(said, ours, ext, delivery, account, (loss,))


def _contents(body: Body, delivery: Delivery, account: EasemobAccount) -> list[dict[str, Any]]:
    """Its parts; none where a message cannot be made into *body*."""
    match body:
        case Text(text=text) if text:
            return [{"type": "txt", "msg": part} for part in parts_of(text)]
        case Custom():
            kind, content, _ = written(body, delivery, account, ())
            return [{"type": kind, **content}] if size_of(content) <= LONGEST else []
        case _:
            return []


def _rewritten(
    contents: list[dict[str, Any]], ext: dict[str, Any], delivery: Delivery, account: EasemobAccount, messages: tuple[TargetMessage, ...]
) -> tuple[Request, ...]:
    """A part for which nothing is left is taken back."""
    requests: list[Request] = []
    for number, message in enumerate(messages[: len(contents)]):
        body: dict[str, Any] = {"new_msg": contents[number]}
        if message.sender in ("", delivery.sender) and delivery.sender:
            body["user"] = delivery.sender
        if ext and not number:
            body["new_ext"] = ext  # joined to the ext that is there, our mark in it
        requests.append(call(account, "PUT", f"messages/rewrite/{escaped(message.id)}", "messages/rewrite", body))
    requests += [_recalled(message, "", delivery, account) for message in messages[len(contents) :]]
    return tuple(requests)


def react(reaction: Reaction, delivery: Delivery, account: EasemobAccount, there: TargetContext) -> Encoded:
    user = delivery.sender or account.operator
    if not there.message:
        return _MISSING
    if not user:
        return Encoded((), (Loss("nobody"),))
    if not 0 < len(reaction.emoji) <= _LONGEST_EMOJI:
        return Encoded((), (Loss("reaction"),))
    message, path = there.message[0].id, f"reaction/user/{escaped(user)}"
    if reaction.added:
        body = {"msgId": message, "message": reaction.emoji}
        return Encoded((call(account, "POST", path, "reaction/add", body),))
    query = f"msgId={escaped(message)}&message={escaped(reaction.emoji)}"
    return Encoded((call(account, "DELETE", f"{path}?{query}", "reaction/remove"),))
