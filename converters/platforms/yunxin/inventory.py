"""What Yunxin gives out of users, relations, teams and history, to be moved from there.

Source: "Yunxin: Server API, users", "… friends", "… teams", "… superteams", "Yunxin: history/querySessionList.action". There is no list of all
accounts, nor of all conversations: whose there are, the customer's own database says, and each one's teams and sessions are asked for.
"""

from collections.abc import Generator, Sequence
from typing import Any, Literal

from converters.core import urlencoded as form
from converters.core import wire
from converters.core.lenient import milliseconds, word
from converters.core.model import direct
from converters.history_pages import begin_of, paged
from converters.inventory import Block, Friendship, Setting, User
from converters.migration import Cursor, Found, NoAnswer, Reading, conversation_of, subject_of
from converters.platform import FoundCallback, Reply, Request, TimeRange
from converters.platforms.yunxin import gaps
from converters.platforms.yunxin.account import YunxinAccount
from converters.platforms.yunxin.calls import FORM
from converters.platforms.yunxin.ids import SUPER
from converters.platforms.yunxin.values import parsed, record, text
from converters.routing.user_ids import fold

_SESSIONS = 100
_NOT_WELL = {"416", "500", "503", "514"}
"""Too many calls, and what Yunxin says of its own faults."""
_GENDERS: dict[str, Literal["male", "female"]] = {"1": "male", "2": "female"}

Asked = Generator[Any, Any, "dict[str, Any] | str"]


def ask(api: str, fields: dict[str, str]) -> Asked:
    """The answer, or why there is none, in words that hold nobody's id."""
    reply: Reply | None = yield Request("POST", f"/{api}.action", {"Content-Type": FORM}, form.write(fields), api, repeatable=True)
    if reply is None:
        return NoAnswer(f"{api}: no answer")
    if reply.status != 200:
        return (NoAnswer if reply.status >= 500 else str)(f"{api}: http {reply.status}")
    try:
        answer = wire.load_any(reply.body)
    except wire.Malformed:
        answer = None
    if not isinstance(answer, dict):
        return f"{api}: unreadable answer"
    code = text(answer, "code")
    if code in _NOT_WELL:
        return NoAnswer(f"{api}: code {code}")
    return answer if code == "200" else f"{api}: code {code[:8]}" if code.isascii() and code.isdecimal() else f"{api}: unreadable answer"


def rows(answer: dict[str, Any], *names: str) -> list[dict[str, Any]]:
    """The objects of the first list there is under one of *names*."""
    for name in names:
        held = parsed(answer.get(name))
        if isinstance(held, list):
            return [row for row in held if isinstance(row, dict)]
    return []


def users(subjects: Sequence[str], span: TimeRange | None, cursor: str, account: YunxinAccount) -> Reading:
    """Who is unknown is left out, or the whole call is refused: then each is asked for alone."""
    del span, cursor, account
    answer = yield from ask("user/getUinfos", {"accids": wire.dump_any(list(subjects)).decode(), "muteStatus": "true"})
    if isinstance(answer, str):
        if len(subjects) == 1 or "414" not in answer:
            return answer
        unseen = 0
        for one in subjects:
            alone = yield from ask("user/getUinfos", {"accids": wire.dump_any([one]).decode(), "muteStatus": "true"})
            unseen += isinstance(alone, str)
            for row in [] if isinstance(alone, str) else rows(alone, "uinfos"):
                yield _user(row)
        return f"user/getUinfos: {unseen} users are not known" if unseen else ""
    for row in rows(answer, "uinfos"):
        yield _user(row)
    return ""


def _user(row: dict[str, Any]) -> User:
    extension = row.get("ex")
    held = record(extension)
    attributes = {str(key): text(held, key) or wire.dump_any(value).decode() for key, value in held.items()} if held else {}
    if extension and held is None:
        attributes = {"ex": word(extension) if isinstance(extension, str | int | float) else ""}
    return User(
        id=fold(text(row, "accid")),
        name=text(row, "name"),
        avatar=text(row, "icon"),
        sign=text(row, "sign"),
        mail=text(row, "email"),
        birth=text(row, "birth"),
        phone=text(row, "mobile"),
        gender=_GENDERS.get(text(row, "gender"), ""),
        attributes=attributes,
        state="banned" if row.get("valid") in (False, "false") else "",
    )


