"""What each platform and the relay sign with: pinned, and refused where one part of it is another."""

from dataclasses import dataclass
from hashlib import md5, sha1, sha256
from hmac import new as hmac

import pytest
from msgspec import structs

from converters import PLATFORMS
from converters.core import wire
from converters.platform import GrantedToken, Reply, Signed, SignedBody, Token
from converters.platforms.easemob import signing as easemob
from converters.platforms.easemob.account import EasemobAccount
from converters.platforms.own import signing as own
from converters.platforms.own.account import OwnAccount
from converters.platforms.rongcloud import signing as rongcloud
from converters.platforms.rongcloud.account import RongcloudAccount
from converters.platforms.yunxin import signing as yunxin
from converters.platforms.yunxin.account import YunxinAccount
from tests.narrowed import of_kind

NONCE = "0123456789abcdef0123456789abcdef"
BODY = '{"text":"你好"}'.encode()
SECRET, PREVIOUS = "secret-of-this-year", "secret-of-last-year"


@dataclass(frozen=True)
class Secrets:
    """Of three accounts: with one secret, with two, and with none at all."""

    one: object
    two: object
    none: object


def made(platform: str, secret: str) -> Secrets:
    account = PLATFORMS[platform].example()
    fields = {secret: SECRET, f"{secret}_previous": ""}
    one = structs.replace(account, **fields)
    return Secrets(
        one, structs.replace(one, **{f"{secret}_previous": PREVIOUS}), structs.replace(one, **{secret: "", f"{secret}_previous": ""})
    )


EASEMOB, YUNXIN = made("easemob", "callback_secret"), made("yunxin", "app_secret")
RONGCLOUD, OWN = made("rongcloud", "app_secret"), made("own", "secret")


# -- Easemob


def security(secret: str, call_id: str = "call-1", timestamp: str = "1764470000123") -> str:
    return md5(f"{call_id}{secret}{timestamp}".encode()).hexdigest()


def easemob_fits(account: object, given: str, call_id: str = "call-1", timestamp: str = "1764470000123") -> bool:
    assert isinstance(account, EasemobAccount)
    return easemob.signature_fits(account, call_id, timestamp, given)


def test_easemob_signs_id_secret_and_time() -> None:
    assert easemob_fits(EASEMOB.one, security(SECRET))
    assert easemob_fits(EASEMOB.one, security(SECRET).upper())
    assert not easemob_fits(EASEMOB.one, security(SECRET), call_id="call-2")
    assert not easemob_fits(EASEMOB.one, security(SECRET), timestamp="1764470000124")
    assert not easemob_fits(EASEMOB.one, security(SECRET)[:-1])
    assert not easemob_fits(EASEMOB.one, "")


def test_easemob_may_sign_with_the_secret_that_is_being_changed() -> None:
    for secret in (SECRET, PREVIOUS):
        assert easemob_fits(EASEMOB.two, security(secret))
    assert not easemob_fits(EASEMOB.one, security(PREVIOUS))


def test_without_a_secret_easemob_has_signed_nothing() -> None:
    assert not easemob_fits(EASEMOB.none, security(""))
    assert not easemob_fits(EASEMOB.one, security("")), "of the previous one, which there is not"


def test_easemob_is_asked_for_a_token() -> None:
    account = structs.replace(PLATFORMS["easemob"].example(), org="shop", app="chat", client_id="id-1", client_secret="secret-1")
    asked = easemob.ask(account)
    assert (asked.method, asked.path, asked.api) == ("POST", "/shop/chat/token", "token")
    assert asked.headers == {"Content-Type": "application/json", "Accept": "application/json"}
    assert wire.load_any(asked.body) == {"grant_type": "client_credentials", "client_id": "id-1", "client_secret": "secret-1"}


@pytest.mark.parametrize(
    ("reply", "found"),
    [
        (Reply(200, {}, b'{"access_token":"t-1","expires_in":60}'), GrantedToken("t-1", 60.0)),
        (Reply(200, {}, b'{"access_token":"t-1","expires_in":"60"}'), GrantedToken("t-1", 60.0)),
        (Reply(200, {}, b'{"access_token":"t-1"}'), GrantedToken("t-1", 0.0)),
        (Reply(200, {}, b'{"expires_in":60}'), "no token: unreadable answer"),
        (Reply(201, {}, b'{"access_token":"t-1","expires_in":60}'), "no token: 201"),
        (Reply(401, {}, b'{"error":"invalid_grant"}'), "no token: 401 invalid_grant"),
        (Reply(401, {}, b'{"error":"S3cret of somebody"}'), "no token: 401"),
        (Reply(502, {}, b"<html>"), "no token: 502"),
    ],
)
def test_what_easemob_answers_is_a_token_or_the_reason_why_not(reply: Reply, found: object) -> None:
    assert easemob.read(reply) == found


