"""What does something to a message that is there: recalls, edits, receipts.

Source: "Yunxin: Recall a message (v1, v2)", "Yunxin: chatroom/recall.action", "Yunxin: Update a message (v2)", "Yunxin: Read
receipts (v1, v2)", "Yunxin: Add and delete a quick comment (v2)", the vendor's server SDKs for Java 1.2 and Go 1.0. An edit is a call of v2 alone, and not of rooms; a message takes edits for seven days, one a second.
"""

from typing import Any
from urllib.parse import quote

from converters.core import wire
from converters.core.bodies import Text
from converters.core.model import Delivery, Loss, TargetContext, TargetMessage
from converters.core.operations import Edit, Reaction
from converters.platform import Encoded, Request
from converters.platforms.yunxin import extension
from converters.platforms.yunxin.account import YunxinAccount
from converters.platforms.yunxin.calls import (
    Recipient,
    call,
    call_v2,
    client_id_of,
    conversation_id,
    listed,
    other_end,
    own_id,
    place,
    speaker,
    whole,
)
from converters.platforms.yunxin.encode_body import TEXT, EncodedBody, content, read_back
from converters.platforms.yunxin.encode_post import LONGEST, content_v2, post
from converters.text.extension_payload import arrived, left_out
from converters.text.fallback_text import edited, shown

_MISSING = (Loss("message-missing"),)
_NOTICE = 128
_LONGEST_EXT = 1024


def recall(delivery: Delivery, account: YunxinAccount, there: TargetContext, notice: str) -> Encoded:
    """One call for each part. Their own time window is not asked for: the other side has let it pass."""
    if not there.message:
        return Encoded((), _MISSING)
    where = place(delivery)
    one = _recall_v2 if account.api == "v2" and where.kind else _recall_v1
    written = []
    for number, sent in enumerate(there.message):
        own = own_id(delivery, number)
        request = one(delivery, where, sent, notice, own)
        # v2 can do without the time of the message.
        written.append(request or (_recall_v2(delivery, where, sent, notice, own) if where.kind else None))
    requests = tuple(request for request in written if request is not None)
    lost = () if len(requests) == len(written) else _MISSING
    if notice and requests and (not where.kind or len(notice) > _NOTICE):  # rooms have none
        lost = (*lost, Loss("notice"))
    return Encoded(requests, lost)


def _recall_v1(delivery: Delivery, where: Recipient, sent: TargetMessage, notice: str, own: str) -> Request | None:
    author = sent.sender or delivery.sender
    if not sent.at or not author:
        return None  # the call names a message by its time as well
    if not where.kind:
        fields = {"roomid": where.to, "msgTimetag": str(sent.at), "msgId": sent.id, "fromAcc": author}
        fields["operatorAcc"] = delivery.sender or author
        return call("chatroom/recall", fields, own, repeatable=True)
    fields = {"deleteMsgid": sent.id, "timetag": str(sent.at), "from": author, "to": other_end(delivery, author)}
    fields["ignoreTime"] = "1"
    if notice:
        fields["msg"] = notice[:_NOTICE]
    if where.kind == 3:
        return call("superteam/recallMsg", fields, own, repeatable=True)
    return call("msg/recall", fields | {"type": "7" if where.kind == 1 else "8"}, own, repeatable=True)


def _recall_v2(delivery: Delivery, where: Recipient, sent: TargetMessage, notice: str, own: str) -> Request | None:
    author = sent.sender or delivery.sender
    if not author or not sent.id.isdecimal():
        return None
    talk = conversation_id(author, Recipient(where.kind, other_end(delivery, author)))
    # The page has `ingore_revoke_time`, the vendor's SDKs spell it rightly.
    query = f"type=2&ingore_revoke_time=1&ignore_revoke_time=1{f'&message_time={sent.at}' if sent.at else ''}"
    if notice:
        query += f"&description={quote(notice[:_NOTICE], safe='')}"
    path = f"/im/v2/conversations/{talk}/messages/{sent.id}?{query}"
    return call_v2("DELETE", path, "v2/recall", None, own, repeatable=True)


def edit(delivery: Delivery, account: YunxinAccount, there: TargetContext, operation: Edit) -> Encoded:
    """In place where it is one message still, and one again; otherwise a new message says what it has become."""
    where, sender = place(delivery), speaker(delivery, account)
    found = content(operation.body, delivery, there)
    if not there.message:
        lost = _MISSING
    elif not where.kind:
        lost = (Loss("edit", "room"),)
    elif isinstance(found, Loss):
        lost = (found,)
    elif len(there.message) > 1 or len(wire.dump_any(found.held).decode()) > LONGEST:
        lost = (Loss("edit", "parts"),)
    elif not there.message[0].at or not there.message[0].id.isdecimal() or not sender:
        lost = _MISSING
    else:
        return _in_place(delivery, account, where, sender, there, found, operation)
    said = Text(edited(shown(operation.body, account.language, links=account.file_links), account.language))
    new = post(delivery, account, there, said, None, operation.ext)
    return Encoded(new.requests, (*lost, *new.losses))


