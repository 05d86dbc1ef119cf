"""What `im-relay replay` writes beside messages, and what it leaves out because it was delivered under another key."""

import json
import time
from pathlib import Path
from zlib import crc32

import pytest
from typer.testing import Result

from converters.core import wire
from converters.core.model import Delivery, Group
from converters.core.outcome import Delivered, Refused
from converters.routing.identity_table import IdentityTable
from streams.deliver.ledger_schema import Intent, Settled, dump
from tests.narrowed import required
from tests.operate.conftest import PARTITIONS, Ground, callback, rows

CREATED = Path(__file__).parents[1] / "cases" / "easemob" / "gop-create.json"
AT = int(time.time() * 1000)


def run(ground: Ground, platform: str, *words: str) -> Result:
    state = ("--state", str(ground.directory / "replays"))
    return ground.im_relay("replay", "--platform", platform, *state, "--rate", "0", "--since", "1h", *words)


def test_a_new_group_is_written_as_a_group(ground: Ground) -> None:
    said = json.dumps(json.loads(CREATED.read_bytes())["given"]["callback"]).replace("acme#shop", "o#a").encode()
    ground.put([(f"{ground.prefix}callbacks.easemob", 0, b"k", said, [("app", b"new"), ("received", b"%d" % AT)], AT)])
    done = run(ground, "easemob", "--yes")
    assert done.exit_code == 0, done.output
    table = IdentityTable()
    for one in ground.read(f"{ground.prefix}identities"):
        assert table.apply(one.key, one.value) is None
    assert table.entries() == [("easemob", "group", "270000000000001", "~easemob-270000000000001")]
    (made,) = ground.read(f"{ground.prefix}backfill.yunxin")
    assert wire.load(required(made.value), Delivery).event.conversation == Group("~easemob-270000000000001")


@pytest.mark.parametrize("carry", [True, False])
def test_files_are_brought_over_as_the_settings_say(ground: Ground, carry: bool) -> None:
    ground.config.write_text(f"{ground.config.read_text()}\n[media]\ncarry = {str(carry).lower()}\n")
    picture = {"url": "https://nim-nosdn.netease.im/one", "md5": "", "w": 1, "h": 1, "size": 7, "name": "a.png", "ext": "png"}
    ground.called(callback(1, msgType="PICTURE", attach=json.dumps(picture)))
    done = run(ground, "yunxin", "--yes")
    assert done.exit_code == 0, done.output
    assert len(ground.read(ground.names.backfill)) == 1
    assert len(ground.read(f"{ground.prefix}media.jobs")) == carry


def test_what_was_delivered_under_another_key_is_left_out_and_counted(ground: Ground) -> None:
    """Here the names of users followed from another rule when 1, 2 and 4 were delivered."""
    ground.called(*(callback(number) for number in range(1, 7)))
    now = crc32(b"direct\x1falice\x1fbob") % PARTITIONS
    then = (now + 1) % PARTITIONS

    def entry(number: int, partition: int, *entries: Settled | Intent) -> None:
        key = f"yunxin:old:direct:{number}:post".encode()
        ground.put([(ground.names.ledger, partition, key, dump(one), [], None) for one in entries])

    ended = Settled(outcome=Delivered("9"), target="new", at=AT)
    intent = Intent(target="new", at=AT)
    entry(1, then, intent, ended)
    entry(2, then, intent)  # under way still
    entry(3, now, intent, ended)  # its own ledger knows it
    entry(4, then, ended)
    entry(5, then, intent, Settled(outcome=Refused("no"), target="new", at=AT))
    (told,) = rows(run(ground, "yunxin", "--dry-run", "--json"))
    assert told["messages"] == 3
    assert told["left_out"] == {"delivered under another key": 3}
    assert "3 written; messages already delivered are skipped" in run(ground, "yunxin", "--yes").stdout
    written = [wire.load(one.value, Delivery).event.remote_id for one in ground.read(ground.names.backfill)]
    assert written == ["3", "5", "6"]
