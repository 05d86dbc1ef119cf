"""Every hop is judged from scratch, what was judged is what is dialled, and secrets stay with whom they are for."""

import asyncio
from pathlib import Path

import pytest

from converters.files.media import Download
from streams.media.fetch import REDIRECTS, Fetched, Fetcher, FetchFailed
from streams.media.ssrf_guard import AddressPolicy
from tests.media.origin import Names, Origin, answer

SECRETS = {"share-secret": "s3cret", "Authorization": "Bearer t0ken"}


def to(location: str, status: str = "302 Found") -> bytes:
    return answer(status, Location=location)


@pytest.mark.parametrize("status", ["301 A", "302 B", "303 C", "307 D", "308 E"])
async def test_a_redirect_on_the_same_origin_is_followed_with_its_secrets(
    status: str, origin: Origin, fetcher: Fetcher, into: Path
) -> None:
    origin.paths |= {"/a/b": to("../c?x=%2F", status), "/c?x=%2F": answer("200 OK", b"hello")}
    got = await fetcher.fetch(Download(origin.url("/a/b"), SECRETS), into, largest=9)
    assert isinstance(got, Fetched)
    assert into.read_bytes() == b"hello"
    assert all("s3cret" in head and "t0ken" in head for head in origin.heads)
    assert origin.asked == ["/a/b", "/c?x=%2F"]


async def test_secrets_do_not_go_to_another_origin_nor_come_back_with_it(origin: Origin, fetcher: Fetcher, into: Path) -> None:
    async with Origin() as other:  # the same host on another port is another origin
        origin.paths |= {"/": to(other.url("/there")), "/back": answer("200 OK", b"hello")}
        other.paths["/there"] = to(origin.url("/back"))
        got = await fetcher.fetch(Download(origin.url("/"), SECRETS), into, largest=9)
        assert isinstance(got, Fetched)
        assert "s3cret" in origin.heads[0]
        for head in (other.heads[0], origin.heads[1]):
            assert "s3cret" not in head
            assert "t0ken" not in head


@pytest.mark.parametrize(
    ("location", "reason"),
    [
        ("http://127.0.0.2:{port}/x", "address"),
        ("//127.0.0.2:{port}/x", "address"),
        ("http://[::1]:{port}/x", "address"),
        ("http://[::ffff:127.0.0.1]:{port}/x", "address"),
        ("http://169.254.169.254/latest/meta-data/", "address"),
        ("http://localhost:{port}/x", "address"),
        ("http://2130706433:{port}/x", "url"),
        ("http://127.1:{port}/x", "url"),
        ("http://127.0.0.1:{port}@127.0.0.2:{port}/x", "url"),
        ("http://a@127.0.0.1:{port}/x", "url"),
        ("http://[", "url"),
        ("ftp://127.0.0.1:{port}/x", "scheme"),
        ("file:///etc/passwd", "scheme"),
        ("http://files.example:25/x", "port"),
    ],
)
async def test_a_redirect_from_an_allowed_host_to_the_inside_is_refused(
    location: str, reason: str, origin: Origin, fetcher: Fetcher, into: Path
) -> None:
    async with Origin("127.0.0.2") as inside:
        inside.paths["/x"] = answer("200 OK", b"inside")
        origin.paths["/"] = to(location.format(port=inside.port))
        got = await fetcher.fetch(Download(origin.url("/"), SECRETS), into, largest=9)
        assert got == FetchFailed(reason=reason, again=False)  # type: ignore[arg-type]
        assert inside.heads == []
        assert not into.exists()


async def test_so_many_redirects_and_no_more(origin: Origin, fetcher: Fetcher, into: Path) -> None:
    origin.paths |= {f"/{n}": to(f"/{n + 1}") for n in range(REDIRECTS + 2)}
    assert await fetcher.fetch(Download(origin.url("/0")), into, largest=9) == FetchFailed(reason="redirects", again=False)
    assert len(origin.heads) == REDIRECTS + 1
    origin.paths[f"/{REDIRECTS}"] = answer("200 OK", b"hello")
    assert isinstance(await fetcher.fetch(Download(origin.url("/0")), into, largest=9), Fetched)


async def test_the_time_in_all_runs_through_every_hop(origin: Origin, into: Path) -> None:
    async def forever(writer: asyncio.StreamWriter) -> None:
        await asyncio.Event().wait()

    origin.paths |= {"/": to("/on"), "/on": forever}
    fetcher = Fetcher(AddressPolicy(["127.0.0.1"]), total=0.2)
    assert await fetcher.fetch(Download(origin.url("/")), into, largest=9) == FetchFailed(reason="too-slow", again=False)
    assert origin.asked == ["/", "/on"]
    await fetcher.close()


async def test_the_address_that_was_judged_is_the_one_that_is_dialled(origin: Origin, into: Path) -> None:
    names = Names(files_example=[["127.0.0.1"], ["127.0.0.2"]])
    async with Origin("127.0.0.2"):
        fetcher = Fetcher(AddressPolicy(["127.0.0.1/32"]), resolver=names)
        origin.paths |= {"/": to("/again"), "/again": answer("200 OK", b"inside"), "/once": answer("200 OK", b"hello")}
        url = origin.url("/once", "files.example")
        assert isinstance(await fetcher.fetch(Download(url), into, largest=9), Fetched)
        assert names.asked == ["files.example"], "looked up once for one connection"
        assert f"host: files.example:{origin.port}" in origin.heads[0].lower()
        # From now on the name stands for another address, which is judged before it is dialled.
        assert await fetcher.fetch(Download(url), into, largest=9) == FetchFailed(reason="address", again=False)
        assert len(origin.heads) == 1
        await fetcher.close()


async def test_a_name_that_changes_between_two_hops_is_judged_again(origin: Origin, into: Path) -> None:
    names = Names(files_example=[["127.0.0.1"], ["127.0.0.1", "10.0.0.1"]])
    fetcher = Fetcher(AddressPolicy(["127.0.0.1/32"]), resolver=names)
    origin.paths |= {"/": to("/again"), "/again": answer("200 OK", b"inside")}
    got = await fetcher.fetch(Download(origin.url("/", "files.example")), into, largest=9)
    assert got == FetchFailed(reason="address", again=False)
    assert origin.asked == ["/"]
    await fetcher.close()