def _in_place(
    delivery: Delivery, account: YunxinAccount, where: Recipient, sender: str, there: TargetContext, found: EncodedBody, operation: Edit
) -> Encoded:
    sent = there.message[0]
    author = sent.sender or sender
    message: dict[str, Any] = {
        "message_server_id": int(sent.id),
        "receiver_id": other_end(delivery, author),
        "time": sent.at,
        "sender_id": author,
        "message_type": found.number,
    }
    message |= content_v2(found)
    body: dict[str, Any] = {"operator": sender, "type": where.kind, "message": message}
    losses = list(found.losses)
    if found.number != TEXT and left_out(arrived(operation.body, there.files)[0], read_back(found)):
        losses.append(Loss("details"))  # a copy of an edit does not say of which kind it is
    parts: list[tuple[str, dict[str, Any]]] = [("", {})]
    if isinstance(operation.body, Text) and (operation.body.mentions or operation.body.everybody):
        names = {delivery.named(user): user for user in operation.body.mentions}
        said = extension.called(names, operation.body.text, everybody=operation.body.everybody)
        parts.append(("mentions", {extension.MENTIONS: said}))
    if operation.ext:
        parts.append(("ext", operation.ext))
    if len(parts) > 1:
        body["extension"], lost = extension.written(parts, _LONGEST_EXT)
        losses += lost
    if not account.echo:
        body["route_config"] = {"route_enabled": False}
    path = "/im/v2/messages/actions/modifyMsg"
    request = call_v2("POST", path, "v2/modifyMsg", body, own_id(delivery), repeatable=True)
    return Encoded((request,), tuple(losses))


def read(delivery: Delivery, account: YunxinAccount, there: TargetContext) -> Encoded:
    """Of superteams and rooms there are no receipts."""
    where, reader = place(delivery), delivery.sender
    if not account.receipts or where.kind not in {1, 2}:
        return Encoded((), (Loss("read"),))
    if not there.message:
        return Encoded((), _MISSING)
    if not reader:
        return Encoded((), (Loss("nobody"),))
    own, sent = own_id(delivery), there.message[-1]
    if where.kind == 2:
        ids = [one.id for one in there.message]
        if account.api == "v2":
            named = [int(one) for one in ids if one.isdecimal()]
            body: dict[str, Any] = {"from_account_id": reader, "team_id": whole(where.to), "message_server_ids": named}
            return _receipt_v2("team_read_receipt", body, own)
        fields = {"accid": reader, "tid": where.to, "msgids": listed(ids)}
        return Encoded((call("msg/markReadTeamMsg", fields, own, repeatable=True),))
    author = sent.sender or where.to
    # v1 names the message by its client's id, which a send of v1 does not tell: it comes with the copy.
    if sent.client_id and account.api == "v1":
        fields = {"from": reader, "to": author, "msgidClient": sent.client_id}
        return Encoded((call("msg/markReadMsg", fields, own, repeatable=True),))
    if not sent.id.isdecimal():
        return Encoded((), _MISSING)
    body = {"from_account_id": reader, "to_account_id": author, "message_server_id": int(sent.id)}
    return _receipt_v2("p2p_read_receipt", body, own)


def react(delivery: Delivery, account: YunxinAccount, there: TargetContext, reaction: Reaction) -> Encoded:
    """A quick comment: a number that the app's clients show as an emoji. It names the message by both of its ids."""
    where, index = place(delivery), account.reactions.get(reaction.emoji) or account.reactions.get(reaction.emoji.rstrip("\ufe0f"))
    if not there.message:
        return Encoded((), _MISSING)
    if not index or not where.kind:
        return Encoded((), (Loss("reaction"),))
    if not delivery.sender:
        return Encoded((), (Loss("nobody"),))
    sent = there.message[0]
    author = sent.sender or delivery.sender
    if not sent.id.isdecimal() or not sent.at:
        return Encoded((), _MISSING)
    named = sent.client_id
    if not named and account.api == "v2" and reaction.message.event:
        named = client_id_of(reaction.message.event, delivery.target)
    if not named:  # a send of v1 does not tell it
        return Encoded((), (Loss("reaction"),))
    message: dict[str, Any] = {
        "conversation_type": where.kind,
        "sender_id": author,
        "receiver_id": other_end(delivery, author),
        "message_server_id": int(sent.id),
        "message_client_id": named,
        "create_time": sent.at,
    }
    body: dict[str, Any] = {"operator_id": delivery.sender, "index": index, "message": message}
    if delivery.silent:
        body["push_config"] = {"push_enabled": False}
    path = "/im/v2/messages/actions/quick_comment"
    method = "PATCH" if reaction.added else "DELETE"
    return Encoded((call_v2(method, path, "v2/quick_comment", body, own_id(delivery), repeatable=True),))


def _receipt_v2(action: str, body: dict[str, Any], own: str) -> Encoded:
    path = f"/im/v2/messages/actions/{action}"
    return Encoded((call_v2("POST", path, f"v2/{action}", body, own, repeatable=True),))
