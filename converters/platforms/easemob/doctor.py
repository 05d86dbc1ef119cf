"""What the first day with an Easemob app shows besides what all platforms have: the doubts of docs/unverified.md that REST alone can settle.

Source: "Easemob: Group management", "Easemob: Recall a message", "Easemob: Manage friends", "Easemob: Upload and download files", "Easemob: Callbacks
after sending". What it does is called back as if somebody had done it; nobody knows the users.
"""

from collections.abc import Callable
from typing import Any

from converters.core import offset_hours, wire
from converters.core.bodies import Text
from converters.core.model import TargetContext
from converters.core.operations import FriendChanged, Post, Recall, Ref
from converters.core.outcome import Delivered
from converters.doctor.session import DoctorSession, message_of, told
from converters.doctor.steps import Check, CheckResult, Clock, Diagnosing, DoctorPlan, Heard, Made, Names, Words
from converters.files.media import FileUpload
from converters.platform import DecodedEvent, Reply, Request, TimeRange
from converters.platforms.easemob import media
from converters.platforms.easemob.account import EasemobAccount
from converters.platforms.easemob.gaps import urls_of
from converters.platforms.easemob.replies import answer_of
from converters.platforms.easemob.requests import call, escaped
from converters.platforms.easemob.values import table, text

_SMALL, _LARGE = 10_000_000, 10 << 20
"""Bytes that "10 MB" can mean."""
_HOUR = 3_600_000
_MAINLAND, _OVERSEAS = 8.0, 0.0
_UNSEEN = Words("callbacks cannot be seen", "看不到回调")

CHECKS = (
    Check(
        name="group-recall",
        title=Words("recall in a group", "群消息撤回"),
        does=Words("makes a group of the two, writes into it and recalls that", "用两个用户建群,发一条群消息并撤回"),
        settles="A recall's callback names neither `group_id` nor the kind of conversation (the page's sample has none, its table has one). "
        "Where was the message?",
    ),
    Check(
        name="dissolution",
        title=Words("dissolution of a group", "解散群组"),
        does=Words("dissolves that group", "解散该群"),
        settles="Is `LEAVE` with type `DELETE` always the end of the group, or is a deleted user called back so too?",
    ),
    Check(
        name="friends-by-rest",
        title=Words("friends by REST", "REST 加好友"),
        does=Words("makes the two friends", "将两个用户加为好友"),
        settles="Are friends who are made by REST called back, as removals and blocks are?",
    ),
    Check(
        name="file-limit",
        title=Words("largest file", "文件上限"),
        does=Words("uploads 10,240,000 bytes, which Easemob keeps for its usual days", "上传 10,240,000 字节的文件(环信按套餐天数保留)"),
        settles="Are 10 MB of a file 10,000,000 or 10,485,760 bytes?",
    ),
    Check(
        name="history-hours",
        title=Words("hours of history files", "历史消息文件的时区"),
        does=Words("asks for the history files of the last three hours by both clocks", "按两种时区查询最近三小时的历史消息文件"),
        settles="Which hour do history files and slots of lost callbacks count from?",
    ),
)


def remove(account: EasemobAccount, names: Names, made: Made) -> tuple[Request, ...]:
    groups = [call(account, "DELETE", f"chatgroups/{escaped(one)}", "chatgroups/delete") for one in made.groups]
    people = () if names.users else names.people
    return (*groups, *(call(account, "DELETE", f"users/{escaped(one)}", "users/delete") for one in people))


def unfit(reply: Reply) -> bool:
    """Easemob's answers name the error, or hold what was asked for."""
    try:
        held = table(wire.load_any(reply.body))
    except wire.Malformed:
        return True
    return not held.keys() & {"access_token", "error", "error_description", "entities", "data", "action", "uri"}


def run(session: DoctorSession[EasemobAccount], made: Made) -> Diagnosing:
    group = yield from _group(session, made)
    if group:
        yield from _group_recall(session, group)
        yield from _dissolution(session, group)
        made.groups.remove(group)
    yield from _friends(session)
    yield from _file_limit(session)
    yield from _hours(session)


