"""What a platform does not sign is off; and switched on, it is a closed list of what undoes nothing."""

import json
from typing import Any

import msgspec
import pytest

from converters import PLATFORMS
from converters.core import wire
from converters.core.operations import Operation, Reaction
from converters.platform import Accepted, Callback, DecodedEvent, Ignored, Incoming, Probe
from converters.platforms.easemob.envelope import UNSIGNED
from converters.routing.identity_table import IdentityTable
from converters.routing.route import App, Deliver, Dropped, route
from tests.converters.examples import account_of
from tests.converters.shapes import NOW, body
from tests.fuzz.target import CASES, OPEN


def bodies(platform: str) -> list[tuple[str, bytes]]:
    """Every callback of the case files, without its signature."""
    found = []
    for path in sorted((CASES / platform).glob("*.json")):
        said = json.loads(path.read_bytes())["given"].get("callback")
        if isinstance(said, dict):
            said = {name: value for name, value in said.items() if name not in {"security", "callId"}}
        if said is not None:
            found.append((path.stem, body(platform, said)))
    return found


def taken(platform: str, **settings: bool) -> dict[str, bytes]:
    account = msgspec.structs.replace(account_of(platform), **settings)
    if platform == "easemob":  # the cases name several apps
        account = msgspec.structs.replace(account, org="acme", app="shop")
    check = PLATFORMS[platform].check
    return {name: raw for name, raw in bodies(platform) if isinstance(check(Incoming({}, "", raw), account, NOW), Accepted)}


@pytest.mark.parametrize("platform", sorted(PLATFORMS))
def test_by_default_nothing_is_taken(platform: str) -> None:
    assert taken(platform) == {}


@pytest.mark.parametrize("platform", sorted(PLATFORMS))
def test_an_account_opens_nothing_by_default(platform: str) -> None:
    example = PLATFORMS[platform].example
    assert example is not None
    assert not any(getattr(example(), name) for name in OPEN.get(platform, ()))


def test_what_is_open_is_a_closed_list() -> None:
    assert sorted(UNSIGNED) == ["push", "reaction", "thread"]
    assert set(OPEN) == {"easemob"}


def test_switched_on_it_causes_reactions_and_nothing_else() -> None:
    found = taken("easemob", unsigned_events=True)
    assert found, "the list of cases holds none"
    operations: set[type[Operation]] = set()
    for raw in found.values():
        try:
            decoded = PLATFORMS["easemob"].decode(Callback("a", raw, NOW), account_of("easemob"))
        except wire.Malformed:
            continue
        for one in decoded:
            assert isinstance(one, DecodedEvent | Ignored)
            if isinstance(one, DecodedEvent):
                assert not one.proven
                operations.add(type(one.event.operation))
    assert operations == {Reaction}


def reaction(who: str) -> bytes:
    change: dict[str, Any] = {"reaction": "heart", "op": [{"reactionType": "create", "operator": who}]}
    said = {
        "chat_type": "notify",
        "from": who,
        "to": "bob",
        "msg_id": "9",
        "timestamp": NOW,
        "payload": {"type": "reaction", "data": [{"messageId": "5", "from": "bob", "reactions": [change]}]},
    }
    return json.dumps(said).encode()


def test_it_teaches_nothing_of_people() -> None:
    """A name that would have to be remembered is a stranger's word."""
    apps = {
        "e": App("e", PLATFORMS["easemob"], account_of("easemob"), "o"),
        "o": App("o", PLATFORMS["own"], msgspec.structs.replace(account_of("own"), id_limit=29), "e"),
    }
    (known,) = route(Callback("e", reaction("alice"), NOW), apps, IdentityTable())
    assert isinstance(known, Deliver)
    assert route(Callback("e", reaction("a" * 60), NOW), apps, IdentityTable()) == (Dropped("unproven-person"),)


def test_the_console_s_trial_stores_nothing() -> None:
    assert PLATFORMS["yunxin"].check(Incoming({}, "", b"{}"), account_of("yunxin"), NOW) == Probe()
