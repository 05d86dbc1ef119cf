"""Messages written as calls. Source: "Yunxin: Send a message (v1, v2)", "Yunxin: chatroom/sendMsg.action"."""

from typing import Any

from converters.core import wire
from converters.core.bodies import Body, Text
from converters.core.model import Delivery, Loss, TargetContext, TargetMessage
from converters.core.operations import Quote
from converters.platform import Encoded, Request
from converters.platforms.yunxin import extension
from converters.platforms.yunxin.account import YunxinAccount
from converters.platforms.yunxin.calls import Recipient, call, call_v2, conversation_id, listed, other_end, own_id, place, speaker, uuid
from converters.platforms.yunxin.emoticons import EMOTICONS
from converters.platforms.yunxin.encode_body import PICTURE, TEXT, TIP, VIDEO, EncodedBody, content, read_back
from converters.text import echo_mark
from converters.text.extension_payload import arrived, key_of, left_out
from converters.text.fallback_text import quoted, shown
from converters.text.splitting import split

# `body` takes 5,000 characters of JSON, `text` of v2 as many, a room's `attach` 4,096, of plain text where it is a text.
LONGEST = 4980
_LONGEST_IN_ROOM = 4096
_LONGEST_EXT, _LONGEST_EXT_IN_ROOM = 1024, 4096
_CALLED = 100
"""Of so many by name, the receivers' phones tell."""
_SHOWN = 500
_SCENES = {1: "p2p", 2: "team", 3: "superTeam"}


def post(delivery: Delivery, account: YunxinAccount, there: TargetContext, body: Body, quote: Quote | None, ext: dict[str, Any]) -> Encoded:
    """One message, or as many as a long text needs; only the first holds more than our mark in `ext`."""
    where, sender = place(delivery), speaker(delivery, account)
    if not sender:
        return Encoded((), (Loss("nobody"),))
    losses: list[Loss] = []
    said, held = "", None
    if isinstance(body, Text):
        said = body.text
    else:
        found = content(body, delivery, there)
        if isinstance(found, EncodedBody) and (len(_body(found)) <= (LONGEST if where.kind else _LONGEST_IN_ROOM)):
            held = found
            losses += found.losses
        else:
            losses.append(found if isinstance(found, Loss) else Loss("size", str(body.__struct_config__.tag)))
            said = shown(body, account.language, links=account.file_links)
    answered = there.quoted[0] if quote is not None and there.quoted and where.kind else None
    if quote is not None and answered is None:
        losses.append(Loss("quote"))
        said = quoted(quote, said, account.language) if held is None else said
    if held is None and not said:
        return Encoded((), (*losses, Loss("empty")))
    texts = _parts(said, where) if held is None else [""]
    last = len(texts) - 1
    if held is None and not (ext or quote or (isinstance(body, Text) and (body.mentions or body.everybody))):
        first = _mark(delivery, account, sender, more=bool(last))
    else:
        more, lost = _more(body, held, there, quote if answered is not None else None)
        losses += lost
        first, lost = _ext(delivery, account, where, sender, body, answered, ext, more, parts=bool(last))
        losses += lost
    send = _v2 if account.api == "v2" and where.kind else _v1
    requests = []
    for number, part in enumerate(texts):
        message = held or EncodedBody(TEXT, {"msg": part})
        own, alone = own_id(delivery, number), number == 0
        written = first if alone else _mark(delivery, account, sender, more=number < last, part=number)
        requests.append(
            send(
                account, where, sender, message, own, written, answered, _push(delivery, body, where) if alone or delivery.silent else None
            )
        )
    if isinstance(body, Text) and where.kind > 1 and len(body.mentions) > _CALLED:
        losses.append(Loss("mentions"))
    return Encoded(tuple(requests), tuple(losses))


def _parts(text: str, where: Recipient) -> list[str]:
    if len(text) * 6 <= _LONGEST_IN_ROOM:  # JSON writes no character as more than six
        return [text]
    if not where.kind:
        return split(text, _LONGEST_IN_ROOM, len)
    return split(text, LONGEST, lambda part: len(wire.dump_any(part).decode()))


def _mark(delivery: Delivery, account: YunxinAccount, sender: str, *, more: bool, part: int = 0) -> str:
    ours = echo_mark.of(delivery, account, sender, more=more, part=part)
    return wire.dump_any({account.mark: ours}).decode()


def _more(body: Body, held: EncodedBody | None, there: TargetContext, quote: Quote | None) -> tuple[dict[str, Any], tuple[Loss, ...]]:
    """What the message itself has no field for."""
    answered = Quote(quote.message) if quote is not None else None
    if held is None:
        return left_out(body, body, quote, answered), ()
    whole, lost = arrived(body, there.files, own_thumbnails=True)
    return left_out(whole, read_back(held), quote, answered), lost


