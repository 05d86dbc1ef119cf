"""History. Source: "Yunxin: history/querySessionMsg.action" and its like for teams and superteams."""

from collections.abc import Sequence
from typing import Any

from tests.simulators.calls import Call
from tests.simulators.messages import Message, between_two
from tests.simulators.yunxin.copies import dumped
from tests.simulators.yunxin.gate import Answer, Refusal
from tests.simulators.yunxin.kinds import CLIENTS, NUMBERS, device
from tests.simulators.yunxin.state import Yunxin


def query_session(yunxin: Yunxin, call: Call) -> Answer:
    """Both directions; that an unknown account is refused like a parameter is not on the page."""
    form = call.form()
    ends = form.get("from", "").lower(), form.get("to", "").lower()
    if unknown := next((one for one in ends if one not in yunxin.people.users), None):
        return Refusal(414, f"{unknown} not register")
    return page(yunxin, form, between_two(*ends))


def query_team(yunxin: Yunxin, call: Call) -> Answer:
    return query_group(yunxin, call, superteam=False)


def query_superteam(yunxin: Yunxin, call: Call) -> Answer:
    return query_group(yunxin, call, superteam=True)


def query_group(yunxin: Yunxin, call: Call, *, superteam: bool) -> Answer:
    """One who was never in it is refused; with ``checkTeamValid`` false, one that is dismissed can still be read."""
    form = call.form()
    tid = form.get("tid", "")
    team = yunxin.people.groups.get(tid)
    if team is None and form.get("checkTeamValid") == "false":
        team = yunxin.dismissed.get(tid)
    if team is None or ("superteam" in team.settings) is not superteam:
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
    return {"size": len(found), "msgs": [item(yunxin, message) for message in found]}


def item(yunxin: Yunxin, message: Message) -> dict[str, Any]:
    """The names are all in lower case, and ``to`` is missing."""
    body = message.content
    if message.name == "NOTIFICATION":
        body = notification(yunxin, message)
    shown = {
        "from": message.sender,
        "msgid": message.id if message.type == "room" else int(message.id),
        "msgidclient": message.client_id,
        "sendtime": message.time,
        "type": NUMBERS[message.name],
        "fromclienttype": CLIENTS["REST" if message.source == "rest" else device(message.sender)],
        "body": dumped(body) if yunxin.options.history_body == "string" else body,
    }
    if message.ext is None or not yunxin.options.history_ext:
        return shown
    return shown | {"ext": message.ext}


def notification(yunxin: Yunxin, message: Message) -> Any:
    """Type 5 of history is not the ``attach`` of its copy."""
    content, team = message.content, yunxin.team_of(message)
    if not isinstance(content, dict) or team is None:
        return content
    data = content.get("data", {})
    users = data.get("ids") or ([data["id"]] if "id" in data else [])
    body = {
        "tid": int(team.id) if team.id.isdecimal() else team.id,
        "tname": team.name,
        "ope": content.get("id"),
        "accids": users,
        "updatetime": message.time,
    }
    settings = {name: team.settings[name] for name in ("intro", "announcement", "joinmode") if name in team.settings}
    return body | settings