def _group(session: DoctorSession[EasemobAccount], made: Made) -> Any:
    one, other = session.names.people
    body = {"groupname": session.names.group, "description": session.names.group, "public": False, "owner": one, "members": [other]}
    reply = yield call(session.account, "POST", "chatgroups", "chatgroups/create", body, repeatable=False)
    answer = answer_of(reply) if reply is not None and reply.status == 200 else None
    group = text(table(answer.data if answer is not None else None).get("groupid"))
    if group:
        made.groups.append(group)
        session.markers = (*session.markers, group)
        return group
    seen = Words(f"no group could be made: {reply.status if reply else 'no answer'}", f"无法建群:{reply.status if reply else '无响应'}")
    for name in ("group-recall", "dissolution"):
        yield CheckResult(check=name, state="bad", seen=seen, todo=Words("see the plan's number of groups", "检查套餐的群组数"))
    return ""


def _group_recall(session: DoctorSession[EasemobAccount], group: str) -> Diagnosing:
    now = yield Clock()
    sent = session.delivery(Post(Text(f"{session.names.prefix} 3")), now, group=group)
    outcome = yield from session.do(sent)
    message = message_of(outcome, sent.sender, now)
    if message is None:
        yield CheckResult(check="group-recall", state="bad", seen=told(outcome))
        return
    recalled = session.delivery(Recall(Ref(message.id, event=sent.event.id, author=sent.sender, at=message.at)), now, group=group)
    outcome = yield from session.do(recalled, TargetContext((message,)))
    if not isinstance(outcome, Delivered):
        yield CheckResult(
            check="group-recall", state="bad", seen=told(outcome), todo=Words("have the recall service opened", "开通消息撤回服务")
        )
        return
    found = yield from _heard(session, lambda said: _recalls(said, message.id))
    if isinstance(found, CheckResult):
        yield _named(found, "group-recall")
        return
    names_it = group in {text(found.get("group_id")), text(table(found.get("payload")).get("group_id"))}
    seen = (
        Words("the callback names the group", "回调带有 group_id")
        if names_it
        else Words("the callback does not name the group", "回调没有 group_id")
    )
    yield CheckResult(check="group-recall", state="good", seen=seen)


def _recalls(said: dict[str, Any], message: str) -> bool:
    return text(said.get("chat_type")) == "recall" and message in {
        text(said.get("recall_id")),
        text(table(said.get("payload")).get("ack_message_id")),
    }


def _dissolution(session: DoctorSession[EasemobAccount], group: str) -> Diagnosing:
    reply = yield call(session.account, "DELETE", f"chatgroups/{escaped(group)}", "chatgroups/delete")
    if reply is None or reply.status != 200:
        yield CheckResult(
            check="dissolution",
            state="bad",
            seen=Words(f"not dissolved: {reply.status if reply else 'no answer'}", f"解散失败:{reply.status if reply else '无响应'}"),
        )
        return
    # Both events may come, in any order: what is waited for is the one that counts.
    ended = yield from _heard(session, lambda said: _group_event(said, group, leave=False))
    if not isinstance(ended, CheckResult):
        yield CheckResult(
            check="dissolution", state="good", seen=Words("DELETE is called back", "回调 DELETE 事件"), settings={"dissolved_by": "delete"}
        )
        return
    left = yield from _heard(session, lambda said: _group_event(said, group, leave=True), 0.0)
    if not isinstance(left, CheckResult):
        seen = Words("only LEAVE of type DELETE is called back", "只回调类型为 DELETE 的 LEAVE 事件")
        yield CheckResult(check="dissolution", state="good", seen=seen, settings={"dissolved_by": "leave"})
        return
    yield _named(ended, "dissolution")


def _group_event(said: dict[str, Any], group: str, *, leave: bool) -> bool:
    """In the envelope of today's apps, or that of old ones."""
    payload = table(said.get("payload"))
    where = {text(said.get("id")), text(payload.get("muc_id")).rpartition("_")[2].partition("@")[0]}
    operation, kind = text(said.get("operation") or payload.get("operation")).upper(), text(payload.get("type")).upper()
    if group not in where:
        return False
    return operation == "LEAVE" and kind == "DELETE" if leave else operation in {"DELETE", "DESTROY"}


def _friends(session: DoctorSession[EasemobAccount]) -> Diagnosing:
    one, other = session.names.people
    path = f"users/{escaped(one)}/contacts/users/{escaped(other)}"
    reply = yield call(session.account, "POST", path, "contacts/add")
    if reply is None or reply.status != 200:
        yield CheckResult(
            check="friends-by-rest",
            state="bad",
            seen=Words(f"refused: {reply.status if reply else 'no answer'}", f"被拒绝:{reply.status if reply else '无响应'}"),
        )
        return
    found = yield from session.hear(
        session.says(lambda one: isinstance(one, DecodedEvent) and isinstance(one.event.operation, FriendChanged))
    )
    if not session.names.listens:
        yield CheckResult(check="friends-by-rest", state="open", seen=_UNSEEN)
        return
    seen = Words("called back", "有回调") if found is not None else Words("not called back", "没有回调")
    yield CheckResult(check="friends-by-rest", state="good", seen=seen)


