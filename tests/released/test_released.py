"""Records of every release are read today and mean what they meant; what is written today is read by every release of the same versions.

Where a form is changed, the first test here fails: `make released` freezes the new one, and where others cannot read it, its version in
`streams/kafka/record_kinds.py` has to go up before.
"""

import base64
import json
from pathlib import Path
from typing import Any

import msgspec
import pytest

from converters import PLATFORMS
from converters.core import wire
from converters.core.model import Delivery, Echo
from converters.files.media import MediaJob, MediaResult
from streams.dead_letters import dead_letter
from streams.dead_letters import release as orders
from streams.deliver import ledger_schema
from streams.ingress.record import callback_of
from streams.kafka.record_kinds import KINDS, RecordKind, TooNewError, check, headers_of, kind_of, version_of
from streams.media import dedupe as dones
from streams.migrate import records as migration
from streams.operate.dead_letter_reader import Resolution
from streams.operate.replay_spec import ReplaySpec
from tests.narrowed import of_kind
from tests.released import freeze
from tests.released.__main__ import HERE, NEXT, forms
from tests.released.forms import breaks, misfits
from tests.released.renamed import as_now

RELEASES = sorted(path for path in HERE.iterdir() if path.is_dir() and path.name[:1].isdigit())
RECORDS = [
    pytest.param(json.loads(line), id=f"{release.name}-{(one := json.loads(line))['kind']}-{one['name']}")
    for release in RELEASES
    for line in (release / "records.jsonl").read_text(encoding="utf-8").splitlines()
]


def raw(text: Any) -> bytes:
    return base64.b64decode(text["base64"]) if isinstance(text, dict) else text.encode()


def headers_in(one: dict[str, Any]) -> list[tuple[str, bytes]]:
    return [(name, raw(value)) for name, value in one["headers"]]


def read_today(one: dict[str, Any]) -> Any:
    """What today's readers make of it."""
    kind, key, value, headers = one["kind"], raw(one["key"]), one["value"], headers_in(one)
    value = None if value is None else raw(value)
    if kind == "identities":
        return freeze.table_of(key, value)
    assert value is not None
    match kind:
        case "deliveries" | "backfill":
            return freeze.meaning(wire.load(value, Delivery))
        case "echoes":
            return freeze.meaning(wire.load(value, Echo))
        case "migration":
            return freeze.meaning(migration.load_task(value))
        case "migrated":
            return freeze.meaning(migration.load_done(value))
        case "migrate.runs":
            return freeze.meaning(migration.load_order(value))
        case "ledger" | "imported":
            return freeze.meaning(ledger_schema.load(value))
        case "media.jobs":
            return freeze.meaning(wire.load(value, MediaJob))
        case "media.results":
            return freeze.meaning(wire.load(value, MediaResult))
        case "media.done":
            return freeze.meaning(dones.load(value, 0))
        case "dead-letters" if any(name == "resolved" for name, _ in headers):
            return freeze.meaning(msgspec.json.decode(value, type=Resolution))
        case "dead-letters":
            return freeze.meaning(dead_letter.load(value))
        case "control":
            return freeze.meaning(orders.load(value))
        case "replay":
            return freeze.meaning(msgspec.json.decode(value, type=ReplaySpec))
        case "callbacks":
            platform = PLATFORMS[one["name"].partition("/")[0]]
            return freeze.said(callback_of(value, headers), platform, account_of(one["name"], platform))
        case _:
            raise AssertionError(kind)


def account_of(name: str, platform: Any) -> Any:
    given = json.loads((freeze.CASES / f"{name}.json").read_text())["given"].get("account", {})
    # As whoever upgrades has it set: what these releases have sent is still called back.
    given = {"mark_unkeyed_until": 1 << 53, **given}
    return msgspec.convert({**msgspec.to_builtins(platform.example()), **given}, platform.account)


def differs(then: Any, now: Any, where: str = "$") -> list[str]:
    """Where *now* means something else; fields that are new are at their defaults, as nobody has written them."""
    if isinstance(then, dict) and "" in then and isinstance(now, dict):
        return [text for name, value in then.items() for text in differs(value, now.get(name, "missing"), f"{where}.{name}")]
    if isinstance(then, list) and isinstance(now, list) and len(then) == len(now):
        return [
            text for number, (one, other) in enumerate(zip(then, now, strict=True)) for text in differs(one, other, f"{where}[{number}]")
        ]
    return [] if then == now else [f"{where}: {then!r} is now {now!r}"]


