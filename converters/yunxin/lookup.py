"""Asking the history whether a message of ours is there: the newest hundred of its conversation are searched for our mark.

Source: "Yunxin: history/querySessionMsg.action" and "Yunxin: history/queryTeamMsg.action". That items carry `ext` is likely and
not documented: where they do not, nothing is found, and the doubt is settled in another way.
"""

from typing import Any

from msgspec import Struct

from converters import form, mark, wire
from converters.lenient import Word, milliseconds, word
from converters.model import Delivery, Direct, Group
from converters.outcome import Delivered, Outcome
from converters.platform import LookUp, Reply, Request
from converters.yunxin.account import Account
from converters.yunxin.ids import SUPER

_HEADERS = {"Content-Type": "application/x-www-form-urlencoded;charset=utf-8"}


class _Item(Struct, frozen=True):
    msgid: Word = None
    sendtime: Word = None
    ext: Any = None


class _Answer(Struct, frozen=True):
    code: Word = None
    msgs: tuple[_Item, ...] = ()


def ask(delivery: Delivery, account: Account, since: int, until: int) -> Request | None:
    del account
    window = {"begintime": str(since), "endtime": str(until), "limit": "100", "reverse": "2"}
    match delivery.event.conversation:
        case Direct():
            path, who = "history/querySessionMsg", {"from": delivery.sender, "to": delivery.receiver}
        case Group() if not delivery.receiver.startswith(SUPER):
            path, who = "history/queryTeamMsg", {"tid": delivery.receiver, "accid": delivery.sender}
        case _:
            return None
    return Request("POST", f"/{path}.action", _HEADERS, form.write(who | window), path)


def read(delivery: Delivery, account: Account, reply: Reply) -> Outcome | None:
    try:
        answer = wire.load(reply.body, _Answer)
    except wire.Malformed:
        return None
    for item in answer.msgs:
        found = mark.read(_marked(item.ext, account), delivery.sender, delivery.receiver)
        if found == (delivery.event.id, False):
            return Delivered(word(item.msgid), milliseconds(item.sendtime, 0) or None)
    return None


def _marked(ext: Any, account: Account) -> Any:
    if isinstance(ext, str):
        try:
            ext = wire.load_any(ext)
        except wire.Malformed:
            return None
    return ext.get(account.mark) if isinstance(ext, dict) else None


LOOK_UP = LookUp(ask, read)