def _file_limit(session: DoctorSession[EasemobAccount]) -> Diagnosing:
    """Between the two readings. Where less is taken the plan has another limit, or the upload another fault."""
    upload = FileUpload(content=bytes(_SMALL + 240_000), name="a.bin", mime="application/octet-stream", role="file")
    reply = yield media.upload(upload, session.account)
    if reply is not None and reply.status == 200:
        yield CheckResult(
            check="file-limit",
            state="good",
            seen=Words("10,240,000 bytes: taken", "10,240,000 字节:接受"),
            settings=_at_least(session.account),
        )
    elif reply is not None and reply.status == 413:
        yield CheckResult(
            check="file-limit", state="good", seen=Words("10,240,000 bytes: 413", "10,240,000 字节:413"), settings={"file_limit": _SMALL}
        )
    else:
        status = reply.status if reply is not None else "no answer"
        yield CheckResult(check="file-limit", state="open", seen=Words(f"10,240,000 bytes: {status}", f"10,240,000 字节:{status}"))


def _at_least(account: EasemobAccount) -> dict[str, int]:
    """A limit that was raised stays."""
    return {"file_limit": max(_LARGE, account.file_limit)}


def _hours(session: DoctorSession[EasemobAccount]) -> Diagnosing:
    """A file that is there under the name of an hour which has not come by UTC is one of Beijing's; one that is there under UTC's alone is UTC's."""
    now = yield Clock()
    there: dict[float, int] = {}
    for ahead in (_MAINLAND, _OVERSEAS):
        for hour in offset_hours.hour_names(TimeRange(now - 3 * _HOUR, now - 1), ahead):
            reply = yield call(session.account, "GET", f"chatmessages/{hour}", "chatmessages")
            there[ahead] = there.get(ahead, 0) + (1 if reply is not None and urls_of(reply) else 0)
    if there[_MAINLAND]:
        yield CheckResult(check="history-hours", state="good", seen=Words("Beijing's", "北京时间"), settings={"hours_ahead": _MAINLAND})
    elif there[_OVERSEAS]:
        yield CheckResult(check="history-hours", state="good", seen=Words("UTC", "UTC"), settings={"hours_ahead": _OVERSEAS})
    else:
        todo = Words("ask again when people have written for some hours", "有数小时真实消息后再检查")
        yield CheckResult(check="history-hours", state="open", seen=Words("no file of these hours", "这些小时没有文件"), todo=todo)


def _heard(session: DoctorSession[EasemobAccount], wanted: Callable[[dict[str, Any]], bool], seconds: float | None = None) -> Any:
    """The body of the first callback that is *wanted*; a CheckResult of no name where none came."""
    if not session.names.listens:
        return CheckResult(check="", state="open", seen=_UNSEEN)
    found = yield from session.hear(lambda heard: not heard.rejected and wanted(_body(heard)), seconds)
    if found is None:
        return CheckResult(check="", state="bad", seen=Words("not called back", "没有回调"), todo=CONSOLE)
    return _body(found[1])


def _body(heard: Heard) -> dict[str, Any]:
    try:
        return table(wire.load_any(heard.callback.body))
    except wire.Malformed:
        return {}


def _named(result: CheckResult, name: str) -> CheckResult:
    return CheckResult(check=name, state=result.state, seen=result.seen, todo=result.todo)


CONSOLE = Words(
    "console, callbacks, a rule after sending: this address, all chat messages and all events, from the SDK and from REST",
    "控制台 - 消息回调 - 发送后回调规则:本地址、全部聊天消息与事件,来源勾选 SDK 和 REST",
)

_UNSIGNED = Words(
    "Easemob sends these events unsigned: set unsigned_events, and let only Easemob's networks reach the address",
    "环信发送的这类事件没有签名:设置 unsigned_events,并只允许环信网段访问回调地址",
)

DOCTOR = DoctorPlan(
    console=CONSOLE,
    remove=remove,
    settles={"reaction": "Are the samples right that show reactions, threads and push results without a signature?"},
    refused={"unsigned": (_UNSIGNED, {"unsigned_events": True})},
    checks=CHECKS,
    run=run,
    unfit=unfit,
    left=Words("uploaded files, until they expire", "已上传的文件,到期自动删除"),
)
