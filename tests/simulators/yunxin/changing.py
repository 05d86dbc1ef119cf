"""Recalls, receipts, edits. Source: "Yunxin: msg/recall.action", "Yunxin: read receipts", "Yunxin: v2 modify message"."""

from typing import Any
from urllib.parse import parse_qsl

from tests.simulators.calls import Call
from tests.simulators.messages import Conversation, Message
from tests.simulators.yunxin import afterwards
from tests.simulators.yunxin.accounts import names
from tests.simulators.yunxin.gate import Answer, Refusal
from tests.simulators.yunxin.sending import BODY, LIMITS, as_object
from tests.simulators.yunxin.state import Yunxin

DAY = 86_400_000
OLDEST_RECALL = 30 * DAY
OLDEST_EDIT = 7 * DAY
RECEIPT_MEMBERS = 200
V2_KINDS: dict[str, Conversation] = {"1": "person", "2": "group", "3": "group"}
UNKNOWN = Refusal(404, "message not found", 107404)
TOO_LATE = Refusal(508, "over time", 107314)


def recall(yunxin: Yunxin, call: Call) -> Answer:
    """The server id, its time and both ends must agree."""
    form = call.form()
    kinds: dict[str, Conversation] = {"7": "person", "8": "group"}
    return take_back(yunxin, call, form, kinds.get(form.get("type", "")))


def recall_in_superteam(yunxin: Yunxin, call: Call) -> Answer:
    return take_back(yunxin, call, call.form(), "group")


def take_back(yunxin: Yunxin, call: Call, form: dict[str, str], kind: Conversation | None) -> Answer:
    if len(form.get("msg", "")) > 128 or len(form.get("attach", "")) > 5000:
        return Refusal(414, "msg or attach is too long")
    message = yunxin.archive.find(kind, form.get("deleteMsgid", "")) if kind else None
    given = (form.get("timetag"), form.get("from", "").lower(), form.get("to", "").lower())
    if message is None or given != (str(message.time), message.sender, message.to.lower()):
        return Refusal(414, "no such message")
    window = OLDEST_RECALL if form.get("ignoreTime") == "1" else yunxin.options.recall_window * 1000
    if yunxin.now() - message.time > window:
        return TOO_LATE
    afterwards.withdraw(yunxin, message, call, form.get("msg", ""), form.get("attach", ""))
    return {}


def recall_v2(yunxin: Yunxin, call: Call) -> Answer:
    """``type`` 2 is a recall; 1, for one side, and 3, a deletion, have no copy."""
    query = dict(parse_qsl(call.query.decode()))
    parts = call.path["cid"].split("|")
    if len(parts) != 3 or parts[1] not in V2_KINDS or query.get("type") not in ("1", "2", "3"):
        return Refusal(414, "parameter error")
    message = yunxin.archive.find(V2_KINDS[parts[1]], call.path["mid"])
    if message is None or (message.sender, message.to) != (parts[0].lower(), parts[2].lower()):
        return UNKNOWN
    # The page has the first, the vendor's SDKs have the second.
    ignores = {query.get(name) for name in ("ingore_revoke_time", "ignore_revoke_time")} & {"1", "true"}
    short = query["type"] == "2" and not ignores
    if yunxin.now() - message.time > (yunxin.options.recall_window * 1000 if short else OLDEST_RECALL):
        return TOO_LATE
    if query["type"] == "2":
        afterwards.withdraw(yunxin, message, call, query.get("description", ""), query.get("attach", query.get("server_extension", "")))
        return {}
    if query["type"] == "3":
        yunxin.archive.recall(message)
    yunxin.accept("delete", call, **message.facts(), type_of_delete=query["type"])
    return {}


def mark_read(yunxin: Yunxin, call: Call) -> Answer:
    """Up to the message with this client id."""
    form = call.form()
    reader, sender = form.get("from", "").lower(), form.get("to", "").lower()
    message = yunxin.archive.find("person", yunxin.client_ids.get(form.get("msgidClient", ""), ""))
    if message is None or (message.sender, message.to) != (sender, reader):
        return Refusal(414, "no such message")
    return {"data": {"timestamp": afterwards.read(yunxin, message, reader, call).time}}


