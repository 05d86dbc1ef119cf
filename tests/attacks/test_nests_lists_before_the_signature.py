"""256 kB of lists within lists, unsigned: none of them is built before the signature is looked at."""

import tracemalloc

import pytest

from converters import PLATFORMS
from converters.core import wire
from converters.platform import Incoming, Rejected

NESTED = b"[" + (b"[" * 90 + b"]" * 90 + b",") * 1400 + b"1]"


@pytest.mark.parametrize("name", sorted(PLATFORMS))
@pytest.mark.parametrize("extra", [b"", b'"callId":"1","timestamp":"1","security":"0",'], ids=["unsigned", "badly signed"])
def test_it_is_refused_for_next_to_nothing(name: str, extra: bytes) -> None:
    platform = PLATFORMS[name]
    body = b"{" + extra + b'"payload":' + NESTED + b"}"
    incoming = Incoming({}, "", body)
    tracemalloc.start()
    try:
        verdict = platform.check(incoming, platform.example(), 1_700_000_000_000)
        _, most = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()
    assert isinstance(verdict, Rejected)
    assert most < len(body), "126,000 lists take seven megabytes"


def test_what_is_signed_may_not_nest_without_end_either() -> None:
    with pytest.raises(wire.Malformed, match="nested"):
        wire.load_any(b"[" * 101 + b"]" * 101)
    assert wire.load_any(b"[" * 99 + b'"[[[["' + b"]" * 99)
    assert wire.load_any(NESTED)
