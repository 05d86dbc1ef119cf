"""The short form of ``python -m tests.fuzz``; what it finds becomes a case file."""

from random import SystemRandom

import pytest

from converters import PLATFORMS
from tests.fuzz.target import OPEN, Fuzzer, shown


@pytest.mark.parametrize("platform", sorted(PLATFORMS))
def test_a_thousand_bodies_raise_nothing(platform: str) -> None:
    seed = SystemRandom().randrange(1_000_000)
    print(f"seed {seed}")
    fuzzer = Fuzzer(platform, seed)
    fuzzer.corpus()
    seeds = fuzzer.tried
    fuzzer.run(1_000)
    assert [shown(finding) for finding in fuzzer.findings.values()] == []
    assert seeds > 10
    assert len(fuzzer.mutator.corpus) > seeds, "nothing new came of it: the mutations do nothing"


def test_a_defect_is_found(monkeypatch: pytest.MonkeyPatch) -> None:
    fuzzer = Fuzzer("own")
    monkeypatch.setattr(fuzzer, "_route", lambda raw: str(int(raw[:1] == b"{") // (b'"text"' not in raw)))
    fuzzer.run(50)
    (finding,) = fuzzer.findings.values()
    assert finding.error.startswith("ZeroDivisionError")


def test_every_setting_that_opens_is_fuzzed() -> None:
    found = {name: tuple(key for key in platform.account.__struct_fields__ if "unsigned" in key) for name, platform in PLATFORMS.items()}
    assert {name: keys for name, keys in found.items() if keys} == OPEN
