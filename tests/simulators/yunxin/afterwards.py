"""What becomes of a message later: recalled, edited, read; by a call or, without one, in the app."""

from typing import Any

from msgspec.structs import replace

from tests.simulators.calls import Call
from tests.simulators.messages import Message
from tests.simulators.yunxin.kinds import device
from tests.simulators.yunxin.state import Yunxin


def client(call: Call | None, accid: str) -> str:
    return device(accid) if call is None else "REST"


def withdraw(yunxin: Yunxin, message: Message, call: Call | None, shown: str, attach: str = "") -> Message:
    """Gone for both sides, and copied; the copy of a recall cannot be switched off."""
    yunxin.archive.recall(message)
    now = yunxin.now()
    facts = message.facts() if call else {**message.facts(), "name": "recall", "recalls": message.id}
    yunxin.done("recall", call, **facts)
    team = yunxin.team_of(message)
    body = yunxin.copies.recall(message, team, client(call, message.sender), shown, attach, now)
    yunxin.post(message, body, call)
    return message


def rewrite(
    yunxin: Yunxin,
    message: Message,
    editor: str,
    call: Call | None,
    *,
    text: str | None,
    content: Any,
    ext: str | None,
    sub_type: Any = None,
) -> Message:
    """History shows it as it has become; what is not given stays."""
    new = replace(
        message,
        content=message.content if content is None else content,
        text=message.text if text is None else text,
        ext=message.ext if ext is None else ext,
    )
    yunxin.archive.replace(new)
    now = yunxin.now()
    yunxin.edited[f"{message.type}:{message.id}"] = now
    yunxin.done("edit", call, **new.facts(), edits=message.id)
    team = yunxin.team_of(message)
    yunxin.post(new, yunxin.copies.edit(new, team, client(call, editor), editor, sub_type, now), call)
    return new


def read(yunxin: Yunxin, message: Message, reader: str, call: Call | None) -> Message:
    """A receipt between two persons: *reader* has read up to *message*."""
    notice = yunxin.notice("person", reader, message.sender, "receipt", rest=call is not None)
    yunxin.done("read", call, **notice.facts(), read=message.id)
    body = yunxin.copies.receipt(message, reader, client(call, reader), notice.time)
    yunxin.post(notice, body, call)
    return notice
