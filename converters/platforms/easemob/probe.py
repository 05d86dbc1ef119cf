"""How a migration finds out, on the customer's own app and with ids to be thrown away, what Easemob's pages leave open.

Source: "Easemob: Import messages", "… Manage users", "… API call limits", "… Groups". Each step is an ordinary call; what its answer says
becomes a field of `Findings`. Nobody who uses the app sees any of it: nobody knows the users that are made.
"""

import zlib
from collections.abc import Generator, Sequence
from typing import Any

from msgspec import structs

from converters.core import offset_hours, wire
from converters.core.event_id import new_event_id
from converters.core.lenient import word
from converters.platform import FileRequest, Reply, Request, TimeRange
from converters.platforms.easemob.account import EasemobAccount
from converters.platforms.easemob.gaps import lines_of, urls_of
from converters.platforms.easemob.history import digest
from converters.platforms.easemob.replies import answer_of, not_about_it
from converters.platforms.easemob.requests import call, escaped
from converters.platforms.easemob.values import number, table, text
from converters.probing import Answered, Burst, Findings, Listen, Look, Pause, ProbeNames, ProbePlan, Probing, Question
from converters.text import echo_mark

FULL_BATCH = 60
_LISTENING = 45.0
"""Seconds for which a callback is waited for: longer than Easemob's own second try."""
_HOUR = 3_600_000
_PAUSE = 2.0
"""Seconds until a quota that was exceeded is whole again."""

QUESTIONS = (
    Question(
        name="repeat",
        words="Is an import with the timestamp of the last one refused, swallowed, or stored twice?",
        zh="以上一条消息的时间戳再次导入时,是被拒绝、被忽略,还是存成两条?",
        careful="refused: a doubtful import is sent once more",
    ),
    Question(
        name="callbacks", words="Are imports called back?", zh="导入的消息是否触发回调?", careful="they may be: each bears the relay's mark"
    ),
    Question(name="before_group", words="Can a message be older than its group?", zh="群消息能否早于建群时间?", careful="no"),
    Question(
        name="conversations",
        words="Does a new device show a conversation whose messages were imported?",
        zh="新设备上能否看到只有导入消息的会话?",
        careful="no: the app pulls roaming messages",
        by_person=True,
    ),
    Question(name="unread", words="Do imports count as offline messages?", zh="导入的消息是否计入离线消息数?", careful="they may"),
    Question(name="in_files", words="Are imports in the history files?", zh="历史消息文件中是否包含导入的消息?", careful="no"),
    Question(
        name="full_batch", words="Do exactly 60 registrations in one call pass?", zh="一次注册正好 60 个用户能否成功?", careful="no: 59"
    ),
    Question(
        name="shared",
        words="Do push settings share the quota of registration?",
        zh="推送设置是否与用户注册共用调用频率上限?",
        careful="yes",
    ),
    Question(name="custom_ids", words="May the id of a group be chosen?", zh="是否已开通自定义群组 ID?", careful="no"),
)

_Step = Generator[Any, Any, Findings]


def run(account: EasemobAccount, names: ProbeNames) -> Probing:
    """One step after the other; what one of them cannot find out stays unknown."""
    findings = yield from _batch(account, names, Findings())
    findings = yield from _imports(account, names, findings)
    findings = yield from _group(account, names, findings)
    findings = yield from _quota(account, names, findings)
    for request in clean(account, names):  # noqa: UP028 - what is sent back must not reach a tuple
        yield request
    return findings


def user(names: ProbeNames, place: int) -> str:
    return f"{names.prefix}{place:03}"


def clean(account: EasemobAccount, names: ProbeNames) -> tuple[Request, ...]:
    """With its owner a group goes as well."""
    people = [user(names, place) for place in range(FULL_BATCH)]
    return tuple(call(account, "DELETE", f"users/{escaped(one)}", "users/delete") for one in people)


