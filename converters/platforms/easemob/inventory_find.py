"""Whether a group or room whose creation was never answered is there: it bears our mark in `custom`.

Source: "Easemob: Manage groups" (joined groups, group details), "Easemob: Manage chat rooms" (list of rooms, room details).
"""

from collections.abc import Generator
from typing import Any

from converters.core import wire
from converters.core.outcome import Delivered, NotSent
from converters.inventory import Group, Room
from converters.migration import Context, Finding, ItemOutcome, Piece
from converters.platform import Reply, Request
from converters.platforms.easemob.account import EasemobAccount
from converters.platforms.easemob.answers import Answer
from converters.platforms.easemob.inventory_requests import event_of
from converters.platforms.easemob.replies import answer_of
from converters.platforms.easemob.requests import call, escaped
from converters.platforms.easemob.values import table, text
from converters.text import echo_mark

GROUPS_A_PAGE, ROOMS_A_PAGE, DETAILS = 20, 1000, 100


def find(piece: Piece, account: EasemobAccount, context: Context) -> Finding:
    """NotSent where all was seen and it is not there; None where not all could be seen."""
    item = piece.item
    if isinstance(item, Room):
        return (yield from _room(item, account, context))
    if isinstance(item, Group):
        return (yield from _group(item, account, context))
    return None


def _group(group: Group, account: EasemobAccount, context: Context) -> Finding:
    """It is among those of its owner."""
    owner, page = context.user(group.owner), 0
    while True:
        query = f"pagesize={GROUPS_A_PAGE}&pagenum={page}"
        answer = _answer((yield call(account, "GET", f"chatgroups/user/{escaped(owner)}?{query}", "chatgroups/joined")))
        if answer is None:
            return None
        ids = listed_ids(answer)
        found = yield from _marked("chatgroups", ids, event_of(group, context.app), owner, account, context)
        if found is not None:
            return found if isinstance(found, Delivered) else None
        if len(ids) < GROUPS_A_PAGE:
            return NotSent("not there")
        page += 1


def _room(room: Room, account: EasemobAccount, context: Context) -> Finding:
    """The newest come first; those of another owner are not looked into."""
    owner, cursor = context.user(room.owner), ""
    while True:
        query = f"limit={ROOMS_A_PAGE}" + (f"&cursor={escaped(cursor)}" if cursor else "")
        answer = _answer((yield call(account, "GET", f"chatrooms?{query}", "chatrooms/list")))
        if answer is None:
            return None
        ids = listed_ids(answer, owner)
        for begin in range(0, len(ids), DETAILS):
            some = ids[begin : begin + DETAILS]
            found = yield from _marked("chatrooms", some, event_of(room, context.app), owner, account, context)
            if found is not None:
                return found if isinstance(found, Delivered) else None
        cursor = text(answer.cursor)
        if not cursor or not answer.data:
            return NotSent("not there")


def listed_ids(answer: "Listed", owner: str = "") -> list[str]:
    """Ids of groups or rooms, in whichever of the fields in which the lists have them; with *owner* those of hers alone."""
    rows = [row for held in (answer.data, answer.entities) if isinstance(held, list) for row in held if isinstance(row, dict)]
    mine = [
        row
        for row in rows
        if not owner or text(row.get("owner")).rpartition("_")[2].lower() in {owner, ""} or text(row.get("owner")).lower() == owner
    ]
    ids = [text(row.get("groupId")) or text(row.get("groupid")) or text(row.get("id")) for row in mine]
    return [one for one in dict.fromkeys(ids) if one]


class Listed(Answer, frozen=True):
    cursor: Any = None


def _answer(reply: Reply | None) -> Listed | None:
    return listed(reply) if reply is not None and reply.status == 200 else None


def listed(reply: Reply) -> Listed | None:
    """None where it is not readable."""
    try:
        return wire.load(reply.body, Listed)
    except wire.Malformed:
        return None


def _marked(
    kind: str, ids: list[str], wanted: str, owner: str, account: EasemobAccount, context: Context
) -> Generator[Request, Reply | None, ItemOutcome | None]:
    """Delivered where one of *ids* bears the mark; NotSent where they could not be seen; None where none does."""
    if not ids:
        return None
    reply = yield call(account, "GET", f"{kind}/{','.join(map(escaped, ids))}", f"{kind}/get")
    answer = answer_of(reply) if reply is not None and reply.status == 200 else None
    if answer is None or not isinstance(answer.data, list):
        return NotSent("not seen")
    where = echo_mark.MarkedMessage(context.app, echo_mark.NEW_GROUP, owner, "")
    for row in answer.data:
        held = table(row)
        try:
            custom = table(wire.load_any(text(held.get("custom")) or "{}"))
        except wire.Malformed:
            continue
        found = echo_mark.read(custom.get(account.mark), where, account, context.now)
        if isinstance(found, echo_mark.EchoMark) and found.event == wanted:
            return Delivered(text(held.get("id")))
    return None
