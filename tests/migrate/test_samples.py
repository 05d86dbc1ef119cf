"""Files that old messages name: a sample is asked for, and what is gone is told with the message's line."""

from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from converters import PLATFORMS
from streams.media.fetch import Fetcher
from streams.media.ssrf_guard import AddressPolicy
from streams.migrate.bundle import Bundle
from streams.migrate.check import Check
from streams.migrate.files import open_path
from streams.migrate.samples import Dead, Sampled, dead
from tests.media.origin import Origin, answer
from tests.migrate.exports import NOW, said, user, wanted, write


@pytest.fixture
async def origin() -> AsyncIterator[Origin]:
    async with Origin() as one:
        yield one


async def test_what_is_there_and_what_is_gone_are_told_apart(origin: Origin) -> None:
    origin.paths = {"/there": answer("200 OK", b"x" * 5000), "/gone": answer("404 Not Found"), "/closed": answer("403 Forbidden")}
    files = [Sampled(f"m:{number}", origin.url(path)) for number, path in enumerate(origin.paths)]
    fetcher = Fetcher(AddressPolicy([origin.host]), connect=10.0, silence=20.0, total=30.0)
    assert await dead([*files, Sampled("m:9", "file:///etc/passwd")], fetcher) == [
        Dead("m:1", "not-found"),
        Dead("m:2", "forbidden"),
        Dead("m:9", "scheme"),
    ]


async def test_an_address_of_our_own_network_is_not_asked_for(origin: Origin) -> None:
    origin.paths = {"/secret": answer("200 OK", b"x")}
    found = await dead([Sampled("m:1", origin.url("/secret"))], Fetcher(AddressPolicy()))
    assert (len(found), origin.heads) == (1, [])


@pytest.mark.parametrize("files", [3, 300])
def test_the_same_sample_is_tried_in_each_run_and_the_rest_is_counted(tmp_path: Path, files: int) -> None:
    write(tmp_path / "export" / "users.jsonl", [user("ann"), user("bob")])
    images = [{"op": "post", "body": {"kind": "image", "file": {"url": f"https://files.example/{n}.jpg"}}} for n in range(files)]
    write(
        tmp_path / "export" / "messages.jsonl",
        [{**said(n, "ann", "bob", at=NOW - n - 1), "operation": image} for n, image in enumerate(images)],
    )
    rules = PLATFORMS["easemob"].migration
    assert rules is not None
    tried: list[list[Sampled]] = []

    def gone(given: list[Sampled]) -> list[Dead]:
        tried.append(given)
        return [Dead(one.where, "gone") for one in given[:2]]

    for run in ("1", "2"):
        check = Check(
            tmp_path / run, wanted(tmp_path / "export"), open_path(tmp_path / "export"), rules, PLATFORMS["easemob"].user_ids, gone, now=NOW
        )
        with Bundle.open(check.run(lambda *_: None)) as bundle:
            assert (bundle.meta.files, bundle.meta.problems, bundle.meta.stops) == (files, {"dead-file": 2}, 0)
            assert {one.where for one in bundle.problems()} == {one.where for one in tried[-1][:2]}
    assert tried[0] == tried[1]
    assert len(tried[0]) == min(files, 200)
    for one in tried[0]:
        assert one.url == f"https://files.example/{int(one.where.partition(':')[2]) - 1}.jpg"
