"""Who is let in, for how long, and by which line of the settings."""

import hashlib
from typing import Any

import pytest
from pydantic import ValidationError

from streams.console.access import IDLE, Access, RefusedError
from streams.console.passwords import accounts, line
from tests.console.conftest import ORIGIN, PASSWORD, PROXY, PROXY_SECRET, QUICK, USERS, Clock, settings
from tests.narrowed import required

SALT = b"0123456789abcdef"


def scope(peer: str = PROXY, **headers: str) -> dict[str, Any]:
    given = {"x-im-relay-proxy-secret": PROXY_SECRET, "x-auth-request-email": "olga@example.com"} | {
        name.replace("_", "-"): value for name, value in headers.items()
    }
    return {"client": (peer, 1), "headers": [(name.encode(), value.encode("latin-1")) for name, value in given.items() if value]}


def test_a_line_holds_scrypt_of_the_password_and_nothing_else() -> None:
    made = line("ann", "operator", PASSWORD, SALT)
    assert PASSWORD not in made
    expected = hashlib.scrypt(PASSWORD.encode(), salt=SALT, n=2**17, r=8, p=1, maxmem=1 << 28, dklen=32)
    (account,) = accounts(f"# people\n\n{made}\n").values()
    assert (account.name, account.role, account.password.hash) == ("ann", "operator", expected)
    assert account.password.fits(PASSWORD)
    assert not account.password.fits(PASSWORD + " ")
    assert not account.password.fits("x" * 10_000)


@pytest.mark.parametrize(
    ("name", "role", "password"),
    [("", "viewer", PASSWORD), ("a:b", "viewer", PASSWORD), ("ann", "root", PASSWORD), ("ann", "viewer", "short")],
)
def test_an_account_that_is_none_is_not_made(name: str, role: str, password: str) -> None:
    with pytest.raises(ValueError, match=r"expected") as raised:
        line(name, role, password, SALT)
    assert "short" not in str(raised.value)


@pytest.mark.parametrize(
    "text",
    [
        "ann:operator:password",
        line("ann", "viewer", PASSWORD, SALT, QUICK).replace("16384", "1024"),
        line("ann", "viewer", PASSWORD, SALT, QUICK).replace("16384", str(2**30)),
        line("ann", "viewer", PASSWORD, SALT, QUICK).replace("scrypt", "plain"),
        line("ann", "viewer", PASSWORD, SALT, QUICK) + "\n" + line("ann", "operator", PASSWORD, SALT, QUICK),
        "ann:viewer:scrypt:x:8:1:AA==:AA==",
    ],
)
def test_a_line_that_is_weak_or_wrong_is_named_and_not_quoted(text: str) -> None:
    with pytest.raises(ValueError, match=r"^line [12] ") as raised:
        accounts(text)
    assert "ann" not in str(raised.value)


def test_a_proxy_names_people_and_their_groups() -> None:
    access = Access(settings(viewers=["vera@example.com"]))
    for headers, role in (
        ({}, "operator"),
        ({"x_auth_request_email": "otto@example.com", "x_auth_request_groups": "staff, relay-operators"}, "operator"),
        ({"x_auth_request_email": "vera@example.com"}, "viewer"),
    ):
        person = access.person(scope(**headers))
        assert person is not None
        assert person.role == role
    with pytest.raises(RefusedError, match="not-allowed"):
        access.person(scope(x_auth_request_email="eve@example.com"))
    everybody = Access(settings()).person(scope(x_auth_request_email="eve@example.com"))
    assert everybody is not None
    assert everybody.role == "viewer"


def test_without_a_login_nobody_is_anybody() -> None:
    assert Access(settings()).person({"client": ("192.0.2.9", 1), "headers": []}) is None
    assert Access(settings()).person({"client": None, "headers": [(b"cookie", b"im-relay=made-up")]}) is None


@pytest.mark.parametrize(("passes", "still"), [(IDLE - 1, True), (IDLE + 1, False)])
def test_a_login_ends_when_nothing_is_asked_for_a_while(passes: float, still: bool) -> None:
    clock = Clock()
    access = Access(settings(), clock)
    cookie = {"client": ("192.0.2.9", 1), "headers": [(b"cookie", f"im-relay={access.begin('ann', 'operator')}".encode())]}
    assert access.person(cookie)
    clock.now += passes
    assert (access.person(cookie) is not None) is still


def test_a_login_ends_after_its_hours_however_busy() -> None:
    clock = Clock()
    access = Access(settings(session_hours=1), clock)
    cookie = {"client": ("192.0.2.9", 1), "headers": [(b"cookie", f"im-relay={access.begin('ann', 'operator')}".encode())]}
    seen = 0
    while access.person(cookie):
        clock.now += IDLE / 2
        seen += 1
    assert seen == 5


def test_a_cookie_of_https_cannot_be_set_by_a_neighbour_of_the_name_nor_read_by_script() -> None:
    made = Access(settings(public_url="https://relay.example.com")).set_cookie("s").decode()
    assert made == "__Host-im-relay=s; Path=/; HttpOnly; SameSite=Strict; Secure"


@pytest.mark.parametrize(
    ("given", "told"),
    [
        ({"public_url": "http://relay.example.com"}, "in clear"),
        ({"public_url": "https://relay.example.com/path"}, "pattern"),
        ({"proxy_secret": "short"}, "proxy_secret has 5 characters"),
        ({"proxies": ["example.com"]}, "is no network"),
        ({"metrics": ["file:///etc/passwd"]}, "is no address of metrics"),
        ({"metrics": ["http://host:99999/"]}, "entry 1 is no address of metrics"),
        ({"metrics": ["http://user:secret@host/"]}, "is no address of metrics"),
    ],
)
def test_settings_that_let_others_in_are_refused(given: dict[str, Any], told: str) -> None:
    with pytest.raises(ValidationError, match=told):
        settings(**given)


def test_what_is_missing_is_said_before_it_starts() -> None:
    assert settings().problem() is None
    assert "public_url is missing" in required(settings(public_url="").problem())
    assert "nobody could log in" in required(settings(users="", proxies=[]).problem())
    assert "line 1" in required(settings(users="ann:secret").problem())
    assert USERS.count("\n") == 1
    assert settings(public_url=ORIGIN + "/").origin == ORIGIN