def _batch(account: EasemobAccount, names: ProbeNames, findings: Findings) -> _Step:
    """Exactly as many users as the page allows; where that is too many, one less."""
    people = [user(names, place) for place in range(FULL_BATCH)]
    request = _register(people, account, names)
    reply = yield request
    if _good(reply):
        return (yield from _found(findings, "full_batch", True, "60 registrations in one call: 200"))
    if reply is None or not_about_it(request, reply, answer_of(reply)) is not None:
        return findings
    less = yield _register(people[:-1], account, names)
    if not _good(less):
        yield _register(people[:2], account, names)
        return findings
    return (yield from _found(findings, "full_batch", False, f"60 registrations in one call: {reply.status}, 59: 200"))


def _register(people: Sequence[str], account: EasemobAccount, names: ProbeNames) -> Request:
    return call(account, "POST", "users", "users", [{"username": one, "password": names.password} for one in people])


def _imports(account: EasemobAccount, names: ProbeNames, findings: Findings) -> _Step:
    """Two messages of one timestamp. That the second one has an id of its own says that it is stored, unless a count says that it is not."""
    one, other = user(names, 0), user(names, 1)
    first = yield _import(account, names, other, _said_at(names), _FIRST)
    if not _good(first):
        return findings
    request = _import(account, names, other, _said_at(names), _SECOND)
    second = yield request
    counted = yield call(account, "GET", f"users/{escaped(other)}/offline_msg_count", "users/get")
    count = number(table(_data(counted)).get(other)) if _good(counted) else None
    if count is not None:
        findings = yield from _found(findings, "unread", count > 0, f"offline messages after the imports: {int(count)}")
    findings = yield from _repeated(findings, request, first, second, count)
    heard = yield Listen(_text(names, _FIRST), _LISTENING)
    if heard is not None:
        findings = yield from _found(findings, "callbacks", bool(heard), "a callback came" if heard else "no callback came")
    looked = yield Look("conversations", other, one)
    if looked is not None:
        findings = yield from _found(findings, "conversations", bool(looked), "a person looked")
    return findings


def _repeated(findings: Findings, request: Request, first: Reply, second: Reply | None, count: float | None) -> _Step:
    if second is None:
        return findings
    if _good(second):
        same = _message(second) in {"", _message(first)}
        told = "swallowed" if same or count == 1 else "doubled"
        return (
            yield from _found(findings, "repeat", told, "the same timestamp again: 200" + (", the same id" if same else ", another id"))
        )
    if not_about_it(request, second, answer_of(second)) is not None:
        return findings
    findings = structs.replace(findings, repeat_said=_digest(request, second))
    return (yield from _found(findings, "repeat", "refused", f"the same timestamp again: {second.status}"))


def _group(account: EasemobAccount, names: ProbeNames, findings: Findings) -> _Step:
    """A group under an id of ours, or one under theirs; and a message that is older than it."""
    owner = user(names, 0)
    event = new_event_id("migration", names.app, "group", names.prefix, "probed")
    custom = {account.mark: echo_mark.make(event, echo_mark.MarkedMessage(names.app, echo_mark.NEW_GROUP, owner, ""), account)}
    body: dict[str, Any] = {"groupname": names.prefix, "public": False, "owner": owner, "custom": wire.dump_any(custom).decode()}
    chosen = f"{names.prefix}group"
    request = call(account, "POST", "chatgroups", "chatgroups/create", body | {"groupid": chosen}, repeatable=False)
    reply = yield request
    made = text(table(_data(reply)).get("groupid"))
    if made:
        findings = yield from _found(
            findings, "custom_ids", made == chosen, "a group under a chosen id: " + ("taken" if made == chosen else "ignored")
        )
    elif reply is not None and reply.status != 200 and not_about_it(request, reply, answer_of(reply)) is None:
        findings = yield from _found(findings, "custom_ids", False, f"a group under a chosen id: {reply.status}")
        again = yield call(account, "POST", "chatgroups", "chatgroups/create", body, repeatable=False)
        made = text(table(_data(again)).get("groupid"))
    if not made:
        return findings
    request = _import(account, names, made, _said_at(names), _FIRST, group=True)
    reply = yield request
    if _good(reply) and _message(reply):
        return (yield from _found(findings, "before_group", "accepted", "a message older than its group: 200"))
    if reply is None or not_about_it(request, reply, answer_of(reply)) is not None or reply.status == 200:
        return findings
    findings = structs.replace(findings, before_said=_digest(request, reply))
    return (yield from _found(findings, "before_group", "refused", f"a message older than its group: {reply.status}"))


