"""Pages for the devices: what the server does not take, once for each who may see it, the same bytes in every run."""

import gzip
import hashlib
from pathlib import Path
from typing import Any

import msgspec

from converters import PLATFORMS
from converters.core.event_id import new_event_id
from converters.routing.identity_table import IdentityTable, record
from converters.routing.route import App
from streams.migrate.device import MOST, DeviceExport, DeviceIndex, DevicePage, Exported, file_name, stable_id
from tests.migrate.exports import DAY, NOW, checked, said, user, write

AT = NOW - 200 * DAY
"""Older than the target keeps."""
NATIVE = "270000000000001"


def exported(tmp_path: Path, *, everything: bool = False, there: bool = True, out: str = "out", count: int = 4) -> tuple[Path, Exported]:
    export = tmp_path / "export"
    write(export / "users.jsonl", [user("ann"), user("bob"), user("=odd|")])
    write(export / "groups.jsonl", [{"id": "77", "owner": "ann"}])
    write(export / "members.jsonl", [{"group": "77", "user": name, "joined": AT} for name in ("ann", "bob")])
    talk = [
        said(number, "ann" if number % 2 else "bob", "bob" if number % 2 else "ann", at=AT + number, text=f"d{number}")
        for number in range(count)
    ]
    old = [said("o", "=odd|", "ann", at=AT + 9, text="odd"), said("g", "bob", group="77", at=AT + 1, text="g")]
    write(export / "messages.jsonl", [*talk, *old, said("s", "ann", group="77", text="for the server")])
    source = App("old", PLATFORMS["own"], PLATFORMS["own"].example(), "new")
    target = App("new", PLATFORMS["easemob"], PLATFORMS["easemob"].example(), "old")
    table = IdentityTable()
    table.apply(*record("own", "group", "77", "team"))
    if there:
        table.apply(*record("easemob", "group", NATIVE, "team"))
    root = tmp_path / out
    with checked(export, tmp_path / "bundles", devices=True) as bundle:
        return root, DeviceExport(bundle, source, target, table, root, everything=everything).run()


def index_of(root: Path, user: str) -> DeviceIndex:
    return msgspec.json.decode((root / "users" / file_name(user) / "index.json").read_bytes(), type=DeviceIndex)


def pages(root: Path, index: DeviceIndex) -> list[list[Any]]:
    found = []
    for entry in [*index.pages, *(page for group in index.groups for page in group.pages)]:
        raw = (root / entry.path).read_bytes()
        assert hashlib.sha256(raw).hexdigest() == entry.sha256
        page = msgspec.json.decode(gzip.decompress(raw), type=DevicePage)
        assert len(page.messages) == entry.messages <= MOST
        found.append(page.messages)
    return found


def test_each_user_has_what_the_server_does_not_take(tmp_path: Path) -> None:
    root, done = exported(tmp_path)
    assert (done.users, done.groups, done.messages, done.without_group) == (3, 1, 6, 0)
    ann, bob = index_of(root, "ann"), index_of(root, "bob")
    assert [[one.body.text for one in page] for page in pages(root, ann)] == [["odd", "d0", "d1", "d2", "d3"], ["g"]]
    assert [[one.body.text for one in page] for page in pages(root, bob)] == [["d0", "d1", "d2", "d3"], ["g"]]
    assert ann.groups == bob.groups
    assert (ann.groups[0].id, ann.groups[0].joined) == (NATIVE, AT)
    first = pages(root, bob)[0][0]
    assert (first.chat, first.sender, first.to, first.at) == ("direct", "bob", "ann", AT)
    # Ids are as the new app has them, and the same message has one id wherever it lies.
    odd = pages(root, ann)[0][0]
    assert odd.sender == PLATFORMS["easemob"].user_ids.write("=odd|").native
    assert index_of(root, odd.sender).user == odd.sender
    assert pages(root, ann)[0][1] == first
    assert first.id == stable_id(new_event_id("own", "old", "direct", "m0", "post"))
    assert not list(root.rglob(".sides"))


def test_the_same_bundle_makes_the_same_bytes_and_long_talks_several_pages(tmp_path: Path) -> None:
    root, done = exported(tmp_path, count=MOST + 500, everything=True)
    assert [entry.messages for entry in index_of(root, "bob").pages] == [MOST, 500]
    assert done.messages == MOST + 500 + 3
    before = {path: path.read_bytes() for path in root.rglob("*") if path.is_file()}
    exported(tmp_path, count=MOST + 500, everything=True)
    assert {path: path.read_bytes() for path in root.rglob("*") if path.is_file()} == before


def test_a_group_that_is_not_there_yet_is_counted(tmp_path: Path) -> None:
    root, done = exported(tmp_path, there=False)
    assert (done.without_group, done.groups) == (1, 0)
    assert index_of(root, "bob").groups == []


def test_what_an_earlier_export_has_left_is_removed_and_told(tmp_path: Path) -> None:
    """A page of then may hold messages that lie in another page now, or are nobody's any more; an index of then names pages that are others now."""
    root, first = exported(tmp_path, count=MOST + 500, everything=True)
    assert first.stale == 0
    gone = root / "users" / file_name("eve")
    gone.mkdir(parents=True)
    (gone / "index.json").write_bytes(b"{}")
    (gone / "0001.json.gz").write_bytes(b"")
    for own in (root / "notes.txt", root / "users" / "readme.md", root / "users" / file_name("bob") / "notes.txt"):
        own.write_text("the customer's own")
    _, second = exported(tmp_path, count=4, there=False)
    # The second page of each of the two, what is of nobody any more, and the page of the group that is not there now.
    assert second.stale == 5
    assert not gone.exists()
    fresh, _ = exported(tmp_path, count=4, there=False, out="fresh")
    files = {path.relative_to(root): path.read_bytes() for path in root.rglob("*") if path.is_file() and path.suffix not in (".txt", ".md")}
    assert files == {path.relative_to(fresh): path.read_bytes() for path in fresh.rglob("*") if path.is_file()}
    assert sum(1 for path in root.rglob("*") if path.suffix in (".txt", ".md")) == 3
