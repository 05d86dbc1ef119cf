"""What a person does in the app: writes, recalls, comes and goes."""

from collections import Counter
from typing import TYPE_CHECKING, Any

from msgspec.structs import replace

from tests.simulators.messages import Message
from tests.simulators.platform import Saying
from tests.simulators.rongcloud import attachments
from tests.simulators.rongcloud.fields import as_object, dumped
from tests.simulators.rongcloud.kinds import WORDS
from tests.simulators.rongcloud.routing import DEVICES, Operation, Sent, online_status

if TYPE_CHECKING:
    from tests.simulators.rongcloud.state import RongCloud

STATUSES = {"online": "0", "offline": "1", "logout": "2"}


def say(rongcloud: "RongCloud", saying: Saying, tally: Counter[str] | None) -> Message | str:
    """What came of it as a message, or why it did not.

    ``kind`` is any objectName; an ``ext`` becomes the ``extra`` of the content. Operations are ``online``,
    ``offline`` and ``logout``. A ``payload`` may name the device as ``source``.
    """
    device = rongcloud.random.choice(DEVICES)
    if isinstance(saying.payload, dict) and "source" in saying.payload:
        device = str(saying.payload["source"])
    if saying.operation is not None:
        return come_or_go(rongcloud, saying, device)
    if saying.kind == "recall":
        return recall(rongcloud, saying, device)
    if saying.type == "group" and saying.to not in rongcloud.people.groups:
        return f"no such group: {saying.to}"
    if saying.type == "room" and saying.to in rongcloud.destroyed:
        return "23410 no such room"
    if saying.type == "group" and rongcloud.gagged(saying.sender, saying.to):
        return "22408 muted in group"
    now = rongcloud.now()
    rongcloud.people.add_user(saying.sender, now)
    if saying.type == "person":
        rongcloud.people.add_user(saying.to, now)
        if saying.sender in rongcloud.blocked.get(saying.to, ()):
            return "405 blocked by peer"
    name, content = saying.kind or "RC:TxtMsg", content_of(saying)
    if saying.media is not None:
        name, body = attachments.sent(rongcloud, saying.media)
        content = content_of(replace(saying, body=body))
    message = rongcloud.write(saying.type, saying.sender, saying.to, name, content, client_id=saying.id or "", device=device)
    rongcloud.keep(message)
    rongcloud.journal.note("said", message.time, **message.facts(), **rongcloud.files_of(message, saying.media))
    rongcloud.route(message, tally=tally)
    return message


def content_of(saying: Saying) -> str:
    """The content as the app's SDK would send it."""
    body: Any = saying.body if saying.body is not None else saying.attach
    if body is None:
        body = {WORDS.get(saying.kind or "", "content"): saying.text or ""}
    if saying.ext is not None:
        inner = as_object(body) if isinstance(body, str) else body
        if isinstance(inner, dict):
            body = inner | {"extra": saying.ext if isinstance(saying.ext, str) else dumped(saying.ext)}
    return body if isinstance(body, str) else dumped(body)


def recall(rongcloud: "RongCloud", saying: Saying, device: str) -> Message | str:
    """Others may recall as administrators of a group."""
    message = rongcloud.archive.find(saying.type, saying.recalls or "")
    if not isinstance(message, Sent):
        return "no such message"
    admin = saying.sender != message.sender
    if admin and message.type == "person":
        return "25101 only its sender can recall a message between two"
    operation = Operation(
        by=saying.sender,
        device=device,
        target=message.to,
        admin=admin,
        delete=False,
        extra=saying.ext if isinstance(saying.ext, str) else "",
        time=rongcloud.now(),
    )
    command = rongcloud.withdraw(message, operation)
    facts = {**command.facts(), "name": "recall", "recalls": message.id}
    rongcloud.journal.note("said", command.time, **facts)
    return command


def come_or_go(rongcloud: "RongCloud", saying: Saying, device: str) -> Message | str:
    """The message in the answer is there for its time alone."""
    status = STATUSES.get(saying.operation or "")
    if status is None:
        return f"no such operation: {saying.operation}"
    user = saying.sender
    rongcloud.online[user] = status
    shown = rongcloud.write("person", user, user, "online status", "", device=device)
    body = online_status(user, status, device, shown.time)
    rongcloud.post(rongcloud.options.status_url, f"status|{user}", f"status:{shown.id}", body)
    return shown