def _quota(account: EasemobAccount, names: ProbeNames, findings: Findings) -> _Step:
    """Seven tenths of the quota of user management and as many calls of another kind: where both are one, some are refused."""
    if not names.burst:
        return findings
    some, own = max(1, names.burst * 7 // 10), escaped(user(names, 0))
    plain = call(account, "GET", f"users/{own}", "users/get")
    others = {
        "push/nickname": call(
            account, "PUT", "push/nickname", "push/nickname", [{"username": user(names, 0), "push_nickname": names.prefix}]
        ),
        "push/style": call(account, "PUT", f"users/{own}", "push/style", {"notification_display_style": "1"}),
        "notification": call(account, "PUT", f"users/{own}/notification/user/{own}", "notification", {"type": "ALL"}),
    }
    shared: list[str] = []
    for api, other in others.items():
        yield Pause(_PAUSE)
        replies = yield Burst((plain, other) * some)
        statuses = [reply.status for reply in replies or () if reply is not None]
        if len(statuses) < some * 2 or not statuses.count(200):
            return findings
        if 429 in statuses:
            shared.append(api)
    yield Pause(_PAUSE)
    return (yield from _found(findings, "shared", tuple(shared), f"{some} calls of each in one instant"))


def later(account: EasemobAccount, names: ProbeNames, findings: Findings) -> Probing:
    """The history file of the hour in which the imports lie, and of the one in which they were made: files come up to a day late."""
    seen: set[str] = set()
    read = False
    for at in dict.fromkeys((_said_at(names), names.now)):
        hour = next(offset_hours.hour_names(TimeRange(at, at + 1), account.hours_ahead))
        reply = yield call(account, "GET", f"chatmessages/{hour}", "chatmessages")
        for url in urls_of(reply) if reply is not None else ():
            file = yield FileRequest(url)
            if file is not None and file.status == 200:
                read = True
                seen |= _seen(file.body, names)
    if not read:
        return findings
    findings = yield from _found(
        findings, "in_files", bool(seen), "found in a history file" if seen else "in no history file of those hours"
    )
    if seen and findings.repeat in {"", "doubled", "swallowed"}:
        told = "doubled" if len(seen) > 1 else "swallowed"
        findings = yield from _found(findings, "repeat", told, f"{len(seen)} of the two are in the history file")
    return findings


_FIRST, _SECOND = "first", "second"


def _seen(file: bytes, names: ProbeNames) -> set[str]:
    """Which of the two messages between users are in it."""
    try:
        lines = [line for line in lines_of(file) if user(names, 1).encode() in line]
    except (OSError, EOFError, zlib.error, wire.Malformed):
        return set()
    return {word for word in (_FIRST, _SECOND) if any(_text(names, word).encode() in line for line in lines)}


def _said_at(names: ProbeNames) -> int:
    return names.now - 2 * _HOUR


def _text(names: ProbeNames, which: str) -> str:
    return f"{names.prefix} {which}"


def _import(account: EasemobAccount, names: ProbeNames, target: str, at: int, which: str, *, group: bool = False) -> Request:
    api = "messages/chatgroups/import" if group else "messages/users/import"
    body = {"from": user(names, 0), "target": target, "type": "txt", "body": {"msg": _text(names, which)}, "ext": {}, "msg_timestamp": at}
    return call(account, "POST", api, api, body, repeatable=False)


def _found(findings: Findings, name: str, value: object, seen: str) -> _Step:
    yield Answered(name, value, seen)
    return structs.replace(findings, **{name: value})


def _good(reply: Reply | None) -> bool:
    return reply is not None and reply.status == 200


def _data(reply: Reply | None) -> Any:
    answer = answer_of(reply) if reply is not None and reply.status == 200 else None
    return answer.data if answer is not None else None


def _message(reply: Reply | None) -> str:
    return text(table(_data(reply)).get("msg_id"))


def _digest(request: Request, reply: Reply) -> str:
    answer = answer_of(reply)
    return digest(request, reply.status, word(answer.error_description) if answer is not None else "")


PROBE = ProbePlan(questions=QUESTIONS, run=run, later=later, clean=clean)
