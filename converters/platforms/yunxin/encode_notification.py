"""What apps tell each other and people never see: custom notifications. Source: "Yunxin: msg/sendAttachMsg.action" and v2's."""

from typing import Any

from converters.core import wire
from converters.core.bodies import Command
from converters.core.model import Delivery, Loss
from converters.platform import Encoded, Request
from converters.platforms.yunxin.account import YunxinAccount
from converters.platforms.yunxin.calls import Recipient, call, call_v2, own_id, place, speaker
from converters.text import echo_mark

_LONGEST = 4096


def command(delivery: Delivery, account: YunxinAccount, body: Command) -> Encoded:
    where, sender = place(delivery), speaker(delivery, account)
    if not where.kind:
        return Encoded((), (Loss("command"),))  # a room has none: it would be seen
    if not sender:
        return Encoded((), (Loss("nobody"),))
    plain = not body.name and isinstance(body.data, dict)
    held = dict(body.data) if plain else {"type": body.name, "data": body.data}
    held[account.mark] = echo_mark.of(delivery, account, sender)
    attach = wire.dump_any(held).decode()
    if len(attach) > _LONGEST:
        return Encoded((), (Loss("size", "command"),))
    return Encoded((_notification(delivery, account, where, sender, attach, kept=True),))


def typing(delivery: Delivery, account: YunxinAccount, *, active: bool) -> Encoded:
    where = place(delivery)
    if not account.typing or not where.kind or not delivery.sender:
        return Encoded((), (Loss("typing"),))
    attach = '{"typing":1}' if active else '{"typing":0}'
    return Encoded((_notification(delivery, account, where, delivery.sender, attach, kept=False),))


def _notification(delivery: Delivery, account: YunxinAccount, where: Recipient, sender: str, attach: str, *, kept: bool) -> Request:
    """*kept* for who is away; what is not kept is not copied to us either, and may be sent twice."""
    copied, own = kept and account.echo, own_id(delivery)
    if account.api == "v2":
        body: dict[str, Any] = {"sender_id": sender, "type": where.kind, "receiver_id": where.to, "content": attach}
        body["notification_config"] = {"offline_enabled": kept, "unread_enabled": False}
        if not copied:
            body["route_config"] = {"route_enabled": False}
        return call_v2("POST", "/im/v2/custom_notification", "v2/custom_notification", body, own, repeatable=not kept)
    fields = {"from": sender, "to": where.to, "attach": attach, "save": "2" if kept else "1"}
    fields["option"] = '{"badge":false}' if copied else '{"badge":false,"route":false}'
    if where.kind == 3:
        return call("superteam/sendAttachMsg", fields, own, repeatable=not kept)
    fields["msgtype"] = "0" if where.kind == 1 else "1"
    return call("msg/sendAttachMsg", fields, own, repeatable=not kept)
