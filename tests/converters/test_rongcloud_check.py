"""The signature of requests and callbacks, by the vendor's known answers."""

import json
from hashlib import sha1
from urllib.parse import urlencode

import msgspec
import pytest

from converters import PLATFORMS
from converters.platform import Accepted, Incoming, Rejected, Signed
from converters.platforms.rongcloud.signing import signature
from tests.converters.shapes import NOW, body, message

RONGCLOUD = PLATFORMS["rongcloud"]
ACCOUNT = RONGCLOUD.example()
SAID = body("rongcloud", message("rongcloud"))
KEY = Accepted(b"direct\x1falice\x1fbob")


def signed(timestamp: int | str = NOW, secret: str = ACCOUNT.app_secret) -> dict[str, str]:
    digest = sha1(f"{secret}14314{timestamp}".encode()).hexdigest()
    return {"nonce": "14314", "timestamp": str(timestamp), "signature": digest}


def test_the_vendors_known_answer() -> None:
    assert signature("Y1W2MeFwwwRxa0", "14314", "1408710653000") == "30be0bbca9c9b2e27578701e9fda2358a814c88f"


def test_requests_are_signed_in_milliseconds_and_with_a_short_nonce() -> None:
    auth = RONGCLOUD.auth
    assert isinstance(auth, Signed)
    account = msgspec.structs.replace(ACCOUNT, app_secret="Y1W2MeFwwwRxa0")
    assert auth.headers(account, 1408710653, "14314") == {
        "App-Key": "demo-rongcloud",
        "Nonce": "14314",
        "Timestamp": "1408710653000",
        "Signature": "30be0bbca9c9b2e27578701e9fda2358a814c88f",
    }
    assert len(auth.headers(account, 1408710653, "0123456789abcdef" * 2)["Nonce"]) == 18


@pytest.mark.parametrize("time", ["timestamp", "signTimestamp"])
def test_the_query_may_name_the_time_in_either_way(time: str) -> None:
    given = signed()
    query = urlencode({"nonce": given["nonce"], time: given["timestamp"], "signature": given["signature"]})
    assert RONGCLOUD.check(Incoming({}, query, SAID), ACCOUNT, NOW) == KEY
    assert RONGCLOUD.check(Incoming({}, f"appKey=demo-rongcloud&{query}", SAID), ACCOUNT, NOW) == KEY
    assert RONGCLOUD.check(Incoming({}, f"appKey=other&{query}", SAID), ACCOUNT, NOW) == Rejected("unknown-key")


@pytest.mark.parametrize("before", ["", "rc-"])
def test_where_the_query_has_nothing_the_headers_count(before: str) -> None:
    headers = {f"{before}{name}": value for name, value in signed().items()}
    assert RONGCLOUD.check(Incoming(headers, "", SAID), ACCOUNT, NOW) == KEY
    other = headers | {f"{before}app-key": "other"}
    assert RONGCLOUD.check(Incoming(other, "", SAID), ACCOUNT, NOW) == Rejected("unknown-key")


def test_the_oldest_callbacks_have_seconds_in_the_query() -> None:
    query = urlencode({f"rc-{name}": value for name, value in signed(NOW // 1000).items()})
    assert RONGCLOUD.check(Incoming({}, query, SAID), ACCOUNT, NOW) == KEY


def test_a_signature_in_the_body_is_none() -> None:
    assert RONGCLOUD.check(Incoming({}, "", SAID + b"&" + urlencode(signed()).encode()), ACCOUNT, NOW) == Rejected("unsigned")


def test_a_signature_that_somebody_kept_is_refused() -> None:
    """It does not cover the body: whoever has seen one could say anything."""
    query = urlencode(signed())
    late = NOW + 901_000
    assert RONGCLOUD.check(Incoming({}, query, SAID), ACCOUNT, late) == Rejected("stale")
    any_time = msgspec.structs.replace(ACCOUNT, callback_window=0)
    assert RONGCLOUD.check(Incoming({}, query, SAID), any_time, late) == KEY
    nonsense = urlencode(signed("yesterday"))
    assert RONGCLOUD.check(Incoming({}, nonsense, SAID), ACCOUNT, NOW) == Rejected("stale")


def test_a_recall_is_kept_under_the_conversation_that_it_names() -> None:
    """A browser addresses the command to its own user."""
    said = message("rongcloud") | {
        "toUserId": "alice",
        "objectName": "RC:RcCmd",
        "content": json.dumps({"messageUId": "A", "conversationType": 1, "targetId": "bob"}),
    }
    assert RONGCLOUD.check(Incoming({}, urlencode(signed()), body("rongcloud", said)), ACCOUNT, NOW) == KEY
    raw = body("rongcloud", said).replace(b"RC%3A", b"RC:")
    assert RONGCLOUD.check(Incoming({}, urlencode(signed()), raw), ACCOUNT, NOW) == KEY


@pytest.mark.parametrize("said", [b"", b"{", b"[]", b"\xff", b"a=%ff", b"fromUserId=a", b'{"eventType":1}'])
def test_what_belongs_to_no_conversation_is_kept_under_the_app(said: bytes) -> None:
    verdict = RONGCLOUD.check(Incoming({}, urlencode(signed()), said), ACCOUNT, NOW)
    assert verdict == Accepted(b"?demo-rongcloud")
