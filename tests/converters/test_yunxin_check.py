"""The signature of copies, by the vendor's known answers."""

import msgspec

from converters import PLATFORMS
from converters.platform import Accepted, Incoming, Probe, Rejected
from tests.converters.shapes import NOW, incoming, message

YUNXIN = PLATFORMS["yunxin"]
ACCOUNT = msgspec.structs.replace(YUNXIN.example(), app_secret="demo-secret")
KNOWN = {"md5": "cc863bc185f41f73c360580ae37d5397", "curtime": "1700000000123", "checksum": "ba974a6e5e34b74f3e43d315c0a3e09a58c906be"}
BODY = b'{"eventType":"1","convType":"PERSON"}'
PROBE = {"md5": "99914b932bd37a50b983c5e7c90ae93b", "curtime": "1700000000000", "checksum": "b307ff03282109b14845d60b1b3a6ea9e94e26e6"}


def test_the_vendors_known_answer_is_accepted() -> None:
    assert YUNXIN.check(Incoming(KNOWN, "", BODY), ACCOUNT, NOW) == Accepted(b"?demo-yunxin")


def test_a_checksum_in_upper_case_is_the_same() -> None:
    upper = {**KNOWN, "checksum": KNOWN["checksum"].upper()}
    assert isinstance(YUNXIN.check(Incoming(upper, "", BODY), ACCOUNT, NOW), Accepted)


def test_a_body_that_was_changed_is_refused() -> None:
    changed = BODY.replace(b"1", b"2")
    assert YUNXIN.check(Incoming(KNOWN, "", changed), ACCOUNT, NOW) == Rejected("bad-digest")


def test_a_time_that_was_changed_is_refused() -> None:
    later = {**KNOWN, "curtime": "1700000000124"}
    assert YUNXIN.check(Incoming(later, "", BODY), ACCOUNT, NOW) == Rejected("bad-signature")


def test_the_consoles_probe_is_let_through_signed_and_unsigned_but_not_wrongly_signed() -> None:
    assert YUNXIN.check(Incoming(PROBE, "", b"{}"), ACCOUNT, NOW) == Probe()
    assert YUNXIN.check(Incoming({}, "", b" {} "), ACCOUNT, NOW) == Probe()
    assert YUNXIN.check(Incoming({**PROBE, "checksum": "0" * 40}, "", b"{}"), ACCOUNT, NOW) == Rejected("bad-signature")


def test_a_late_copy_is_taken_unless_a_window_is_set() -> None:
    copy, days_later = incoming("yunxin", message("yunxin"), "demo-secret"), NOW + 3 * 86_400_000
    assert isinstance(YUNXIN.check(copy, ACCOUNT, days_later), Accepted)
    strict = msgspec.structs.replace(ACCOUNT, callback_window=3600)
    assert YUNXIN.check(copy, strict, days_later) == Rejected("stale")
    assert isinstance(YUNXIN.check(copy, strict, NOW + 3_599_000), Accepted)


def test_what_is_genuine_but_not_json_is_stored_all_the_same() -> None:
    copy = incoming("yunxin", b"eventType=1", "demo-secret")
    assert YUNXIN.check(copy, ACCOUNT, NOW) == Accepted(b"?demo-yunxin")


def test_header_values_that_are_no_ascii_are_only_wrong() -> None:
    odd = {**KNOWN, "checksum": "\xe9" * 40, "md5": KNOWN["md5"]}
    assert YUNXIN.check(Incoming(odd, "", BODY), ACCOUNT, NOW) == Rejected("bad-signature")
