from converters import PLATFORMS
from converters.core import wire
from converters.platform import GrantedToken, Reply, Token
from tests.narrowed import of_kind

AUTH = of_kind(Token, PLATFORMS["easemob"].auth)


def test_a_token_is_asked_for_with_the_apps_credentials() -> None:
    asked = AUTH.ask(PLATFORMS["easemob"].example())
    assert (asked.method, asked.path) == ("POST", "/demo/relay/token")
    assert wire.load_any(asked.body) == {"grant_type": "client_credentials", "client_id": "YXA6demo", "client_secret": "YXA6demosecret"}


def test_the_token_and_its_lifetime_are_read() -> None:
    reply = Reply(200, {}, b'{"access_token":"YWMtdemo-token-0001","expires_in":86400,"application":"0f6b"}')
    assert AUTH.read(reply) == GrantedToken("YWMtdemo-token-0001", 86400.0)
    assert AUTH.headers("t1") == {"Authorization": "Bearer t1"}


def test_why_there_is_no_token_is_said_without_quoting() -> None:
    wrong = b'{"error":"invalid_grant","error_description":"client_secret YXA6demosecret does not match"}'
    assert AUTH.read(Reply(400, {}, wrong)) == "no token: 400 invalid_grant"
    assert AUTH.read(Reply(502, {}, b"<html>")) == "no token: 502"
    assert AUTH.read(Reply(200, {}, b"{}")) == "no token: unreadable answer"
    assert AUTH.read(Reply(200, {}, b'{"access_token":"t","expires_in":"soon"}')) == "no token: unreadable answer"


def test_only_a_401_about_the_token_wears_it_out() -> None:
    expired = b'{"error":"unauthorized","error_description":"Unable to authenticate due to expired access token"}'
    assert AUTH.worn_out(Reply(401, {}, expired))
    assert AUTH.worn_out(Reply(401, {}, b"<html>"))
    assert not AUTH.worn_out(Reply(401, {}, b'{"error":"message_rewrite_error"}'))
    assert not AUTH.worn_out(Reply(403, {}, expired))