def test_a_change_of_a_form_is_frozen() -> None:
    assert (NEXT / "schema.json").read_text(encoding="utf-8") == forms(), "a record's form has changed: make released"


@pytest.mark.parametrize("release", RELEASES, ids=lambda path: path.name)
def test_what_others_cannot_read_has_a_new_version(release: Path) -> None:
    then = json.loads((release / "schema.json").read_text())
    then = then if "forms" in then else {"forms": then, "versions": {}}
    then["forms"] = {kind: as_now(defined) for kind, defined in then["forms"].items()}
    versions = {kind.name: kind.version for kind in KINDS}
    for kind, now in json.loads(json.dumps(freeze.schema())).items():
        broken = [text for old, new in zip(then["forms"].get(kind, now), now, strict=True) for text in breaks(old, new)]
        newer = versions.get(kind, 1) > then["versions"].get(kind, 1)
        assert newer or not broken, f"{kind}: raise its version in streams/kafka/record_kinds.py, or undo: {broken[:3]}"


MISREAD = {"easemob/gop-leave-deleted"}
"""Callbacks that a release took for something else than they are; what they mean is in their case files."""


@pytest.mark.parametrize("one", [one for one in RECORDS if of_kind(dict, one.values[0])["name"] not in MISREAD])
def test_a_released_record_means_what_it_meant(one: dict[str, Any]) -> None:
    check(f"some.prefix.{one['kind']}.easemob", headers_in(one))
    assert not differs(as_now(one["meant"]), read_today(one))


@pytest.mark.parametrize("release", RELEASES, ids=lambda path: path.name)
def test_what_is_written_today_is_read_by_a_release(release: Path) -> None:
    then = json.loads((release / "schema.json").read_text())
    forms_then = then.get("forms", then)
    versions_then = then.get("versions", {})
    for one in freeze.everything():
        kind = kind_of(one.kind) or kind_of(f"{one.kind}.easemob")
        if one.kind not in forms_then:
            continue  # a topic of its own, which that release does not read
        if one.kind == "callbacks" or one.value is None or (kind is not None and kind.version > versions_then.get(kind.name, 1)):
            continue
        held = json.loads(one.value)
        wrong = [list(misfits(held, form, form)) for form in forms_then[one.kind]]
        assert any(not each for each in wrong), f"{one.kind} {one.name}: {min(wrong, key=len)}"


def test_a_field_that_is_no_harm_and_changes_that_are() -> None:
    old: dict[str, Any] = {
        "$defs": {"A": {"type": "object", "properties": {"a": {"type": "string"}}, "required": ["a"]}},
        "$ref": "#/$defs/A",
    }
    more = {
        "$defs": {"A": {"type": "object", "properties": {"a": {"type": "string"}, "b": {"default": 0}}, "required": ["a"]}},
        "$ref": "#/$defs/A",
    }
    assert not list(breaks(old, more))
    assert list(breaks(more, old))
    changes: list[dict[str, Any]] = [{"properties": {}}, {"required": ["a", "b"]}, {"properties": {"a": {"type": "integer"}}}]
    for change in changes:
        assert list(breaks(old, {"$defs": {"A": old["$defs"]["A"] | change}, "$ref": "#/$defs/A"})), change
    assert list(misfits({"a": 1}, old, old))
    assert list(misfits({}, old, old))
    assert not list(misfits({"a": "x", "new": 1}, old, old))


@pytest.mark.parametrize("kind", KINDS, ids=lambda kind: kind.name)
def test_every_kind_has_a_version_and_a_newer_one_is_not_guessed_at(kind: RecordKind) -> None:
    topic = kind.topic.name("easemob" if kind.topic.per_platform else None, prefix="ledger.v2-")
    assert kind_of(topic) is kind
    assert version_of(headers_of(topic)) == kind.version
    check(topic, headers_of(topic))
    check(topic, [("app", b"x")])  # 0.1.0 named none
    for version in (b"%d" % (kind.version + 1), b"x", b""):
        with pytest.raises(TooNewError, match="upgrade this worker"):
            check(topic, [("relay-v", version)])


def test_all_forms_are_frozen() -> None:
    assert {kind.name for kind in KINDS if kind.of} <= freeze.FORMS.keys()
    for kind in KINDS:
        assert set(kind.of) <= set(freeze.FORMS.get(kind.name, ())), kind.name
