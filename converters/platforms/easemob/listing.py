"""Asking for a list, a page at a time. Source: "Easemob: Manage users", "Easemob: Manage groups"."""

from collections.abc import Generator
from typing import Any

from converters.migration import NoAnswer
from converters.platform import Reply, Request
from converters.platforms.easemob.account import EasemobAccount
from converters.platforms.easemob.answers import Answer
from converters.platforms.easemob.inventory_find import Listed, listed
from converters.platforms.easemob.replies import said_by
from converters.platforms.easemob.requests import call

Asked = Generator[Any, Any, Listed | str]


def get(path: str, api: str, account: EasemobAccount) -> Asked:
    return (yield from ask(call(account, "GET", path, api)))


def ask(request: Request) -> Asked:
    """The answer, or why there is none, in words that hold nobody's id."""
    reply: Reply | None = yield request
    if reply is None:
        return NoAnswer("no answer")
    answer = listed(reply)
    if reply.status != 200:
        plain = Answer(error=answer.error) if answer is not None else None
        return (NoAnswer if reply.status in (408, 429) or reply.status >= 500 else str)(f"{request.api}: {said_by(reply, plain)}")
    return answer if answer is not None else f"{request.api}: unreadable answer"


def rows_of(answer: Listed) -> list[Any]:
    return [row for held in (answer.data, answer.entities) if isinstance(held, list) for row in held]