def test_a_token_of_easemob_is_worn_out_by_a_401_about_it() -> None:
    assert easemob.worn_out(Reply(401, {}, b'{"error":"unauthorized"}'))
    assert easemob.worn_out(Reply(401, {}, b""))
    assert not easemob.worn_out(Reply(401, {}, b'{"error":"message_rewrite_error"}'))
    assert not easemob.worn_out(Reply(402, {}, b'{"error":"unauthorized"}'))
    assert not easemob.worn_out(Reply(200, {}, b""))


def test_requests_to_easemob_bear_the_token() -> None:
    assert isinstance(easemob.AUTH, Token)
    assert easemob.AUTH.headers("t-1") == {"Authorization": "Bearer t-1"}
    assert (easemob.AUTH.ask, easemob.AUTH.read, easemob.AUTH.worn_out) == (easemob.ask, easemob.read, easemob.worn_out)


# -- Yunxin


def test_what_is_sent_to_yunxin_is_signed() -> None:
    account = structs.replace(of_kind(YunxinAccount, YUNXIN.two), app_key="key-1")
    assert yunxin.sign(account, 1_764_470_000, NONCE) == {
        "AppKey": "key-1",
        "Nonce": NONCE,
        "CurTime": "1764470000",
        "CheckSum": sha1(f"{SECRET}{NONCE}1764470000".encode()).hexdigest(),
    }
    assert isinstance(yunxin.AUTH, Signed)
    assert yunxin.AUTH.headers is yunxin.sign


def test_yunxin_names_the_digest_of_the_body() -> None:
    right = md5(BODY).hexdigest()
    assert yunxin.digest_fits(BODY, right)
    assert yunxin.digest_fits(BODY, right.upper())
    assert not yunxin.digest_fits(BODY + b" ", right)
    assert not yunxin.digest_fits(BODY, "")


def yunxin_fits(account: object, signature: str, digest: str = "d1", current: str = "1764470000") -> bool:
    assert isinstance(account, YunxinAccount)
    return yunxin.signature_fits(account, digest, current, signature)


def test_yunxin_signs_digest_and_time() -> None:
    right = sha1(f"{SECRET}d11764470000".encode()).hexdigest()
    for good in (right, right.upper()):
        assert yunxin_fits(YUNXIN.one, good)
    assert not yunxin_fits(YUNXIN.one, right, digest="d2")
    assert not yunxin_fits(YUNXIN.one, right, current="1764470001")
    assert not yunxin_fits(YUNXIN.one, "")


def test_yunxin_may_sign_with_the_secret_that_is_being_changed_and_with_no_other() -> None:
    for secret in (SECRET, PREVIOUS):
        assert yunxin_fits(YUNXIN.two, sha1(f"{secret}d11764470000".encode()).hexdigest())
    for account in (YUNXIN.one, YUNXIN.none):
        assert not yunxin_fits(account, sha1(f"{PREVIOUS}d11764470000".encode()).hexdigest())
        assert not yunxin_fits(account, sha1(b"d11764470000").hexdigest())


# -- RongCloud


def rongcloud_account(account: object) -> RongcloudAccount:
    assert isinstance(account, RongcloudAccount)
    return account


def test_what_is_sent_to_rongcloud_is_signed() -> None:
    headers = rongcloud.sign(structs.replace(rongcloud_account(RONGCLOUD.two), app_key="key-1"), 1_764_470_000, "short")
    assert headers == {
        "App-Key": "key-1",
        "Nonce": "short",
        "Timestamp": "1764470000000",
        "Signature": sha1(f"{SECRET}short1764470000000".encode()).hexdigest(),
    }
    assert isinstance(rongcloud.AUTH, Signed)
    assert rongcloud.AUTH.headers is rongcloud.sign


@pytest.mark.parametrize("nonce", [NONCE, NONCE[:18]])
def test_nonces_of_ours_are_known_again(nonce: str) -> None:
    account = rongcloud_account(RONGCLOUD.one)
    headers = rongcloud.sign(account, 1_764_470_000, nonce)
    tag = hmac(SECRET.encode(), b"request\x1f" + NONCE[:10].encode(), sha256).hexdigest()[:8]
    assert headers["Nonce"] == NONCE[:10] + tag
    assert headers["Signature"] == sha1(f"{SECRET}{headers['Nonce']}1764470000000".encode()).hexdigest()
    signed = headers["Nonce"] + headers["Timestamp"]
    assert rongcloud.is_ours(account, signed)
    assert not rongcloud.is_ours(account, "x" + signed[1:]), "random characters of another"
    assert not rongcloud.is_ours(account, signed[:10] + "0" * 8 + signed[18:])
    assert not rongcloud.is_ours(account, "")


def test_a_nonce_that_is_too_short_to_be_one_of_ours_stays_as_it_is() -> None:
    assert rongcloud.sign(rongcloud_account(RONGCLOUD.one), 1, NONCE[:17])["Nonce"] == NONCE[:17]


