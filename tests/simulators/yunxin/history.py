"""Recall and history. Source: "Yunxin: msg/recall.action" and "Yunxin: history/querySessionMsg.action"."""

from collections.abc import Sequence
from typing import Any

from tests.simulators.calls import Call
from tests.simulators.messages import Conversation, Message, between_two
from tests.simulators.yunxin.copies import CLIENTS, NUMBERS
from tests.simulators.yunxin.gate import Answer, Refusal
from tests.simulators.yunxin.state import Yunxin


def recall(yunxin: Yunxin, call: Call) -> Answer:
    """The server id, its time and both ends must agree; the copy of a recall cannot be switched off."""
    form = call.form()
    kinds: dict[str, Conversation] = {"7": "person", "8": "group"}
    kind = kinds.get(form.get("type", ""))
    message = yunxin.archive.find(kind, form.get("deleteMsgid", "")) if kind else None
    given = (form.get("timetag"), form.get("from", "").lower(), form.get("to", "").lower())
    if message is None or given != (str(message.time), message.sender, message.to.lower()):
        return Refusal(414, "no such message")
    now = yunxin.now()
    if form.get("ignoreTime") != "1" and now - message.time > yunxin.options.recall_window * 1000:
        return Refusal(508, "over time", 107314)
    yunxin.archive.recall(message)
    yunxin.accept("recall", call, **message.facts())
    yunxin.post(message, yunxin.copies.recall(message, "REST", form.get("msg", ""), now), call)
    return {}


def query_session(yunxin: Yunxin, call: Call) -> Answer:
    form = call.form()
    return page(yunxin, form, between_two(form.get("from", "").lower(), form.get("to", "").lower()))


def query_team(yunxin: Yunxin, call: Call) -> Answer:
    form = call.form()
    team = yunxin.people.groups.get(form.get("tid", ""))
    if team is None:
        return Refusal(803, "no such team")
    if form.get("accid", "").lower() not in team.members:
        return Refusal(804, "not in team")
    return page(yunxin, form, f"group|{team.id}")


def page(yunxin: Yunxin, form: dict[str, str], conversation: str) -> Answer:
    """One window: ascending with ``reverse`` 1, descending with 2."""
    if not yunxin.options.history:
        return Refusal(403, "history is not switched on")
    try:
        begin, end, limit = int(form["begintime"]), int(form["endtime"]), int(form["limit"])
        wanted = {int(one) for one in form.get("type", "").split(",") if one}
    except (KeyError, ValueError):
        return Refusal(414, "parameter error")
    if begin >= end:
        return Refusal(414, "bad time")
    if not 1 <= limit <= 100 or form.get("reverse", "2") not in ("1", "2"):
        return Refusal(414, "parameter error")
    found: Sequence[Message] = [
        message
        for message in yunxin.archive.between(conversation, begin, end)
        if message.id != form.get("excludeMsgid") and (not wanted or NUMBERS[message.name] in wanted)
    ]
    found = found[:limit] if form.get("reverse") == "1" else found[::-1][:limit]
    return {"size": len(found), "msgs": [item(message) for message in found]}


def item(message: Message) -> dict[str, Any]:
    """The names are all in lower case, and ``to`` is missing."""
    shown = {
        "from": message.sender,
        "msgid": int(message.id),
        "msgidclient": message.client_id,
        "sendtime": message.time,
        "type": NUMBERS[message.name],
        "fromclienttype": CLIENTS["REST" if message.source == "rest" else "IOS"],
        "body": message.content,
    }
    if message.name == "NOTIFICATION" and isinstance(content := message.content, dict):
        users = content.get("data", {}).get("ids")
        shown["body"] = {"tid": message.to, "ope": content.get("id"), "accids": users}
    return shown if message.ext is None else shown | {"ext": message.ext}