def friends(subjects: Sequence[str], span: TimeRange | None, cursor: str, account: YunxinAccount) -> Reading:
    """Of a friendship that only one side has nothing is moved: there everybody's friend is a friend back."""
    del span, cursor, account
    alone = 0
    for owner in subjects:
        answer = yield from ask("friend/get", {"accid": owner, "updatetime": "0"})
        if isinstance(answer, str):
            return answer
        for row in rows(answer, "friends"):
            if row.get("bidirection") in (False, "false"):
                alone += 1
            elif name := fold(text(row, "faccid")):
                yield Friendship(owner=owner, friend=name, remark=text(row, "alias"), created=milliseconds(text(row, "createtime"), 0))
    return f"friend/get: {alone} friendships have one side only" if alone else ""


def blocks(subjects: Sequence[str], span: TimeRange | None, cursor: str, account: YunxinAccount) -> Reading:
    """Whom somebody does not want to hear of at all, and who does not ring."""
    del span, cursor, account
    for owner in subjects:
        answer = yield from ask("user/listBlackAndMuteList", {"accid": owner})
        if isinstance(answer, str):
            return answer
        black, silent = parsed(answer.get("blacklist")), parsed(answer.get("mutelist"))
        for name in black if isinstance(black, list) else ():
            yield Block(owner=owner, blocked=fold(str(name)))
        for name in silent if isinstance(silent, list) else ():
            yield Setting(user=owner, peer=fold(str(name)), mode="none")
    return ""


def teams(subjects: Sequence[str], span: TimeRange | None, cursor: str, account: YunxinAccount) -> Reading:
    """A user's teams and superteams; an app without superteams refuses to list them."""
    del span, cursor, account
    unseen = ""
    for user in subjects:
        for api, prefix in (("team/joinTeams", ""), ("superteam/joinTeams", SUPER)):
            answer = yield from ask(api, {"accid": user})
            if isinstance(answer, str):
                if not prefix:
                    return answer
                unseen = answer
                continue
            for row in rows(answer, "infos", "tinfos", "teams"):
                if tid := text(row, "tid"):
                    yield Found("group", prefix + tid)
    return unseen


def settings(subjects: Sequence[str], span: TimeRange | None, cursor: str, account: YunxinAccount) -> Reading:
    """Teams of which a member wants to hear nothing."""
    del span, cursor, account
    for user in subjects:
        answer = yield from ask("team/listMemberInfo", {"accid": user})
        if isinstance(answer, str):
            return answer
        for row in rows(answer, "data"):
            if row.get("pushEnable") in (False, "false", 0, "0") and (tid := text(row, "tid")):
                yield Setting(user=user, group=tid, mode="none")
    return ""


def conversations(subjects: Sequence[str], span: TimeRange | None, cursor: str, account: YunxinAccount) -> Reading:
    """A user's sessions, the newest first; the cursor is the time behind which those are that were not listed yet."""
    del account
    for user in subjects:
        until = milliseconds(cursor, 0) or (span.until if span is not None else 1 << 52)
        since = span.since if span is not None else 0
        while True:
            window = {"minTimestamp": str(since), "maxTimestamp": str(until), "limit": str(_SESSIONS), "needLastMsg": "0"}
            answer = yield from ask("history/querySessionList", {"accid": user, **window})
            if isinstance(answer, str):
                return answer
            held = parsed(answer.get("data"))
            listed = held if isinstance(held, dict) else answer  # a page has them at the top, the vendor's SDKs read them from data
            sessions = rows(listed, "sessions")
            for row in sessions:
                if found := _session(user, row):
                    yield Found("conversation", found)
            oldest = min((milliseconds(text(row, "updateTime"), until) for row in sessions), default=until)
            if listed.get("hasMore") not in (True, "true", 1) or not sessions:
                break
            # Others of that very millisecond may not have been listed; that it is without the end the page does not say.
            if oldest + 1 >= until:
                return f"history/querySessionList: more than {_SESSIONS} sessions in one millisecond"
            until = oldest + 1
            yield Cursor(str(until))
        cursor = ""
    return ""


def _session(user: str, row: dict[str, Any]) -> str:
    """A conversation as a subject; its type is counted from 0 or from 1 by different pages, so that the id that it has tells what it is."""
    peer, tid = fold(text(row, "accid")), text(row, "tid")
    if tid and not peer:
        return f"group:{SUPER if text(row, 'sessionType') in {'2', '5'} else ''}{tid}"
    return subject_of(direct(user, peer)) if peer and peer != user else ""


def history(subjects: Sequence[str], span: TimeRange | None, cursor: str, account: YunxinAccount) -> Reading:
    """By page, oldest first."""
    left = begin_of(cursor, span)
    if left is None:
        return ""
    return (yield from paged(gaps.ask(left, [conversation_of(one) for one in subjects], account), _at))


def _at(missed: FoundCallback) -> int:
    return milliseconds(text(wire.load_any(missed.body), "msgTimestamp"), 0)