def mark_read_v2(yunxin: Yunxin, call: Call) -> Answer:
    request = as_object(call.body) or {}
    reader, sender = (str(request.get(key, "")).lower() for key in ("from_account_id", "to_account_id"))
    message = yunxin.archive.find("person", str(request.get("message_server_id", "")))
    if message is None or (message.sender, message.to) != (sender, reader):
        return UNKNOWN
    return {"timestamp": afterwards.read(yunxin, message, reader, call).time}


def mark_read_in_team(yunxin: Yunxin, call: Call) -> Answer:
    form = call.form()
    wrong = read_in_team(yunxin, call, form.get("accid", ""), form.get("tid", ""), names(form.get("msgids", "")))
    return wrong if isinstance(wrong, Refusal) else {"data": {"errMsgIds": wrong}}


def mark_read_in_team_v2(yunxin: Yunxin, call: Call) -> Answer:
    request = as_object(call.body) or {}
    ids = request.get("message_server_ids")
    if not isinstance(ids, list) or len(ids) > 50:
        return Refusal(414, "message_server_ids must be an array of at most 50")
    reader, team = str(request.get("from_account_id", "")), str(request.get("team_id", ""))
    wrong = read_in_team(yunxin, call, reader, team, [str(one) for one in ids])
    return wrong if isinstance(wrong, Refusal) else {"failed_list": wrong}


def read_in_team(yunxin: Yunxin, call: Call, reader: str, tid: str, ids: list[str] | None) -> list[int | str] | Refusal:
    """The ids that are none of the team; a receipt in a team has no copy."""
    team, reader = yunxin.people.groups.get(tid), reader.lower()
    if not ids:
        return Refusal(414, "parameter error")
    if team is None:
        return Refusal(803, "no such team", 108404)
    if reader not in team.members:
        return Refusal(804, "not in team", 109404)
    if len(team.members) > RECEIPT_MEMBERS:
        return Refusal(814, "no receipts in this team", 107302)
    known = [one for one in ids if (found := yunxin.archive.find("group", one)) and found.to == team.id]
    for one in known:
        yunxin.readers.setdefault(one, set()).add(reader)
    yunxin.accept("read", call, **{"from": reader}, to=tid, type="group", id=known[-1] if known else "", read=known)
    return [int(one) if one.isdecimal() else one for one in ids if one not in known]


def readers_of(yunxin: Yunxin, call: Call) -> Answer:
    """``team/getMarkReadInfo.action``."""
    form = call.form()
    message = yunxin.archive.find("group", form.get("msgid", ""))
    team = yunxin.people.groups.get(form.get("tid", ""))
    if message is None or team is None or message.to != team.id:
        return Refusal(414, "no such message")
    read = sorted(yunxin.readers.get(message.id, ()))
    unread = [one for one in team.members if one not in read and one != message.sender]
    return {"data": {"readSize": len(read), "unreadSize": len(unread), "readAccids": read, "unreadAccids": unread}}


def modify(yunxin: Yunxin, call: Call) -> Answer:
    """At most once a second for one message, up to seven days after it. Which keys ``message`` has beyond those of
    a send is not on the page: taken are ``message_server_id``, ``text``, ``attachment`` and ``sub_type``."""
    request = as_object(call.body) or {}
    changes: Any = request.get("message")
    kind = V2_KINDS.get(str(request.get("type")))
    operator, extension = str(request.get("operator", "")).lower(), request.get("extension")
    if not isinstance(changes, dict) or kind is None or operator not in yunxin.people.users:
        return Refusal(414, "parameter error")
    text, attachment = changes.get("text"), changes.get("attachment")
    if len(text or "") > BODY or len(extension or "") > LIMITS["ext"]:
        return Refusal(414, "text or extension is too long")
    message: Message | None = yunxin.archive.find(kind, str(changes.get("message_server_id", "")))
    if message is None:
        return UNKNOWN
    now = yunxin.now()
    if now - message.time > OLDEST_EDIT:
        return Refusal(107439, "message is older than seven days")
    if now - yunxin.edited.get(f"{kind}:{message.id}", 0) < yunxin.options.edit_pause * 1000:
        return Refusal(107449, "edited too often")
    new = afterwards.rewrite(
        yunxin,
        message,
        operator,
        call,
        text=text,
        content={"msg": text} if text is not None else attachment,
        ext=extension,
        sub_type=changes.get("sub_type"),
    )
    return {"message_server_id": int(new.id), "message_client_id": new.client_id, "modify_time": yunxin.now()}
