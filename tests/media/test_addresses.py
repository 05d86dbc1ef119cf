"""Which addresses a stranger's URL may lead to."""

import socket
import unicodedata
from ipaddress import IPv4Address, IPv6Address, IPv6Network, ip_address
from urllib.parse import urlsplit

import pytest
from hypothesis import example, given
from hypothesis import strategies as st
from yarl import URL

from streams.media.ssrf_guard import AddressPolicy, CheckedResolver, ForbiddenAddressError, SystemResolver
from tests.media.origin import Names

STRANGERS = AddressPolicy()

INSIDE = [
    "0.0.0.0",
    "0.1.2.3",
    "10.0.0.1",
    "100.64.0.1",
    "100.100.100.200",
    "127.0.0.1",
    "127.255.255.254",
    "168.63.129.16",
    "169.254.169.254",
    "172.16.0.1",
    "192.0.0.1",
    "192.0.0.192",
    "192.0.2.1",
    "192.88.99.1",
    "192.168.1.1",
    "198.18.0.1",
    "198.51.100.1",
    "203.0.113.1",
    "224.0.0.1",
    "224.0.1.1",
    "239.255.255.250",
    "240.0.0.1",
    "255.255.255.255",
    "::",
    "::1",
    "::7f00:1",
    "::808:808",
    "::ffff:127.0.0.1",
    "::ffff:8.8.8.8",
    "64:ff9b::127.0.0.1",
    "64:ff9b::a9fe:a9fe",
    "64:ff9b:1::808:808",
    "100::1",
    "100:0:0:1::1",
    "2001::1",
    "2001:0:4136:e378:8000:63bf:3fff:fdd2",
    "2001:2::1",
    "2001:10::1",
    "2001:20::1",
    "2001:db8::1",
    "2002:7f00:1::1",
    "2002:808:808::1",
    "3fff::1",
    "5f00::1",
    "fc00::1",
    "fd00:ec2::254",
    "fd20:ce::254",
    "fe80::1",
    "fec0::1",
    "ff02::1",
    "ff0e::1",
    "2606:4700::5efe:7f00:1",
    "2606:4700::200:5efe:808:808",
]
OUTSIDE = ["8.8.8.8", "1.1.1.1", "47.95.1.2", "192.0.1.1", "100.128.0.1", "2606:4700:4700::1111", "2400:3200::1", "64:ff9b::8.8.8.8"]


def shown(address: str) -> str:
    return f"[{address}]" if ":" in address else address


@pytest.mark.parametrize("address", INSIDE)
def test_what_is_not_for_strangers_is_refused(address: str) -> None:
    assert not STRANGERS.good(address)
    assert STRANGERS.checked(f"http://{shown(address)}/a.jpg") == "address"


@pytest.mark.parametrize("address", OUTSIDE)
def test_what_everybody_reaches_may_be_dialled(address: str) -> None:
    assert STRANGERS.good(address)
    found = STRANGERS.checked(f"https://{shown(address)}/a.jpg")
    assert isinstance(found, URL)
    assert ip_address(found.raw_host or "") == ip_address(address)


@given(st.integers(0, 2**32 - 1).map(IPv4Address))
def test_no_v4_address_that_is_not_global_is_good(address: IPv4Address) -> None:
    if not address.is_global or address.is_multicast or address.is_reserved:
        assert not STRANGERS.good(str(address))


BAD4 = st.sampled_from([one for one in INSIDE if ":" not in one]).map(lambda one: int(IPv4Address(one)))
HIGH = st.sampled_from([0, 0xFFFF << 32, 0x64FF9B << 96, 0x64FF9B0001 << 80, 0x2001 << 112, 0x20010DB8 << 96, 0xFE80 << 112])


@given(st.one_of(st.integers(0, 2**128 - 1), st.builds(int.__or__, HIGH, BAD4), BAD4.map(lambda four: 0x2002 << 112 | four << 80)))
def test_no_v6_address_that_is_not_global_or_holds_a_bad_v4_one_is_good(number: int) -> None:
    address = IPv6Address(number)
    if STRANGERS.good(str(address)):
        assert address.is_global
        assert address in IPv6Network("2000::/3")
        assert (address.ipv4_mapped, address.sixtofour, address.teredo) == (None, None, None)
        assert not address.is_multicast


