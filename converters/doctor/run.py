"""What every platform is asked on the first day, in this order; each step is an ordinary call of the relay.

What a message does bears the relay's own mark, so that a running relay ends it as an echo and carries it nowhere.
"""

from collections.abc import Generator, Mapping
from typing import Any

from msgspec import structs

from converters.core.bodies import File, Text
from converters.core.model import Delivery, TargetContext
from converters.core.operations import Edit, Operation, Post, Reaction, Read, Recall, Ref
from converters.core.outcome import Delivered, Outcome, Unsure
from converters.doctor.checks import CHECKS
from converters.doctor.reach import KEYS, reached
from converters.doctor.session import DoctorSession, is_ours, message_of, told
from converters.doctor.steps import NO_WORDS, Check, CheckResult, Clock, Diagnosing, DoctorPlan, Fetch, Made, Names, State, Words
from converters.files.media import FileUpload, Role
from converters.files.samples import AMR, GIF, PNG
from converters.platform import A, DecodedEvent, OwnEcho, Platform, Request

_SLOW = 10_000
"""Milliseconds after which an echo is late: a send in doubt is settled by it within `deliver.echo_wait`."""
_FILES: tuple[tuple[str, str, Role, bytes], ...] = (
    ("a.png", "image/png", "image", PNG),
    ("a.gif", "image/gif", "gif", GIF),
    ("a.amr", "audio/amr", "voice", AMR),
)
_NOT_TRIED = Words("not tried: something before it failed", "未检查:前面的步骤失败")
_UNSEEN = Words("callbacks cannot be seen", "看不到回调")

_Say = Generator[Any, Any, None]


def checks_of(plan: DoctorPlan[A]) -> tuple[Check, ...]:
    """Every line of one platform, in the order of the output."""
    common = (structs.replace(check, settles=plan.settles.get(check.name, "")) for check in CHECKS)
    return (*common, *plan.checks)


def diagnose(platform: Platform[A], plan: DoctorPlan[A], account: A, names: Names, made: Made) -> Diagnosing:
    """One CheckResult for each of `checks_of`. *made* is filled in on the way; `DoctorPlan.remove` takes it away."""
    session = DoctorSession(platform, plan.trying(account), names)
    left = [check.name for check in checks_of(plan)]
    for_all = _all(session, plan, made)
    answer: Any = None
    while True:
        try:
            step = for_all.send(answer)
        except StopIteration:
            break
        if isinstance(step, CheckResult):
            left.remove(step.check)
        answer = yield step
    for name in left:
        if name != "quota":
            yield CheckResult(check=name, state="open", seen=_NOT_TRIED)
    yield _quota(session)


def _all(session: DoctorSession[A], plan: DoctorPlan[A], made: Made) -> Diagnosing:
    if not (yield from reached(session, plan)):
        return
    outcome = yield from _message(session)
    if not isinstance(outcome, Delivered):
        return
    if plan.run is not None:
        yield from plan.run(session, made)


def _message(session: DoctorSession[A]) -> Generator[Any, Any, Outcome | None]:
    """A message and everything that is done to it. Returns what became of the message."""
    now = yield Clock()
    delivery = session.delivery(Post(Text(f"{session.names.prefix} 1")), now)
    outcome = yield from session.do(delivery)
    if not isinstance(outcome, Delivered):
        todo = (
            KEYS
            if is_ours(outcome)
            else Words(
                "see the code in the vendor's list; does sending need a service of the plan?", "查询厂商错误码;发消息是否需要开通服务?"
            )
        )
        yield CheckResult(check="message", state="bad", seen=told(outcome), todo=todo)
        return outcome
    sent_at = yield Clock()
    yield CheckResult(check="message", state="good", seen=Words(f"taken in {sent_at - now} ms", f"{sent_at - now} 毫秒内接受"))
    echo = yield from _echo(session, delivery.event.id, outcome, now)
    message = message_of(outcome, delivery.sender, now, echo)
    assert message is not None
    ref = Ref(message.id, event=delivery.event.id, author=delivery.sender, at=message.at)
    there = TargetContext((message,))
    yield from _history(session, delivery, now)
    yield from _done(session, "read", Read(ref, now), there, back=True)
    yield from _done(session, "reaction", Reaction(ref, "👍"), there, back=True)
    yield from _done(session, "edit", Edit(ref, Text(f"{session.names.prefix} 2")), there)
    yield from _done(session, "recall", Recall(ref), there)
    yield from _files(session)
    return outcome


