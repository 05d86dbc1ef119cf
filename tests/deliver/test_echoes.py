"""An echo is evidence of what the ledger says was about to leave; where that is not restored yet, it waits, and its offset with it."""

from pathlib import Path
from types import SimpleNamespace
from typing import Any, cast

import pytest
from aiokafka import ConsumerRecord
from msgspec import structs

from converters.core import wire
from converters.core.model import Echo
from converters.core.outcome import Delivered, NotSent, Unsure
from streams.deliver.conversations import Conversations
from streams.deliver.echoes import EchoReader
from streams.deliver.ledger_schema import Entry, Intent, Settled
from streams.deliver.protocol import refusal
from streams.observe.metric_types import REGISTRY

ECHO = Echo(event="yunxin:old:direct:1:post", target="new", remote_id="777", at=1000)
INTENT = Intent(target="new", at=900, keyed=True)


class World:
    """The ledger as far as it is restored, and what is made of the echoes."""

    def __init__(self) -> None:
        self.ledger: dict[str, Entry] = {}
        self.restored = False
        self.heard_of: list[str] = []
        app = SimpleNamespace(platform=SimpleNamespace(name="easemob"))
        around = SimpleNamespace(
            platform="easemob", timed=lambda _: False, apps={"new": app, "old": app}, names=SimpleNamespace(partitions=1)
        )
        parts = cast("Any", self)
        self.echoes = EchoReader(cast("Any", around), Conversations(1000), parts, parts, parts, parts)

    def get(self, event: str) -> Entry | None:
        return self.ledger.get(event)

    def written(self, event: str, entry: Entry | None) -> Entry | None:
        return entry

    def heard(self, echo: Echo) -> None:
        self.heard_of.append(echo.event)

    def found(self, event: str) -> None: ...

    def turned_out(self, echo: Echo, entry: Settled) -> None:
        self.heard_of.append(f"turned out {echo.event}")

    def knows_since(self, at: float) -> bool:
        return self.restored

    def hear(self, offset: int, echo: Echo) -> None:
        self.echoes.hear(
            cast("ConsumerRecord", SimpleNamespace(topic="echoes", offset=offset, partition=0, key=b"k", value=wire.dump(echo), headers=[]))
        )
        self.echoes.read(offset + 1)


def other(number: int) -> Echo:
    return structs.replace(ECHO, event=f"yunxin:old:direct:{number}:post")


def refused(reason: str) -> float:
    labels = {"app": "new", "stage": "deliver", "reason": reason}
    return REGISTRY.get_sample_value("im_relay_marks_refused_total", labels) or 0.0


def test_what_the_restore_has_yet_to_find_is_waited_for_and_not_passed_over() -> None:
    world = World()
    world.hear(5, ECHO)
    world.ledger[other(2).event] = INTENT
    world.hear(6, other(2))
    assert world.heard_of == [other(2).event], "what is known does not wait behind it"
    assert (bool(world.echoes.held), world.echoes.settled) == (True, 5), "the next owner reads it again"
    world.ledger[ECHO.event] = INTENT
    world.echoes.hear_held()
    assert world.heard_of == [other(2).event, ECHO.event]
    assert (bool(world.echoes.held), world.echoes.settled) == (False, 7)


def test_where_all_is_known_it_is_no_evidence() -> None:
    world, before = World(), refused("no-intent")
    world.hear(5, ECHO)
    world.restored = True
    world.echoes.hear_held()
    assert (world.heard_of, world.echoes.settled, refused("no-intent")) == ([], 6, before + 1)


def test_nothing_was_read() -> None:
    assert World().echoes.settled is None


def test_what_cannot_be_read_holds_up_nothing() -> None:
    world = World()
    world.echoes.hear(cast("ConsumerRecord", SimpleNamespace(topic="echoes", offset=3, partition=0, key=b"k", value=b"{", headers=[])))
    world.echoes.read(4)
    assert world.echoes.settled == 4


HELD = Settled(outcome=Unsure("no answer"), target="new", at=900, keyed=True)
GONE = Settled(outcome=NotSent("gave up"), target="new", at=900)


@pytest.mark.parametrize(
    ("entry", "target", "unkeyed", "reason"),
    [
        (None, "new", False, "no-intent"),
        (INTENT, "new", False, ""),
        (INTENT, "other", False, "other-app"),
        (INTENT, "", False, "other-app"),
        (structs.replace(INTENT, bare=True), "new", False, "other-kind"),
        (INTENT, "new", True, "unkeyed"),
        (structs.replace(INTENT, keyed=False), "new", True, ""),
        (HELD, "new", False, ""),
        (HELD, "new", True, "unkeyed"),
        (HELD, "other", False, "other-app"),
        (structs.replace(HELD, bare=True), "new", False, "other-kind"),
        (GONE, "new", True, ""),
        (Settled(outcome=Delivered("1"), target="new", at=900), "new", False, ""),
        (Settled(outcome=Delivered("1"), target="new", at=900), "new", True, "unkeyed"),
    ],
)
def test_of_what_an_echo_is_evidence(entry: Entry | None, target: str, unkeyed: bool, reason: str) -> None:
    assert refusal(entry, target, unkeyed=unkeyed) == reason


def test_one_without_a_key_settles_what_a_release_without_keys_has_sent() -> None:
    world = World()
    world.ledger[ECHO.event] = structs.replace(INTENT, keyed=False)
    world.hear(1, structs.replace(ECHO, unkeyed=True))
    assert world.heard_of == [ECHO.event]
    world.ledger[ECHO.event] = structs.replace(HELD, keyed=False)
    world.hear(2, structs.replace(ECHO, unkeyed=True))
    assert world.heard_of[1:] == [f"turned out {ECHO.event}"]


def test_the_local_state_keeps_what_it_needs_for_that(tmp_path: Path) -> None:
    from streams.deliver.ledger_rows import packed, unpacked
    from streams.deliver.ledger_schema import dump

    for entry in (INTENT, HELD, structs.replace(HELD, bare=True), structs.replace(INTENT, bare=True)):
        assert unpacked(packed(dump(entry), 7, entry)) == entry
