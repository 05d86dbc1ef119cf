"""Which proxy is for which address, and what a wrong one is told."""

from pathlib import Path
from typing import Any

import pytest
from pydantic import SecretStr

from streams.outbound.proxies import NoProxy, ProxySettings, proxies


def way(environment: dict[str, str], encrypted: bool, host: str, port: int = 443, **section: Any) -> str | None:
    found = proxies(ProxySettings(**section), "deliver", environment).of(encrypted, host, port)
    return f"{found.host}:{found.port}" if found is not None else None


BOTH = {"HTTPS_PROXY": "http://secure:3128", "HTTP_PROXY": "http://plain:3128", "NO_PROXY": "inside.example, 10.0.0.0/8"}


@pytest.mark.parametrize(
    ("environment", "encrypted", "host", "expected"),
    [
        ({}, True, "api.example", None),
        (BOTH, True, "api.example", "secure:3128"),
        (BOTH, False, "api.example", "plain:3128"),
        (BOTH, True, "inside.example", None),
        (BOTH, True, "a.inside.example", None),
        (BOTH, True, "notinside.example", "secure:3128"),
        (BOTH, True, "10.2.3.4", None),
        (BOTH, True, "11.2.3.4", "secure:3128"),
        (BOTH, True, "localhost", None),
        (BOTH, False, "127.0.0.9", None),
        (BOTH, True, "::1", None),
        ({"HTTPS_PROXY": "secure:8080"}, True, "a.example", "secure:8080"),
        ({"HTTPS_PROXY": "secure"}, True, "a", "secure:80"),
        ({"https_proxy": "http://low:1", "HTTPS_PROXY": "http://up:1"}, True, "a.example", "low:1"),
        ({"HTTPS_PROXY": "http://p:1"}, False, "a.example", None),
        ({"HTTPS_PROXY": "", "NO_PROXY": "*"}, True, "a.example", None),
        ({"HTTPS_PROXY": "http://p:1", "NO_PROXY": "*"}, True, "a.example", None),
    ],
)
def test_the_environment_says_which(environment: dict[str, str], encrypted: bool, host: str, expected: str | None) -> None:
    assert way(environment, encrypted, host) == expected


def test_the_setting_goes_before_the_environment(tmp_path: Path) -> None:
    assert way(BOTH, True, "api.example", proxy=SecretStr("none")) is None
    assert way(BOTH, False, "inside.example", proxy=SecretStr("http://ours:1"), no_proxy=[".other.example"]) == "ours:1"
    assert way({}, True, "a.other.example", proxy=SecretStr("http://ours:1"), no_proxy=[".other.example"]) is None
    (tmp_path / "proxy").write_text("http://user:secret@ours:1\n")
    assert way({}, True, "api.example", proxy_file=str(tmp_path / "proxy")) == "ours:1"
    assert way(BOTH, True, "a.third.example", no_proxy=["third.example"]) is None, "beside what the environment excepts"


@pytest.mark.parametrize(
    ("entry", "host", "port", "held"),
    [
        ("a.example", "a.example", 443, True),
        ("a.example", "b.a.example", 443, True),
        (".a.example", "a.example", 443, False),
        (".a.example", "b.a.example", 443, True),
        ("*.a.example", "b.a.example", 443, True),
        ("a.example:8443", "a.example", 443, False),
        ("a.example:8443", "a.example", 8443, True),
        ("10.0.0.0/8", "10.1.1.1", 80, True),
        ("10.0.0.1", "10.0.0.1", 80, True),
        ("10.0.0.1", "10.0.0.2", 80, False),
        ("10.0.0.1:80", "10.0.0.1", 81, False),
        ("fd00::/8", "fd12::1", 80, True),
        ("[fd12::1]:80", "fd12::1", 80, True),
        ("[fd12::1]:80", "fd12::1", 81, False),
        ("*", "x", 1, True),
        ("A.EXAMPLE", "a.example.", 1, True),
        ("10.0.0.0/8", "ten.example", 80, False),
    ],
)
def test_what_is_excepted(entry: str, host: str, port: int, held: bool) -> None:
    assert NoProxy([entry]).holds(host, port) is held


@pytest.mark.parametrize(
    ("given", "said"),
    [
        ("proxy:3128", "deliver.proxy is without a scheme; expected a proxy that is spoken to in HTTP: write http://proxy:3128"),
        (
            "socks5://user:w0rd@proxy:1080",
            "deliver.proxy is of socks5; expected a proxy that is spoken to in HTTP: write http://proxy:1080",
        ),
        ("https://proxy", "deliver.proxy is of https; expected a proxy that is spoken to in HTTP: write http://proxy:3128"),
        ("http://proxy", "deliver.proxy has no port: write http://proxy:3128, or whatever the proxy's is"),
        ("http://user:w0rd@proxy:3128/path", "deliver.proxy has something after the port: write http://proxy:3128"),
        ("http://:3128", "deliver.proxy has no host: write http://host:port"),
        ("http://proxy:port", "deliver.proxy is no address: write http://host:port"),
        ("off", "deliver.proxy is without a scheme; expected a proxy that is spoken to in HTTP: write http://off:3128"),
    ],
)
def test_a_wrong_one_is_told_what_to_write_and_its_password_is_not(given: str, said: str) -> None:
    with pytest.raises(ValueError, match="deliver") as caught:
        proxies(ProxySettings(proxy=SecretStr(given)), "deliver", {})
    assert str(caught.value) == said


def test_a_wrong_one_of_the_environment_is_named(tmp_path: Path) -> None:
    with pytest.raises(ValueError, match="HTTPS_PROXY") as caught:
        proxies(ProxySettings(), "media", {"HTTPS_PROXY": "socks5h://proxy:1080"})
    assert str(caught.value) == (
        'HTTPS_PROXY is of socks5h; expected a proxy that is spoken to in HTTP: write http://proxy:1080 (or media.proxy = "none", for none)'
    )
    with pytest.raises(ValueError, match=r"proxy_file: cannot read .*/none: FileNotFoundError"):
        ProxySettings(proxy_file=str(tmp_path / "none"))
    (tmp_path / "empty").write_text("\n")
    with pytest.raises(ValueError, match=r"media.proxy_file: .*/empty is empty; write http://host:port into it, or none"):
        proxies(ProxySettings(proxy_file=str(tmp_path / "empty")), "media", {})