def _echo(session: DoctorSession[A], event: str, outcome: Delivered, now: int) -> Generator[Any, Any, OwnEcho | None]:
    """The callback of the message, and our mark in it."""
    if not session.names.listens:
        for name in ("callback", "echo"):
            yield CheckResult(
                check=name,
                state="open",
                seen=_UNSEEN,
                todo=Words("run with --listen, or with Kafka in the settings", "使用 --listen,或在设置中配置 Kafka"),
            )
        return None

    def about(one: DecodedEvent | OwnEcho) -> bool:
        if isinstance(one, OwnEcho):
            return one.event_id == event
        return isinstance(one.event.operation, Post) and (not outcome.remote_id or one.event.remote_id == outcome.remote_id)

    found = yield from session.hear(lambda heard: bool(heard.rejected) or session.says(about)(heard))
    if found is None:
        yield CheckResult(check="callback", state="bad", seen=Words("none came", "没有收到"), todo=_console(session))
        yield CheckResult(check="echo", state="open", seen=_NOT_TRIED)
        return None
    at, heard = found
    if heard.rejected:
        seen = Words(f"it came and was refused: {heard.rejected}", f"收到但被拒绝:{heard.rejected}")
        todo = Words(
            "compare the callback's secret in the settings with that of the rule in the console, and the clocks of both",
            "核对设置中的回调密钥与控制台规则中的密钥,以及双方时钟",
        )
        yield CheckResult(check="callback", state="bad", seen=seen, todo=todo)
        yield CheckResult(check="echo", state="open", seen=_NOT_TRIED)
        return None
    yield CheckResult(check="callback", state="good", seen=Words(f"after {at - now} ms", f"{at - now} 毫秒后收到"))
    said = [one for one in session.decoded(heard.callback) if about(one)]
    for one in said:
        if isinstance(one, OwnEcho) and one.keyed:
            late = at - now > _SLOW
            todo = Words("raise deliver.echo_wait above it", "将 deliver.echo_wait 设得更大") if late else NO_WORDS
            yield CheckResult(
                check="echo", state="bad" if late else "good", seen=Words(f"known after {at - now} ms", f"{at - now} 毫秒后识别"), todo=todo
            )
            return one
    seen = Words("the relay's mark is missing or was changed", "标记缺失或被改动")
    todo = Words(
        "see that no hook of the app rewrites the extension of messages, and that all roles have one marks.secret",
        "检查应用没有改写消息扩展字段的回调,且所有进程使用同一 marks.secret",
    )
    yield CheckResult(check="echo", state="bad", seen=seen, todo=todo)
    return None


def _console(session: DoctorSession[A]) -> Words:
    plan = session.platform.doctor
    return plan.console if plan is not None else NO_WORDS


def _settled(session: DoctorSession[A]) -> Mapping[str, str]:
    plan = session.platform.doctor
    return plan.settles if plan is not None else {}


def _advice(session: DoctorSession[A], refused: list[str]) -> tuple[Words, Mapping[str, Any]]:
    plan = session.platform.doctor
    for reason in refused:
        if plan is not None and reason in plan.refused:
            return plan.refused[reason]
    return _console(session), {}


def _done(session: DoctorSession[A], name: str, operation: Operation, there: TargetContext, *, back: bool = False) -> _Say:
    """One operation on the message: is it taken, and is it called back?"""
    now = yield Clock()
    delivery = session.delivery(operation, now, back=back)
    outcome = yield from session.do(delivery, there)
    if outcome is None:
        todo = Words("do it in the app and look at the callback", "在客户端操作一次并查看回调")
        yield CheckResult(check=name, state="open", seen=told(outcome), todo=todo)
        return
    if not isinstance(outcome, Delivered):
        todo = KEYS if is_ours(outcome) else Words("open the service in the console or with sales", "在控制台或联系商务开通该服务")
        yield CheckResult(check=name, state="bad", seen=told(outcome), todo=todo)
        return
    if not session.names.listens:
        yield CheckResult(check=name, state="open", seen=Words("taken; " + _UNSEEN.en, "已接受;" + _UNSEEN.zh))
        return
    kind, named = type(operation), there.message[0].id

    def about(one: DecodedEvent | OwnEcho) -> bool:
        if isinstance(one, OwnEcho):  # what is written with our mark
            return one.event_id == delivery.event.id
        if not isinstance(one.event.operation, kind):
            return False
        ref: Ref | None = getattr(one.event.operation, "message", None)
        return ref is None or not ref.id or ref.id == named

    found = yield from session.hear(session.says(about))
    if found is None:
        refused = sorted({heard.rejected for at, heard in session.came if at >= now and heard.rejected})
        seen = Words(
            f"taken, and {f'its callback refused: {refused[0]}' if refused else 'not called back'}",
            f"已接受,{f'回调被拒绝:{refused[0]}' if refused else '没有回调'}",
        )
        if not refused and name in _settled(session):  # nobody knows whether it should be
            yield CheckResult(check=name, state="good", seen=seen)
            return
        todo, settings = _advice(session, refused)
        yield CheckResult(check=name, state="bad", seen=seen, todo=todo, settings=settings)
        return
    yield CheckResult(
        check=name, state="good", seen=Words(f"taken, called back after {found[0] - now} ms", f"已接受,{found[0] - now} 毫秒后回调")
    )