def _ext(
    delivery: Delivery,
    account: YunxinAccount,
    where: Recipient,
    sender: str,
    body: Body,
    answered: TargetMessage | None,
    ext: dict[str, Any],
    more: dict[str, Any],
    *,
    parts: bool,
) -> tuple[str, tuple[Loss, ...]]:
    ours = echo_mark.of(delivery, account, sender, more=parts)
    held: list[tuple[str, dict[str, Any]]] = [("mark", {account.mark: ours})]
    if answered is not None:
        held.append(("quote", {extension.REPLY: _reply(delivery, where, answered)}))
    if isinstance(body, Text) and (body.mentions or body.everybody):
        names = {delivery.named(user): user for user in body.mentions}
        held.append(("mentions", {extension.MENTIONS: extension.called(names, body.text, everybody=body.everybody)}))
    if ext:
        held.append(("ext", ext))
    if more:
        held.append(("details", {key_of(account.mark): more}))
    return extension.written(held, _LONGEST_EXT if where.kind else _LONGEST_EXT_IN_ROOM)


def _reply(delivery: Delivery, where: Recipient, answered: TargetMessage) -> dict[str, Any]:
    author = answered.sender or delivery.sender
    return {
        "idClient": answered.client_id,
        "idServer": answered.id,
        "scene": _SCENES[where.kind],
        "from": author,
        "to": other_end(delivery, author),
        "time": answered.at,
    }


_SILENT: dict[str, Any] = {"push_enabled": False}


def _push(delivery: Delivery, body: Body, where: Recipient) -> dict[str, Any] | None:
    """Whom a phone tells that they were called by name, in the words of v2; teams only. Nobody, of what is no news."""
    if delivery.silent:
        return _SILENT
    if where.kind < 2 or not isinstance(body, Text) or not (body.mentions or body.everybody):
        return None
    push = {"push_forcepush_enable": True, "push_forcepush_content": EMOTICONS.read(body.text)[:_SHOWN]}
    if body.everybody:
        return push | {"push_forcepush_all": True}
    return push | {"push_forcepush_ids": [delivery.named(user) for user in body.mentions[:_CALLED]]}


def _body(message: EncodedBody) -> str:
    return wire.dump_any(message.held).decode()


def _v1(
    account: YunxinAccount,
    where: Recipient,
    sender: str,
    message: EncodedBody,
    own: str,
    ext: str,
    answered: TargetMessage | None,
    push: dict[str, Any] | None,
) -> Request:
    del answered  # `ext` says it
    number = str(message.number)
    if not where.kind:
        # Clients drop a repeated msgId; resendFlag has the server look as well.
        attach = message.held["msg"] if message.number == TEXT else _body(message)
        fields = {"roomid": where.to, "msgId": uuid(own), "fromAccid": sender, "msgType": number, "resendFlag": "1"}
        fields |= {"attach": attach, "ext": ext}
        if not account.echo:
            fields["route"] = "false"
        return call("chatroom/sendMsg", fields, own)
    if where.kind == 3:
        fields = {"tid": where.to, "fromAccid": sender, "type": number, "body": _body(message), "ext": ext}
    else:
        ope = "0" if where.kind == 1 else "1"
        fields = {"from": sender, "ope": ope, "to": where.to, "type": number, "body": _body(message), "ext": ext}
    option = {} if account.echo else {"route": False}
    if push is _SILENT:
        option["push"] = False
    elif push is not None:
        fields |= _push_v1(push, where)
    if option:
        fields["option"] = wire.dump_any(option).decode()
    return call("superteam/sendMsg" if where.kind == 3 else "msg/sendMsg", fields, own)


def _push_v1(push: dict[str, Any], where: Recipient) -> dict[str, str]:
    everybody, users = push.get("push_forcepush_all"), push.get("push_forcepush_ids", [])
    said = {"content": push["push_forcepush_content"]} | ({"all": "true"} if everybody else {"list": listed(users)})
    if where.kind == 3:
        return {"isForcePush": "true"} | {f"forcePush{name.capitalize()}": value for name, value in said.items()}
    return {f"forcepush{name}": value for name, value in said.items()}


def _v2(
    account: YunxinAccount,
    where: Recipient,
    sender: str,
    message: EncodedBody,
    own: str,
    ext: str,
    answered: TargetMessage | None,
    push: dict[str, Any] | None,
) -> Request:
    said: dict[str, Any] = {"message_type": message.number}
    said |= content_v2(message)
    said["message_client_id"] = uuid(own)
    body: dict[str, Any] = {"message": said, "extension": ext}
    if answered is not None and answered.client_id and answered.at and answered.id.isdecimal():
        author = answered.sender or sender
        refer = {
            "sender_id": author,
            "receiver_id": where.to if where.kind > 1 or author != where.to else sender,
            "create_time": answered.at,
            "message_server_id": int(answered.id),
            "message_client_id": answered.client_id,
        }
        body["thread_config"] = {"thread_root": refer, "thread_reply": refer}
    if push is not None:
        body["push_config"] = push
    if not account.echo:
        body["route_config"] = {"route_enabled": False}
    path = f"/im/v2/conversations/{conversation_id(sender, where)}/messages"
    return call_v2("POST", path, "v2/messages", body, own)


def content_v2(message: EncodedBody) -> dict[str, Any]:
    """`text` of texts and tips, `attachment` of the rest; whether width and height are cut short is not documented alike."""
    if message.number in {TEXT, TIP}:
        return {"text": message.held["msg"]}
    held = message.held
    if message.number in {PICTURE, VIDEO}:
        held = held | {"width": held["w"], "height": held["h"]}
    return {"attachment": held}