def spelled(base: str, number: int) -> str:
    return {"8": f"0{number:o}", "10": f"{number}", "16": f"0x{number:x}", "X": f"0X{number:X}", "0": f"00{number:o}"}[base]


@st.composite
def spellings(draw: st.DrawFn) -> str:
    """A v4 address in one of the ways that the system's look-up reads."""
    number = draw(st.one_of(st.integers(0, 2**32 - 1), BAD4, st.just(int(IPv4Address("8.8.8.8")))))
    count = draw(st.integers(1, 4))
    last = 8 * (5 - count)
    parts = [number >> (24 - 8 * i) & 255 for i in range(count - 1)] + [number & (1 << last) - 1]
    bases = st.sampled_from(["10", "10", "8", "16", "X", "0"])
    text = ".".join(spelled(draw(bases), part) for part in parts)
    if draw(st.booleans()):
        wide = {ord(digit): ord(digit) + 0xFEE0 for digit in "0123456789"} | {ord("."): draw(st.sampled_from("。．｡."))}
        text = text.translate(wide)
    return text + draw(st.sampled_from(["", "", "."]))


@given(spellings())
@example("2130706433")
@example("0x7f.1")
@example("127.1")
@example("0177.0.0.1")
@example("１２７.0.0.1")
@example("①②⑦.0.0.1")
@example("127.0.0.1.")
def test_an_address_in_any_spelling_is_judged_as_what_would_be_dialled(host: str) -> None:
    found = STRANGERS.checked(f"http://{host}/")
    if isinstance(found, URL):
        plain = unicodedata.normalize("NFKC", host)
        assert socket.inet_aton(found.raw_host or "") == socket.inet_aton(plain)
        assert STRANGERS.good(found.raw_host or "")
        assert found.raw_host == host
    else:
        assert found in ("url", "address")


@given(st.text(st.sampled_from("a0.:@/\\?#%[]-_é。x ~"), max_size=14))
@example("good.com@127.0.0.1")
@example("a\\@b")
def test_every_reader_of_a_url_that_is_taken_reads_the_same_host(rest: str) -> None:
    found = STRANGERS.checked(f"http://{rest}")
    if isinstance(found, URL):
        other = urlsplit(f"http://{rest}")
        assert other.username is None
        assert found.port == (other.port or 80)
        if (other.hostname or "").isascii():
            assert found.raw_host == other.hostname == URL(f"http://{rest}").raw_host
        assert URL(str(found), encoded=True) == found


@pytest.mark.parametrize(
    "text",
    [
        "http://good@a.com/",
        "http://good:pw@a.com/",
        "http://@a.com/",
        "http://good%40a.com/",
        "http://a%2ecom/",
        "http://a.com\\@b.com/",
        "http://a.com./",
        "http://a..com/",
        "http://.a.com/",
        "http:///x",
        "http://",
        "http:a.com",
        "http:/a.com",
        "//a.com/",
        "a.com",
        "",
        "http://a.com:/",
        "http://a.com:0/",
        "http://a.com:080/",
        "http://a.com:65536/",
        "http://a.com:+80/",
        "http://a.com:８０/",
        "http://a.com:80:80/",
        "http://a b/",
        "http://a\tb/",
        "http://a.com/\r\nX-Evil: 1",
        "http://a.com/\x00",
        " http://a.com/",
        "http://[::1",
        "http://::1/",
        "http://[fe80::1%25eth0]/",
        "http://[8.8.8.8]/",
        "http://[v1.x]/",
        "http://1.2.3.4.5/",
        "http://a.0x/",
        "http://8.8.8.8./",
        "http://08.8.8.8/",
        "http://-a.com/",
        "http://\u00ad8.8.8.8/",
        "http://a.com/\udcff",
        f"http://{'a' * 64}.com/",
        f"http://a.com/{'a' * 8192}",
    ],
)
def test_what_is_not_plain_is_refused(text: str) -> None:
    assert STRANGERS.checked(text) == "url"


@pytest.mark.parametrize(
    "text", ["ftp://a.com/", "file:///etc/passwd", "gopher://a.com:70/", "data:text/plain,a", "unix://a", "javascript:1"]
)
def test_only_the_web_is_asked(text: str) -> None:
    assert STRANGERS.checked(text) == "scheme"