def _history(session: DoctorSession[A], delivery: Delivery, now: int) -> _Say:
    """The look-up that settles a send in doubt."""
    look_up = session.platform.look_up
    end = yield Clock()
    asked = look_up.ask(delivery, session.account, now - 60_000, end + 60_000) if look_up is not None else None
    if look_up is None or asked is None:
        yield CheckResult(check="history", state="open", seen=told(None))
        return
    reply = yield asked
    if reply is None:
        yield CheckResult(check="history", state="bad", seen=told(Unsure("no answer")))
        return
    if isinstance(look_up.read(delivery, session.account, reply, 0), Delivered):
        yield CheckResult(check="history", state="good", seen=Words("found", "已找到"))
        return
    outcome = session.outcome(asked, reply)
    seen = (
        Words("answered without the message, or its mark", "有响应,但没有该消息或其标记")
        if isinstance(outcome, Delivered)
        else told(outcome)
    )
    todo = Words(
        "open the history service; until then sends in doubt are settled by callbacks alone",
        "开通历史消息服务;否则存疑的发送只能靠回调确认",
    )
    yield CheckResult(check="history", state="bad", seen=seen, todo=todo)


def _files(session: DoctorSession[A]) -> _Say:
    media = session.platform.media
    if media is None or media.upload is None or media.uploaded is None:
        seen = Words("the platform keeps none: the relay's store does", "平台不存文件:由 relay 的存储保存")
        yield CheckResult(check="files", state="open", seen=seen)
        return
    came, failed = [], []
    for name, mime, role, content in _FILES:
        upload = FileUpload(content=content, name=name, mime=mime, role=role)
        request = media.upload(upload, session.account)
        reply = yield request
        stored = media.uploaded(upload, request, reply, session.account) if reply is not None else told(Unsure("no answer")).en
        url = getattr(stored, "url", "")
        if not url:
            failed.append(f"{name}: {getattr(stored, 'reason', stored)}")
            continue
        where = media.download(File(url, secret=getattr(stored, "secret", "")), session.account)
        fetched = yield Fetch(where.url, dict(where.headers), where.authorised)
        if fetched is None or fetched.status != 200:
            failed.append(f"{name}: download {fetched.status if fetched else 'no answer'}")
        elif fetched.body != content:
            failed.append(f"{name}: came back changed, {len(fetched.body)} bytes of {len(content)}")
        else:
            came.append(name.rpartition(".")[2].upper())
    state: State = "bad" if failed else "good"
    text = "; ".join([*([f"unchanged: {', '.join(came)}"] if came else []), *failed])
    zh = ";".join([*([f"原样取回:{'、'.join(came)}"] if came else []), *failed])
    todo = (
        Words(
            "see the file service of the plan, and whether this machine reaches the file server",
            "检查套餐的文件服务,以及本机能否访问文件服务器",
        )
        if failed
        else NO_WORDS
    )
    yield CheckResult(check="files", state=state, seen=Words(text, zh), todo=todo)


def _quota(session: DoctorSession[A]) -> CheckResult:
    if not session.throttled:
        return CheckResult(check="quota", state="good", seen=Words("no call was too much", "没有请求因频率被拒"))
    todo = Words("set limits of the app as the plan says, or have the plan's raised", "按套餐设置该应用的 limits,或提升套餐频率")
    seen = Words(f"{session.throttled} calls refused as too many", f"{session.throttled} 次请求因频率被拒")
    return CheckResult(check="quota", state="bad", seen=seen, todo=todo)


def removal(plan: DoctorPlan[A], account: A, names: Names, made: Made) -> tuple[Request, ...]:
    """What takes everything away; users that were there before stay."""
    return plan.remove(account, names, made)
