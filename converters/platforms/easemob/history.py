"""Messages put there with the time at which they were said. Source: "Easemob: Import messages".

One a call, each later than the last one imported into its conversation. The page names no error for one that is not, nor for one that is
older than its group: both are known by their words, or as the probe has met them.
"""

import re
from hashlib import blake2b
from typing import Any

from msgspec import structs

from converters.core import wire
from converters.core.bodies import Body, Command, File, files_of
from converters.core.lenient import word
from converters.core.model import Delivery, Direct, Group, Loss, StoredFile, TargetContext
from converters.core.operations import Post, kind_of
from converters.core.outcome import Delivered, Refused, Unsure
from converters.migration import BeforeGroup, FilesBy, History, ImportOf, ImportOutcome, NotLater
from converters.platform import Encoded, Reply, Request
from converters.platforms.easemob.account import EasemobAccount
from converters.platforms.easemob.encode_posts import post
from converters.platforms.easemob.replies import answer_of, not_about_it, said_by
from converters.platforms.easemob.requests import extension, sender_of, written
from converters.platforms.easemob.values import table, text
from converters.probing import Findings

_NO_ROOMS = Encoded((), (Loss("room-history"),))
_BEFORE = re.compile(r"(group|room).{0,40}creat|creat.{0,40}(group|room)|创建时间|建群", re.IGNORECASE | re.DOTALL)
_LATER = re.compile(
    r"time.?stamp.{0,60}(great|later|last|latest|ascend|order|less|earl|small|before)|(great|later|newer)\w* than.{0,40}(last|latest|previous)|递增|大于上",
    re.IGNORECASE | re.DOTALL,
)
_NUMBERED = re.compile(r"[\w.#-]*\d[\w.#-]*")
DIGEST = 8
"""Bytes."""


def encode(delivery: Delivery, account: EasemobAccount, there: TargetContext, how: ImportOf) -> Encoded:
    """As a live message, with its time and our mark: an import that is called back is known by it."""
    operation, place = delivery.event.operation, delivery.event.conversation
    if not isinstance(operation, Post):
        return Encoded((), (Loss(kind_of(operation)),))
    if isinstance(operation.body, Command):  # an app would obey it once more
        return Encoded((), (Loss("command"),))
    if not delivery.receiver:
        return Encoded((), (Loss("group-missing"),))
    match place:
        case Direct():
            api = "messages/users/import"
        case Group():
            api = "messages/chatgroups/import"
        case _:
            return _NO_ROOMS
    if how.files != "carry" and not there.withheld:
        lying = _as_they_lie(operation.body)
        there = structs.replace(there, files=lying) if lying != there.files else there

    def dated(
        delivery: Delivery,
        account: EasemobAccount,
        kind: str,
        body: dict[str, Any],
        ext: dict[str, Any],
        *,
        more: bool = False,
        part: int = 0,
    ) -> Request:
        sender = sender_of(delivery, account)
        marked = extension(delivery, account, sender, ext, more=more, part=part)
        if how.restamped:
            marked[original_key(account)] = delivery.event.at
        message: dict[str, Any] = {
            "from": sender,
            "target": delivery.receiver,
            "type": kind,
            "body": body,
            "ext": marked,
            "msg_timestamp": how.at + part,
        }
        if how.files == "fetch" and body.get("url"):
            message["need_download"] = True
        return written(account, api, message)

    return post(operation, structs.replace(delivery, silent=False) if delivery.silent else delivery, account, there, dated)


def _as_they_lie(body: Body) -> tuple[StoredFile | None, ...]:
    """Only what anybody can fetch: a file behind a secret, or one without an address, does not come along."""
    return tuple(_open(file) for file in files_of(body))


def _open(file: File) -> StoredFile | None:
    if not file.url.startswith(("https://", "http://")) or file.secret:
        return None
    return StoredFile(url=file.url, name=file.name, size=file.size, mime=file.mime, md5=file.md5)


def original_key(account: EasemobAccount) -> str:
    """Under which key of the extension the time stands at which a message was said that lies at another."""
    return f"{account.mark}_said_at"


def read(request: Request, reply: Reply, findings: Findings) -> ImportOutcome:
    answer = answer_of(reply)
    if reply.status == 200:
        if answer is not None and answer.error is not None:
            return Refused("answered 200, and that it is not done")
        message = text(table(answer.data).get("msg_id")) if answer is not None else ""
        return Delivered(message) if message else Unsure("unreadable answer")
    unwell = not_about_it(request, reply, answer)
    if unwell is not None:
        return unwell
    said = said_by(reply, answer)
    described = word(answer.error_description) if answer is not None else ""
    known = digest(request, reply.status, described)
    if known == findings.before_said:
        return BeforeGroup(said)
    if known == findings.repeat_said:
        return NotLater(said)
    if _BEFORE.search(described):
        return BeforeGroup(said)
    return NotLater(said) if _LATER.search(described) else Refused(said)


def digest(request: Request, status: int, described: str) -> str:
    """Of a refusal's words, without what is of this request alone."""
    asked = wire.load_any(request.body)
    for own in (asked["from"], asked["target"]):
        described = described.replace(own, "#")
    plain = " ".join(_NUMBERED.sub("#", described).lower().split())
    return blake2b(f"{status} {plain}".encode(errors="replace"), digest_size=DIGEST).hexdigest()


_FILES: frozenset[FilesBy] = frozenset({"fetch", "link", "carry"})
HISTORY = History(kinds=frozenset({"direct", "group"}), files=_FILES, encode=encode, read=read)
