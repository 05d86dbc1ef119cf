"""The own server's signature, and the ids that its settings allow."""

import msgspec
import pytest

from converters import PLATFORMS
from converters.core import wire
from converters.core.operations import Post
from converters.platform import Accepted, Callback, DecodedEvent, Incoming, Rejected, SignedBody
from converters.routing.id_mapping import NewIdentity
from converters.routing.identity_table import IdentityTable
from converters.routing.route import App, Deliver, route
from tests.converters.shapes import NOW, body, incoming, message
from tests.narrowed import of_kind

OWN = PLATFORMS["own"]
ACCOUNT = OWN.example()
GOOD = incoming("own", message("own"), ACCOUNT.secret)


def test_the_known_answer() -> None:
    """By `printf '1700000000.{}' | openssl dgst -sha256 -hmac secret`."""
    assert isinstance(OWN.auth, SignedBody)
    headers = OWN.auth.headers(msgspec.structs.replace(ACCOUNT, secret="secret"), 1_700_000_000, b"{}")
    assert headers == {
        "X-Relay-Timestamp": "1700000000",
        "X-Relay-Signature": "v1=b8569b78799ff9e3cbff0fc2d63a33a2b57f3282abd07c37ae5e8e7d79a5f163",
    }


@pytest.mark.parametrize(("late", "fine"), [(0, True), (300, True), (-300, True), (301, False), (-301, False)])
def test_a_signature_holds_for_the_window(late: int, fine: bool) -> None:
    verdict = OWN.check(GOOD, ACCOUNT, NOW + late * 1000)
    assert verdict == (Accepted(b"direct\x1falice\x1fbob") if fine else Rejected("stale"))
    open_ended = msgspec.structs.replace(ACCOUNT, window=0)
    assert isinstance(OWN.check(GOOD, open_ended, NOW + late * 1000), Accepted)


@pytest.mark.parametrize("odd", ["", "v1=", "v2=" + "0" * 64, "v1=" + "\xe9" * 64, GOOD.headers["x-relay-signature"].upper(), "0" * 64])
def test_what_is_no_signature_is_refused(odd: str) -> None:
    given = {**GOOD.headers, "x-relay-signature": odd}
    assert OWN.check(Incoming(given, "", GOOD.body), ACCOUNT, NOW) == Rejected("bad-signature" if odd else "unsigned")


@pytest.mark.parametrize("odd", ["", "soon", "-1", "1e9", "１７０００００００", "1" * 400, " 1700000000", "1700000001"])
def test_a_time_that_was_not_signed_is_refused(odd: str) -> None:
    given = {**GOOD.headers, "x-relay-timestamp": odd}
    assert OWN.check(Incoming(given, "", GOOD.body), ACCOUNT, NOW) == Rejected("bad-signature")


def test_a_body_that_was_changed_is_refused() -> None:
    changed = Incoming(GOOD.headers, "", GOOD.body.replace(b"hi", b"ho"))
    assert OWN.check(changed, ACCOUNT, NOW) == Rejected("bad-signature")


def test_what_is_asked_of_a_stranger_is_the_same_whatever_lies_in_it() -> None:
    """Nobody without a secret learns how we read a body."""
    for raw in (b"", b"{", b"[]", body("own", message("own"))):
        signed = incoming("own", raw, "guessed")
        assert OWN.check(signed, ACCOUNT, NOW) == Rejected("bad-signature")


def test_settings_narrow_the_ids() -> None:
    def routed(**settings: object) -> list[object]:
        account = msgspec.structs.replace(ACCOUNT, **settings)
        apps = {"old": App("old", PLATFORMS["yunxin"], PLATFORMS["yunxin"].example(), "new"), "new": App("new", OWN, account, "old")}
        said = body("yunxin", message("yunxin", sender="me@home"))
        return list(route(Callback("old", said, NOW), apps, IdentityTable()))

    (plain,) = routed()
    assert isinstance(plain, Deliver)
    assert plain.delivery.sender == "me@home"
    (narrow,) = routed(id_alphabet="_")
    assert isinstance(narrow, Deliver)
    assert narrow.delivery.sender == "x--me-40home"
    (wider,) = routed(id_alphabet="@")
    assert isinstance(wider, Deliver)
    assert wider.delivery.sender == "me@home"


def test_a_long_id_is_hashed_where_the_settings_are_short() -> None:
    apps = {
        "old": App("old", PLATFORMS["easemob"], PLATFORMS["easemob"].example(), "new"),
        "new": App("new", OWN, msgspec.structs.replace(ACCOUNT, id_limit=29), "old"),
    }
    said = body("easemob", message("easemob", sender="a" * 40))
    minted, one = route(Callback("old", said, NOW), apps, IdentityTable())
    assert isinstance(minted, NewIdentity)
    assert isinstance(one, Deliver)
    assert (minted.platform, minted.user) == ("own", one.delivery.sender)


@pytest.mark.parametrize(("setting", "value"), [("path", "events"), ("path", "/a b"), ("window", -1), ("id_limit", 28)])
def test_settings_that_cannot_be_are_refused(setting: str, value: object) -> None:
    with pytest.raises(msgspec.ValidationError):
        msgspec.convert({**msgspec.to_builtins(ACCOUNT), setting: value}, OWN.account)


def test_mad_numbers_are_malformed_and_the_customers_own_are_not() -> None:
    said = message("own") | {"operation": {"op": "typing"}, "at": 1}
    said["operation"] = {"op": "post", "body": {"kind": "voice", "file": {}, "duration": 1 << 53}}
    with pytest.raises(wire.Malformed, match="too large"):
        OWN.decode(Callback("a", body("own", said), NOW), ACCOUNT)
    said["operation"] = {"op": "post", "body": {"kind": "custom", "name": "x", "data": 1 << 63}, "ext": {"a": 1 << 63}}
    (decoded,) = OWN.decode(Callback("a", body("own", said), NOW), ACCOUNT)
    assert of_kind(Post, of_kind(DecodedEvent, decoded).event.operation).ext == {"a": 1 << 63}


def test_an_error_says_where_and_never_what() -> None:
    said = message("own")
    said["operation"]["body"] = {"kind": "alice's secret"}
    with pytest.raises(wire.Malformed) as raised:
        OWN.decode(Callback("a", body("own", said), NOW), ACCOUNT)
    assert str(raised.value) == "Invalid value - at `$.operation.body.kind`"
