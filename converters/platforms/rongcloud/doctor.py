"""What the first day with a RongCloud app shows besides what all platforms have: which answers its switches give.

Source: "RongCloud: Send private messages" (msgRandom), "RongCloud: Recall a message", "RongCloud: Download message logs", "RongCloud: Deactivate users".
"""

from collections.abc import Generator
from typing import Any

from msgspec import structs

from converters.core import offset_hours, urlencoded, wire
from converters.core.bodies import Text
from converters.core.lenient import word
from converters.core.model import TargetContext
from converters.core.operations import Post, Recall, Ref
from converters.core.outcome import Delivered
from converters.doctor.session import DoctorSession, message_of, told
from converters.doctor.steps import Check, CheckResult, Clock, Diagnosing, DoctorPlan, Made, Names, State, Words
from converters.platform import Reply, Request, TimeRange
from converters.platforms.rongcloud.account import RongcloudAccount
from converters.platforms.rongcloud.gaps import API as LOG
from converters.platforms.rongcloud.sending import call

_OK = {"200", "10000"}
_OFF = "1009"
_HOUR = 3_600_000
_WRONG = 5_000
"""Milliseconds by which the time of a recall is wrong on purpose."""

CHECKS = (
    Check(
        name="msg-random",
        title=Words("repeats", "重复发送"),
        does=Words("sends one message twice with the same msgRandom", "用相同的 msgRandom 发送同一条消息两次"),
    ),
    Check(
        name="recall-time",
        title=Words("time of a recall", "撤回的时间参数"),
        does=Words("recalls a message with a time that is 5 s off", "用相差 5 秒的时间撤回一条消息"),
        settles="Is the time of a recall, `sentTime`, compared with the message's?",
    ),
    Check(
        name="message-log",
        title=Words("message log", "历史消息日志"),
        does=Words("asks for the logs of the last three hours by both clocks", "按两种时区查询最近三小时的消息日志"),
    ),
)


def remove(account: RongcloudAccount, names: Names, made: Made) -> tuple[Request, ...]:
    del account, made
    return () if names.users else (call("user/deactivate", {"userId": ",".join(names.people)}),)


def unfit(reply: Reply) -> bool:
    return _code(reply) == ""


def run(session: DoctorSession[RongcloudAccount], made: Made) -> Diagnosing:
    del made
    yield from _random(session)
    yield from _recall_time(session)
    yield from _log()


def _random(session: DoctorSession[RongcloudAccount]) -> Diagnosing:
    """The code of a repeat is published nowhere."""
    now = yield Clock()
    account = structs.replace(session.account, msg_random=True, duplicate_code=0)
    (request,) = session.platform.encode(session.delivery(Post(Text(f"{session.names.prefix} 4")), now), account, TargetContext()).requests
    first, second = (yield request), (yield request)
    code, again = _code(first), _code(second)
    if code not in _OK or not again:
        yield CheckResult(
            check="msg-random",
            state="open",
            seen=Words(f"code {code or 'none'}, then {again or 'none'}", f"返回码 {code or '无'},{again or '无'}"),
        )
    elif again in _OK:
        seen = Words("a repeat is a second message: msgRandom is not switched on", "重复请求成为第二条消息:未开通 msgRandom")
        yield CheckResult(check="msg-random", state="good", seen=seen, settings={"msg_random": False})
    elif again.isdecimal():
        seen = Words(f"a repeat is refused with code {again}", f"重复请求被拒,返回码 {again}")
        yield CheckResult(check="msg-random", state="good", seen=seen, settings={"msg_random": True, "duplicate_code": int(again)})


def _recall_time(session: DoctorSession[RongcloudAccount]) -> Diagnosing:
    now = yield Clock()
    sent = session.delivery(Post(Text(f"{session.names.prefix} 5")), now)
    outcome = yield from session.do(sent)
    message = message_of(outcome, sent.sender, now)
    if message is None or not message.id:
        yield CheckResult(check="recall-time", state="open", seen=told(outcome))
        return
    wrong = structs.replace(message, at=now - _WRONG)
    taken = session.delivery(Recall(Ref(message.id, event=sent.event.id, author=sent.sender)), now)
    outcome = yield from session.do(taken, TargetContext((wrong,)))
    if not isinstance(outcome, Delivered):
        yield CheckResult(check="recall-time", state="good", seen=Words(f"compared: {told(outcome).en}", f"会比较:{told(outcome).zh}"))
        return
    look_up = session.platform.look_up
    assert look_up is not None
    end = yield Clock()
    asked = look_up.ask(sent, session.account, now - 60_000, end + 60_000)
    reply = (yield asked) if asked is not None else None
    if reply is None or _code(reply) not in _OK:
        yield CheckResult(
            check="recall-time",
            state="open",
            seen=Words("taken; the history does not tell whether it is gone", "已接受;无法从历史消息确认是否撤回"),
        )
        return
    there = isinstance(look_up.read(sent, session.account, reply, 0), Delivered)
    state: State = "good"
    seen = Words("taken, and the message stays: compared", "已接受,但消息仍在:会比较") if there else Words("not compared", "不比较")
    yield CheckResult(check="recall-time", state=state, seen=seen)


def _log() -> Diagnosing:
    """It names its hours by one of two clocks."""
    now = yield Clock()
    codes: set[str] = set()
    for ahead in (8.0, 0.0):
        for hour in offset_hours.hour_names(TimeRange(now - 3 * _HOUR, now - 1), ahead):
            code, url = yield from _asked(hour)
            codes.add(code)
            if url:
                seen = Words("Beijing's hours", "北京时间") if ahead else Words("hours of UTC", "UTC 时间")
                yield CheckResult(check="message-log", state="good", seen=seen, settings={"hours_ahead": ahead})
                return
    if _OFF in codes:
        todo = Words(
            "switch the message log on, so that `im-relay gaps` finds callbacks that were lost",
            "开通消息日志,`im-relay gaps` 靠它找回丢失的回调",
        )
        yield CheckResult(check="message-log", state="bad", seen=Words("code 1009: not switched on", "返回码 1009:未开通"), todo=todo)
        return
    todo = Words("ask again when people have written for some hours", "有数小时真实消息后再检查")
    yield CheckResult(check="message-log", state="open", seen=Words("no log of these hours", "这些小时没有日志"), todo=todo)


def _asked(hour: str) -> Generator[Any, Any, tuple[str, str]]:
    headers = {"Content-Type": "application/x-www-form-urlencoded"}
    reply = yield Request("POST", f"/{LOG}.json", headers, urlencoded.write({"date": hour}), LOG, repeatable=True)
    return _code(reply), word(_held(reply).get("url"))


def _held(reply: Reply | None) -> dict[str, Any]:
    try:
        held = wire.load_any(reply.body) if reply is not None else None
    except wire.Malformed:
        return {}
    return held if isinstance(held, dict) else {}


def _code(reply: Reply | None) -> str:
    return word(_held(reply).get("code"))


DOCTOR = DoctorPlan(
    console=Words(
        "console, message routing (全量消息路由): this address, with messages of the server API; message operations for recalls and edits",
        "控制台 - 全量消息路由:本地址,勾选服务端 API 消息;消息操作状态回调用于撤回与编辑",
    ),
    remove=remove,
    settles={"edit": "Are edits between two people and in groups routed?"},
    checks=CHECKS,
    run=run,
    unfit=unfit,
    left=Words("the messages between the two, in the history", "两人之间的消息保留在历史中"),
)
