"""Asking whether what we sent is there: the newest hundred messages of its conversation, of any kind, are searched for our mark.

Source: "Yunxin: history/querySessionMsg.action", history/queryTeamMsg, superteam/queryHistoryMsg, history/queryChatroomMsg and
team/joinTeams. That items carry `ext` is likely and not documented: where they do not, the message id that we chose is looked for
(v2 and rooms); else nothing is found, and the doubt is settled in another way.
"""

from typing import Any

from msgspec import Struct

from converters import mending
from converters.core import urlencoded, wire
from converters.core.bodies import Command, Text
from converters.core.lenient import Word, milliseconds, word
from converters.core.model import Delivery
from converters.core.operations import Edit, GroupCreated, Post
from converters.core.outcome import Delivered, Outcome
from converters.platform import LookUp, Reply, Request
from converters.platforms.yunxin.account import YunxinAccount
from converters.platforms.yunxin.calls import FORM, own_id, place, speaker, uuid
from converters.platforms.yunxin.values import record
from converters.text import echo_mark

_ONE_PART = 600
"""Characters of a text that is certainly one message."""


class _Item(Struct, frozen=True):
    msgid: Word = None
    msgidclient: Word = None
    sendtime: Word = None
    time: Word = None
    ext: Any = None


class _Team(Struct, frozen=True):
    tid: Word = None
    custom: Any = None


class _Answer(Struct, frozen=True):
    code: Word = None
    msgs: tuple[_Item, ...] = ()
    infos: tuple[_Team, ...] = ()


def ask(delivery: Delivery, account: YunxinAccount, since: int, until: int) -> Request | None:
    """Notifications between apps, and what is no message, are in no history."""
    operation, sender = delivery.event.operation, speaker(delivery, account)
    if isinstance(operation, GroupCreated):
        owner = _owner(delivery, account, operation)
        return _asked("team/joinTeams", {"accid": owner}) if owner else None
    said = isinstance(operation, Edit) or (isinstance(operation, Post) and not isinstance(operation.body, Command))
    if not said or not sender:
        return None
    where = place(delivery)
    window = {"begintime": str(since), "endtime": str(until), "limit": "100", "reverse": "2"}
    match where.kind:
        case 1:
            api, fields = "history/querySessionMsg", {"from": sender, "to": where.to} | window
        case 2:
            api, fields = "history/queryTeamMsg", {"tid": where.to, "accid": sender} | window
        case 3:
            api, fields = "superteam/queryHistoryMsg", {"tid": where.to, "accid": sender} | window
        case 0:
            api = "history/queryChatroomMsg"
            fields = {"roomid": where.to, "accid": sender, "timetag": str(until), "limit": "100", "reverse": "2"}
    return _asked(api, fields)


def _asked(api: str, fields: dict[str, str]) -> Request:
    """Without the id of the send: a repeat of that would be given its answer."""
    return Request("POST", f"/{api}.action", {"Content-Type": FORM}, urlencoded.write(fields), api, repeatable=True)


def read(delivery: Delivery, account: YunxinAccount, reply: Reply, part: int = 0) -> Outcome | None:
    try:
        answer, _ = mending.load(reply.body, _Answer)
    except wire.Malformed:
        return None
    operation = delivery.event.operation
    if isinstance(operation, GroupCreated):
        owner = _owner(delivery, account, operation)
        for team in answer.infos:
            found = echo_mark.read(
                _marked(team.custom, account),
                echo_mark.MarkedMessage(delivery.target, echo_mark.NEW_GROUP, owner, ""),
                account,
                delivery.event.at,
            )
            if isinstance(found, echo_mark.EchoMark) and found.event == delivery.event.id:
                return Delivered(word(team.tid))
        return None
    sender, chosen = speaker(delivery, account), _chosen(delivery, account)
    where = echo_mark.on(delivery.target, delivery.event.conversation, sender, delivery.receiver)
    for item in answer.msgs:
        at = milliseconds(item.sendtime or item.time, 0)
        found = echo_mark.read(_marked(item.ext, account), where, account, at)
        ours = isinstance(found, echo_mark.EchoMark) and found.event == delivery.event.id and found.part == part
        if ours or (chosen and chosen in {word(item.msgidclient), word(item.msgid)}):
            return Delivered(word(item.msgid), at or None)
    return None


def _chosen(delivery: Delivery, account: YunxinAccount) -> str:
    """The message id that was ours to choose, where there was one message only; "" otherwise."""
    operation = delivery.event.operation
    if not isinstance(operation, Post) or (place(delivery).kind and account.api == "v1"):
        return ""
    body = operation.body
    one = operation.quote is None and isinstance(body, Text) and len(body.text) <= _ONE_PART
    return uuid(own_id(delivery)) if one else ""


def _owner(delivery: Delivery, account: YunxinAccount, made: GroupCreated) -> str:
    return delivery.named(made.owner) if made.owner else speaker(delivery, account)


def _marked(ext: object, account: YunxinAccount) -> Any:
    held = record(ext)
    return held.get(account.mark) if held else None


LOOK_UP = LookUp(ask, read)
