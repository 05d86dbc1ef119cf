"""Somebody is called as platforms call what is wrong with an app, so that a refusal that quotes them holds the app for everybody."""

import json
from typing import Any
from urllib.parse import quote

import pytest

from converters import PLATFORMS
from converters.core.outcome import NotSent, Outcome
from converters.platform import Partial, Reply, Request

NAMES = ("overdue", "arrears", "whitelist", "white list", "app expired", "service is closed", "欠费", "白名单", "WhiteList", "app  expired")
YUNXIN = (*NAMES, "signature", "nonce", "checksum", "curtime", "app_secret", "校验")
QUOTED = ("{} is in no team", "{} is not valid", "user [{}] is blocked", "illegal argument: {}", "{} not register")
OUR_FAULTS = {
    "yunxin": ("ip not in white list", "CurTime not long", "app is disabled"),
    "easemob": ("ip is not in the white list", "app has expired"),
}


def yunxin(said: str, code: int, fields: dict[str, str]) -> Outcome:
    body = "&".join(f"{name}={quote(value)}" for name, value in fields.items()).encode()
    found = PLATFORMS["yunxin"].read_reply(
        Request("POST", "/nimserver/msg/sendMsg.action", {}, body, "msg/sendMsg"), answer(200, code=code, desc=said)
    )
    assert not isinstance(found, Partial)
    return found


def easemob(said: str, status: int, to: str, api: str = "messages/users") -> Outcome:
    body = json.dumps({"from": "mallory", "to": [to], "type": "txt", "body": {"msg": "hi"}}, ensure_ascii=False).encode()
    asked = Request("POST", "/acme/shop/messages/users", {}, body, api)
    found = PLATFORMS["easemob"].read_reply(asked, answer(status, error="illegal_argument", error_description=said))
    assert not isinstance(found, Partial)
    return found


def answer(status: int, **said: Any) -> Reply:
    return Reply(status, {}, json.dumps(said).encode())


def is_ours(outcome: Outcome) -> bool:
    return isinstance(outcome, NotSent) and outcome.ours


@pytest.mark.parametrize("form", QUOTED)
@pytest.mark.parametrize("name", YUNXIN)
@pytest.mark.parametrize("code", [403, 414])
def test_on_yunxin_it_is_refused_as_anybody_s(form: str, name: str, code: int) -> None:
    for field in ("from", "to", "body"):
        assert not is_ours(yunxin(form.format(name), code, {"from": "a", "to": "b", "body": "c", field: name}))


@pytest.mark.parametrize("form", QUOTED)
@pytest.mark.parametrize("name", [*NAMES, "unopened", "not open"])
@pytest.mark.parametrize("status", [400, 403])
def test_on_easemob_it_is_refused_as_anybody_s(form: str, name: str, status: int) -> None:
    assert not is_ours(easemob(form.format(name), status, name))


@pytest.mark.parametrize("name", ["bob", "overdue"])
def test_what_is_wrong_with_the_app_is_still_seen(name: str) -> None:
    for said in OUR_FAULTS["yunxin"]:
        assert is_ours(yunxin(said, 403, {"from": "a", "to": name}))
    for said in OUR_FAULTS["easemob"]:
        assert is_ours(easemob(said, 403, name))