@pytest.mark.parametrize("port", [1, 22, 25, 53, 111, 389, 445, 993])
def test_ports_of_other_services_are_not_for_strangers(port: int) -> None:
    assert STRANGERS.checked(f"http://a.com:{port}/") == "port"
    assert isinstance(AddressPolicy([f"a.com:{port}"]).checked(f"http://a.com:{port}/"), URL)
    assert isinstance(STRANGERS.checked("http://a.com:8443/"), URL)


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("HTTP://ExAmple.COM/%7e?a=%3d%2F&b=+", "http://example.com/%7e?a=%3d%2F&b=+"),
        ("https://a.com:443/x#part", "https://a.com/x"),
        ("https://a.com:8443?q", "https://a.com:8443/?q"),
        ("http://例え.中国/图 x.jpg?名=1", "http://xn--r8jz45g.xn--fiqs8s/%E5%9B%BE%20x.jpg?%E5%90%8D=1"),
        ("http://a_b.com/100%/a", "http://a_b.com/100%/a"),
    ],
)
def test_path_and_query_are_asked_for_as_they_were_signed(text: str, expected: str) -> None:
    found = STRANGERS.checked(text)
    assert isinstance(found, URL)
    assert str(found) == expected


def test_the_allow_list_names_hosts_ports_suffixes_and_networks() -> None:
    allowed = AddressPolicy(
        ["127.0.0.1", "[::1]:9000", "Files.Example", "host.example:8080", "*.in.example", "*.on.example:81", "10.1.0.0/16"]
    )
    hosts = [
        "127.0.0.1:5",
        "[::1]:9000",
        "files.example:1",
        "host.example:8080",
        "a.in.example",
        "a.b.in.example:22",
        "a.on.example:81",
        "10.1.2.3",
    ]
    for host in hosts:
        assert isinstance(allowed.checked(f"http://{host}/"), URL), host
    for host in ("127.0.0.2", "[::1]:9001", "10.2.0.1"):
        assert allowed.checked(f"http://{host}/") == "address", host
    assert allowed.allows("files.example", 1)
    for name, port in (("in.example", 80), ("evilin.example", 80), ("host.example", 80), ("a.on.example", 80), ("xfiles.example", 1)):
        assert not allowed.allows(name, port), name
    assert allowed.good("10.1.255.255")
    assert not allowed.good("127.0.0.1"), "a host in the list is no network: other names must not lead there"


@pytest.mark.parametrize(
    "entry", ["", "*", "*.", "http://a.com", "a.com:x", "a.com:0", "10.0.0.0/33", "10.1.2.3/8", "0x7f.1", "*.127.0.0.1", "a@b"]
)
def test_an_entry_that_is_none_is_named(entry: str) -> None:
    with pytest.raises(ValueError, match=r"neither|not a network"):
        AddressPolicy([entry])


async def test_one_bad_address_refuses_a_name() -> None:
    names = Names(good_example=[["8.8.8.8", "2400:3200::1"]], mixed_example=[["8.8.8.8", "10.0.0.1"]], none_example=[[]])
    resolver = CheckedResolver(STRANGERS, names)
    assert [one["host"] for one in await resolver.resolve("good.example", 80)] == ["8.8.8.8", "2400:3200::1"]
    with pytest.raises(ForbiddenAddressError):
        await resolver.resolve("mixed.example", 80)
    with pytest.raises(OSError, match="no addresses"):
        await resolver.resolve("none.example", 80)
    ours = CheckedResolver(AddressPolicy(["mixed.example:80"]), names)
    assert len(await ours.resolve("mixed.example", 80)) == 2
    with pytest.raises(ForbiddenAddressError):
        await ours.resolve("mixed.example", 81)


async def test_the_systems_own_names_for_inside_are_refused() -> None:
    below = SystemResolver()
    found = await below.resolve("localhost", 80)
    assert all(ip_address(one["host"]).is_loopback for one in found)
    assert found
    resolver = CheckedResolver(AddressPolicy(), below)
    with pytest.raises(ForbiddenAddressError):
        await resolver.resolve("localhost", 80)
    await resolver.close()
