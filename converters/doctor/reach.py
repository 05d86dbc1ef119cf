"""Whether the platform is reached, knows us, has our time, and takes users: what everything else needs."""

from collections.abc import Generator
from email.utils import parsedate_to_datetime
from typing import Any

from converters.core import wire
from converters.core.outcome import Delivered, Outcome
from converters.doctor.session import DoctorSession, is_ours, told
from converters.doctor.steps import Bare, CheckResult, Clock, DoctorPlan, Words
from converters.platform import A, Reply, Token

_SKEW = 60_000
"""Milliseconds that two clocks may differ: signatures hold for minutes."""
KEYS = Words(
    "compare key, secret and app in the settings with the console; see whether the plan, the IP white list or the account's state stops us",
    "对照控制台核对设置中的 key、secret 和应用;检查套餐、IP 白名单与账号状态",
)


def reached(session: DoctorSession[A], plan: DoctorPlan[A]) -> Generator[Any, Any, bool]:
    """Address, credentials, clock, users. False: nothing more can be asked."""
    platform, account = session.platform, session.account
    token = isinstance(platform.auth, Token)
    register = platform.register
    first = (
        platform.auth.ask(account)
        if isinstance(platform.auth, Token)
        else register(session.names.people[0], "", account)
        if register
        else None
    )
    if first is None:
        yield CheckResult(check="address", state="open", seen=Words("no call without effect", "没有无副作用的请求"))
        yield CheckResult(check="credentials", state="open", seen=Words("seen by the message", "由消息检查得出"))
        yield CheckResult(check="clock", state="open", seen=Words("no answer to compare with", "没有可比较的响应"))
        yield CheckResult(check="users", state="good" if session.names.users else "open", seen=Words("as named", "按命令行给出的用户"))
        return True
    before = yield Clock()
    reply = yield (Bare(first) if token else first)
    after = yield Clock()
    if not (yield from _address(reply, plan)):
        return False
    yield _clock(reply, before, after)
    if isinstance(platform.auth, Token):
        granted = platform.auth.read(reply)
        if isinstance(granted, str):
            yield CheckResult(check="credentials", state="bad", seen=Words(granted, granted), todo=KEYS)
            return False
        yield CheckResult(check="credentials", state="good", seen=Words("token granted", "已获得 token"))
        return (yield from _users(session, None))
    outcome = session.outcome(first, reply)
    if is_ours(outcome):
        yield CheckResult(check="credentials", state="bad", seen=told(outcome), todo=KEYS)
        return False
    yield CheckResult(check="credentials", state="good", seen=Words("signature accepted", "签名通过"))
    return (yield from _users(session, outcome))


def _address(reply: Reply | None, plan: DoctorPlan[A]) -> Generator[Any, Any, bool]:
    if reply is None:
        todo = Words(
            "check base_url, DNS, the firewall and the proxy; see the log of `im-relay deliver`", "检查 base_url、DNS、防火墙和代理"
        )
        yield CheckResult(check="address", state="bad", seen=Words("no answer", "无响应"), todo=todo)
        return False
    if not _is_json(reply) or plan.unfit(reply):
        seen = Words(f"{reply.status}, no answer of this API", f"{reply.status},不是该 API 的响应")
        todo = Words(
            "set base_url as the console shows it, with the data centre of the app", "按控制台显示设置 base_url,并核对应用所在数据中心"
        )
        yield CheckResult(check="address", state="bad", seen=seen, todo=todo)
        return False
    yield CheckResult(check="address", state="good", seen=Words(f"answers, {reply.status}", f"有响应,{reply.status}"))
    return True


def _is_json(reply: Reply) -> bool:
    try:
        return isinstance(wire.load_any(reply.body), dict)
    except wire.Malformed:
        return False


def _clock(reply: Reply, before: int, after: int) -> CheckResult:
    try:
        theirs = int(
            parsedate_to_datetime(next((value for name, value in reply.headers.items() if name.lower() == "date"), "")).timestamp() * 1000
        )
    except (ValueError, TypeError, OverflowError):
        return CheckResult(check="clock", state="open", seen=Words("the answer has no Date", "响应没有 Date"))
    # A Date is cut to the second, and made at any moment between the two.
    off = before - theirs - 1000 if before - theirs > 1000 else after - theirs if after < theirs else 0
    seen = Words(f"{off / 1000:+.1f} s", f"{off / 1000:+.1f} 秒")
    if abs(off) <= _SKEW:
        return CheckResult(check="clock", state="good", seen=seen)
    todo = Words("set this machine's clock by NTP: signatures and tokens depend on it", "用 NTP 校准本机时钟:签名和 token 依赖它")
    return CheckResult(check="clock", state="bad", seen=seen, todo=todo)


def _users(session: DoctorSession[A], first: Outcome | None) -> Generator[Any, Any, bool]:
    register = session.platform.register
    if session.names.users is not None or register is None:
        yield CheckResult(check="users", state="good", seen=Words("as named", "按命令行给出的用户"))
        return True
    for user in session.names.people:
        if first is not None:
            outcome, first = first, None
        else:
            request = register(user, "", session.account)
            outcome = session.outcome(request, (yield request))
        if not isinstance(outcome, Delivered):
            todo = (
                KEYS
                if is_ours(outcome)
                else Words(
                    "see whether the plan's number of users is used up; or name two that are there: --user A --user B",
                    "检查套餐的用户数是否已满;或用 --user A --user B 指定已有用户",
                )
            )
            yield CheckResult(check="users", state="bad", seen=told(outcome), todo=todo)
            return False
    yield CheckResult(check="users", state="good", seen=Words("2 registered", "已注册 2 个"))
    return True
