"""Custom notifications, which are copied and not stored as messages. Source: "Yunxin: msg/sendAttachMsg.action" and
"Yunxin: v2 custom notification"."""

from typing import Any

from tests.simulators.calls import Call
from tests.simulators.messages import Conversation, Message
from tests.simulators.yunxin.gate import Answer, Refusal
from tests.simulators.yunxin.sending import V2_KINDS, as_object, missing_end
from tests.simulators.yunxin.state import Yunxin

ATTACH = 4096
LIMITS = {"attach": ATTACH, "pushcontent": 500, "pushContent": 500, "payload": 2048, "sound": 30}


def notify(
    yunxin: Yunxin,
    kind: Conversation,
    sender: str,
    to: str,
    attach: Any,
    call: Call | None,
    *,
    safe: bool = True,
    push: str = "",
    route: bool = True,
) -> Message:
    """*safe*: kept for those who are offline."""
    team = yunxin.people.groups.get(to) if kind == "group" else None
    name = "CUSTOM_P2P_MSG" if team is None else "CUSTOM_SUPERTEAM_MSG" if "superteam" in team.settings else "CUSTOM_TEAM_MSG"
    notice = yunxin.notice(kind, sender, to, name, attach, rest=call is not None)
    yunxin.done("custom", call, **notice.facts())
    if route:
        listeners = team.members if team else None
        body = yunxin.copies.custom(notice, team, listeners, safe=safe, push=push)
        yunxin.post(notice, body, call)
    return notice


def send_attach(yunxin: Yunxin, call: Call) -> Answer:
    form = call.form()
    if form.get("msgtype") not in ("0", "1"):
        return Refusal(414, "msgtype must be 0 or 1")
    kind: Conversation = "person" if form["msgtype"] == "0" else "group"
    return send_form(yunxin, call, form, kind, form.get("from", ""), form.get("to", ""), superteam=False)


def send_attach_to_superteam(yunxin: Yunxin, call: Call) -> Answer:
    """The page gives no fields: the vendor's server SDK has ``from`` and ``to``; those of ``superteam/sendMsg`` are taken too."""
    form = call.form()
    sender, to = form.get("from") or form.get("fromAccid", ""), form.get("to") or form.get("tid", "")
    return send_form(yunxin, call, form, "group", sender, to, superteam=True)


def send_form(yunxin: Yunxin, call: Call, form: dict[str, str], kind: Conversation, sender: str, to: str, *, superteam: bool) -> Answer:
    option = as_object(form.get("option") or "{}")
    if option is None or not form.get("attach") or form.get("save", "2") not in ("1", "2"):
        return Refusal(414, "parameter error")
    for name, limit in LIMITS.items():
        if len(form.get(name, "")) > limit:
            return Refusal(414, f"{name} is longer than {limit}")
    if missing := missing_end(yunxin, kind, sender.lower(), to, superteam=superteam):
        return missing
    notify(
        yunxin,
        kind,
        sender.lower(),
        to if kind == "group" else to.lower(),
        form["attach"],
        call,
        safe=form.get("save") != "1",
        push=form.get("pushcontent", ""),
        route=option.get("route") is not False,
    )
    return {}


def send_v2(yunxin: Yunxin, call: Call) -> Answer:
    request = as_object(call.body) or {}
    kind, content = V2_KINDS.get(str(request.get("type"))), request.get("content")
    if kind is None or not isinstance(content, str) or not content or len(content) > ATTACH:
        return Refusal(414, "parameter error")
    sender, to = str(request.get("sender_id", "")).lower(), str(request.get("receiver_id", ""))
    if missing := missing_end(yunxin, kind, sender, to, superteam=request["type"] == 3):
        return missing
    push = str((request.get("push_config") or {}).get("push_content", ""))
    if len(push) > 500 or len(str(request.get("sound", ""))) > 30:
        return Refusal(414, "push_content or sound is too long")
    notify(
        yunxin,
        kind,
        sender,
        to if kind == "group" else to.lower(),
        content,
        call,
        safe=(request.get("notification_config") or {}).get("offline_enabled") is not False,
        push=push,
        route=(request.get("route_config") or {}).get("route_enabled") is not False,
    )
    return {}