def test_what_was_signed_before_a_secret_changed_is_still_ours() -> None:
    before = structs.replace(rongcloud_account(RONGCLOUD.one), app_secret=PREVIOUS)
    headers = rongcloud.sign(before, 1_764_470_000, NONCE)
    signed = headers["Nonce"] + headers["Timestamp"]
    assert rongcloud.is_ours(rongcloud_account(RONGCLOUD.two), signed)
    assert not rongcloud.is_ours(rongcloud_account(RONGCLOUD.one), signed)
    empty = NONCE[:10] + hmac(b"", b"request\x1f" + NONCE[:10].encode(), sha256).hexdigest()[:8]
    assert not rongcloud.is_ours(rongcloud_account(RONGCLOUD.one), empty), "a secret that is not there makes nothing ours"


def test_rongcloud_signs_nonce_and_time() -> None:
    account = rongcloud_account(RONGCLOUD.two)
    for secret in (SECRET, PREVIOUS):
        right = sha1(f"{secret}n11764470000123".encode()).hexdigest()
        assert rongcloud.fits(account, "n1", "1764470000123", right)
        assert rongcloud.fits(account, "n1", "1764470000123", right.upper())
        assert not rongcloud.fits(account, "n2", "1764470000123", right)
        assert not rongcloud.fits(account, "n1", "1764470000124", right)
    for wrong in ("", sha1(b"n11764470000123").hexdigest(), sha1(f"{PREVIOUS}n11764470000123".encode()).hexdigest()):
        assert not rongcloud.fits(rongcloud_account(RONGCLOUD.one), "n1", "1764470000123", wrong)


# -- the customer's own server

AT = 1_764_470_000


def own_signature(secret: str = SECRET, timestamp: str = str(AT), body: bytes = BODY) -> str:
    return "v1=" + hmac(secret.encode(), f"{timestamp}.".encode() + body, sha256).hexdigest()


def own_fault(given: dict[str, str], account: object = OWN.one, now: int = AT * 1000, body: bytes = BODY) -> tuple[str, str]:
    """By what is known without the body, and with it."""
    assert isinstance(account, OwnAccount)
    return own.untimely(given, account, now), own.fault(given, body, account, now)


def headers(signature: str | None = None, timestamp: str = str(AT)) -> dict[str, str]:
    return {"x-relay-timestamp": timestamp, "x-relay-signature": own_signature(timestamp=timestamp) if signature is None else signature}


def test_what_is_sent_to_the_own_server_is_signed() -> None:
    account = OWN.two
    assert isinstance(account, OwnAccount)
    assert own.headers(account, AT, BODY) == {"X-Relay-Timestamp": str(AT), "X-Relay-Signature": own_signature()}
    assert isinstance(own.AUTH, SignedBody)
    assert own.AUTH.headers is own.headers


def test_a_signature_of_the_own_server_is_over_time_and_body() -> None:
    assert own_fault(headers()) == ("", "")
    assert own_fault(headers(), body=BODY + b" ") == ("", "bad-signature")
    assert own_fault(headers(own_signature(timestamp=str(AT + 1)))) == ("", "bad-signature")
    assert own_fault(headers(own_signature().removeprefix("v1="))) == ("", "bad-signature")
    assert own_fault(headers(own_signature(PREVIOUS))) == ("", "bad-signature")
    assert own_fault(headers(own_signature(PREVIOUS)), OWN.two) == ("", "")
    assert own_fault(headers(own_signature()), OWN.two) == ("", "")
    assert own_fault(headers(own_signature(""))) == ("", "bad-signature"), "a secret that is not there signs nothing"
    assert own_fault(headers(own_signature("")), OWN.none) == ("", "bad-signature")


def test_what_bears_no_signature_is_unsigned() -> None:
    for given in ({}, {"x-relay-timestamp": str(AT)}, headers("")):
        assert own_fault(given) == ("unsigned", "unsigned")
    assert own_fault({"x-relay-signature": own_signature()}) == ("bad-signature", "bad-signature"), "without a time"


@pytest.mark.parametrize("timestamp", ["-1", "1.5", "١٢٣", "²", "soon", "1" * 13])
def test_a_time_is_up_to_twelve_digits(timestamp: str) -> None:
    signed = headers(timestamp=timestamp)
    assert own_fault(signed) == ("bad-signature", "bad-signature"), "however well it is signed"


def test_twelve_digits_are_a_time() -> None:
    late = "9" * 12
    assert own_fault(headers(timestamp=late), now=int(late) * 1000) == ("", "")


@pytest.mark.parametrize(
    ("off", "fault"), [(300_000, ""), (-300_000, ""), (300_001, "stale"), (-300_001, "stale"), (300_999, "stale"), (-300_999, "stale")]
)
def test_a_signature_holds_for_the_window_before_and_after(off: int, fault: str) -> None:
    assert own_fault(headers(), now=AT * 1000 + off) == (fault, fault)


def test_without_a_window_a_signature_holds_for_ever() -> None:
    account = structs.replace(OWN.one, window=0)  # type: ignore[type-var]
    assert own_fault(headers(), account, now=0) == ("", "")


def test_a_window_of_a_second_is_a_second() -> None:
    account = structs.replace(OWN.one, window=1)  # type: ignore[type-var]
    assert own_fault(headers(), account, now=AT * 1000 + 1000) == ("", "")
    assert own_fault(headers(), account, now=AT * 1000 + 1001) == ("stale", "stale")
