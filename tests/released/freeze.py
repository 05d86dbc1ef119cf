"""Every kind of record as the code at hand writes it, and what it means: `python tests/released/freeze.py DIRECTORY`.

It runs with the code of whichever release is on the path, and so imports only what all of them have. Each line of `records.jsonl` is
a record, `schema.json` is the form of each kind. A release is frozen once, and never written again.
"""

import base64
import json
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any, NamedTuple

import msgspec
from msgspec import Struct, structs

from converters import PLATFORMS, inventory
from converters.core import wire
from converters.core.model import Delivery, Direct, Echo, Group, Room, StoredFile, conversation_key
from converters.core.operations import Post
from converters.core.outcome import Delivered, NotSent, Refused, Unsure
from converters.files.media import MediaJob, MediaResult, jobs
from converters.platform import AnyPlatform, Callback, DecodedEvent, Ignored, OwnEcho
from converters.probing import Findings
from converters.routing import identity_table
from streams.audit.act import Act
from streams.dead_letters import dead_letter, release
from streams.dead_letters.dead_letter import DeadLetter
from streams.dead_letters.release import Release
from streams.deliver import ledger_schema
from streams.deliver.ledger_schema import Entry, Intent, MessageIds, Settled
from streams.ingress.record import callback_of, headers_of
from streams.media import dedupe as dones
from streams.media.dedupe import DedupeEntry
from streams.migrate import records as migration
from streams.operate.dead_letter_reader import Resolution
from streams.operate.filters import Filter
from streams.operate.replay_spec import ReplaySpec
from tests.converters.examples import OPERATIONS, VARIANTS, account_of, delivery_of
from tests.converters.shapes import NOW
from tests.converters.shapes import body as body_of

CASES = Path(__file__).parent.parent / "cases"
FORMS: dict[str, tuple[Any, ...]] = {
    "deliveries": (Delivery,),
    "backfill": (Delivery,),
    "media.jobs": (MediaJob,),
    "media.done": (DedupeEntry,),
    "media.results": (MediaResult,),
    "echoes": (Echo,),
    "ledger": (Entry,),
    "identities": (identity_table._Value, identity_table._Account, identity_table._Cohort),
    "dead-letters": (DeadLetter, Resolution),
    "replay": (ReplaySpec,),
    "control": (Release,),
    "migration": (migration.Task,),
    "migrated": (migration.Done,),
    "imported": (Entry,),
    "migrate.runs": (migration.Order,),
    "replays": (ReplaySpec,),
    "audit": (Act,),
}


class Frozen(NamedTuple):
    kind: str
    name: str
    key: bytes
    value: bytes | None
    headers: list[tuple[str, bytes]]
    meant: Any


def everything() -> Iterator[Frozen]:
    deliveries = dict(_deliveries())
    for name, one in deliveries.items():
        yield Frozen("deliveries", name, conversation_key(one.event.conversation), wire.dump(one), [], meaning(one))
    yield from _backfill(deliveries["text"])
    yield from _echoes()
    yield from _ledger()
    yield from _media(deliveries)
    yield from _identities()
    yield from _dead(deliveries["text"])
    order = Release(stage="convert", app="old", at=NOW, by="operator")
    yield Frozen("control", "release", b"convert", release.dump(order), [], meaning(order))
    yield from _migration(deliveries["text"])
    yield from _callbacks()
    yield _replay()


def _deliveries() -> Iterator[tuple[str, Delivery]]:
    for kind, first in OPERATIONS.items():
        for number, operation in enumerate((first, *VARIANTS.get(kind, ()))):
            yield f"{kind}-{number}" if number else kind, delivery_of(operation)
    text = OPERATIONS["text"]
    yield "in-a-group", delivery_of(text, Group("team"))
    yield "in-a-room", delivery_of(text, Room("lobby"))
    yield "late", structs.replace(delivery_of(text), late=True)
    yield "newcomer", structs.replace(delivery_of(OPERATIONS["presence"]), newcomer=True)
    yield "bare", structs.replace(delivery_of(text), author="", origin="", people={})
    assert isinstance(text, Post)
    yield "with-ext", delivery_of(structs.replace(text, ext={"order": 17, "nested": {"a": [1, None, True]}}))


def _backfill(one: Delivery) -> Iterator[Frozen]:
    key = conversation_key(one.event.conversation)
    yield Frozen("backfill", "replayed", key, wire.dump(one), [("replay", b"20260301-120000-ab12")], meaning(one))


def _echoes() -> Iterator[Frozen]:
    key = conversation_key(Direct(("alice", "bob")))
    event = "yunxin:old:direct:78:post"
    for name, echo in {
        "whole": Echo(event=event, target="new", remote_id="1390000000000000101", at=NOW),
        "part": Echo(event=event, target="new", remote_id="1390000000000000102", at=NOW, part=2, more=True),
    }.items():
        yield Frozen("echoes", name, key, wire.dump(echo), [], meaning(echo))


def _ledger() -> Iterator[Frozen]:
    names = MessageIds(
        source="old", id="78", client_id="c-78", author="alice", sender="alice", at=NOW, conversation="direct\x1falice\x1fbob"
    )
    parts = (Delivered("1390000000000000101", NOW), Delivered("1390000000000000102"))
    given: dict[str, Intent | Settled] = {
        "intent": Intent(target="new", at=NOW),
        "intent-second-part": Intent(target="new", at=NOW, part=1, attempt=3, left=False, arrived=parts[:1]),
        "intent-that-does": Intent(target="new", at=NOW, does=("0f0f", "1e1e")),
        "ended": Settled(outcome=Delivered("1390000000000000101", NOW), target="new", at=NOW, names=names),
        "ended-in-parts": Settled(outcome=parts[1], target="new", at=NOW, attempts=2, names=names, arrived=parts, late=True),
        "ended-that-does": Settled(outcome=Delivered(""), target="new", at=NOW, does=("0f0f",)),
        "ended-group-made": Settled(outcome=Delivered("6001"), target="new", at=NOW, made=("group\x1fteam", "6001")),
        "ended-refused": Settled(outcome=Refused("404 resource_not_found"), target="new", at=NOW),
        "ended-unsure": Settled(outcome=Unsure("no answer (TimeoutError)"), target="new", at=NOW),
        "ended-not-sent": Settled(outcome=NotSent("429", 7.0, throttled=True, ours=True), target="new", at=NOW),
    }
    for by in ("echo", "lookup", "ours", "recalled"):
        given[f"ended-by-{by}"] = Settled(outcome=Delivered("77"), target="new", at=NOW, by=by)
    for name, entry in given.items():
        yield Frozen("ledger", name, b"yunxin:old:direct:78:post", ledger_schema.dump(entry), [("committed", b"41")], meaning(entry))


def _media(deliveries: dict[str, Delivery]) -> Iterator[Frozen]:
    platform = PLATFORMS["easemob"]
    for name, delivery in deliveries.items():
        key = conversation_key(delivery.event.conversation)
        for _, job in jobs(delivery, platform.media, account_of("easemob"), key, 3):
            yield Frozen("media.jobs", f"{name}-{job.place}", b"", wire.dump(job), [], meaning(job))
    small = StoredFile("https://a/s.jpg", size=9, mime="image/jpeg")
    carried = StoredFile("https://a/1.jpg", "s3", "", "1.jpg", 52_100, "image/jpeg", "9e107d9d", 800, 600, 0, small)
    event = "yunxin:old:direct:78:post"
    for name, result in {
        "carried": MediaResult(event=event, place=0, target="new", carried=carried),
        "left": MediaResult(event=event, place=1, target="new", reason="too-large"),
        "inline": MediaResult(event=event, place=0, target="new", carried=StoredFile("", inline="aGVsbG8=", duration=3_000)),
    }.items():
        yield Frozen("media.results", name, b"direct\x1falice\x1fbob", wire.dump(result), [], meaning(result))
    for name, done in {"for-a-while": DedupeEntry(carried, "amr>mp3", NOW * 2), "for-ever": DedupeEntry(small)}.items():
        yield Frozen("media.done", name, b"\x00" * 16, dones.dump(done), [], meaning(done))


def _identities() -> Iterator[Frozen]:
    entries_: dict[str, tuple[bytes, bytes | None]] = {
        "user": identity_table.record("easemob", "user", "h--abc", "Somebody@Example.com"),
        "user-spelled": identity_table.record("rongcloud", "user", "LiNa", "lina"),
        "group": identity_table.record("yunxin", "group", "6123456789", "team"),
        "room": identity_table.record("easemob", "room", "271000000000009", "lobby"),
        "made": identity_table.account_record("easemob", "alice", "made"),
        "used": identity_table.account_record("easemob", "alice", "used"),
        "cohort": identity_table.cohort_record("alice", "beta"),
    }
    entries_["deleted"] = entries_["group"][0], None
    for name, (key, value) in entries_.items():
        yield Frozen("identities", name, key, value, [], table_of(key, value))


def table_of(key: bytes, value: bytes | None) -> Any:
    """What a table knows after a record of `identities`."""
    table = identity_table.IdentityTable()
    problem = table.apply(key, value)
    known = [[platform, kind, native, canonical] for platform, kind, native, canonical in table.entries()]
    people = [[user, dict(sorted(accounts.items())), cohort] for user, accounts, cohort in table.people()]
    return {"problem": problem, "entries": known, "people": people}


def _dead(one: Delivery) -> Iterator[Frozen]:
    letter = DeadLetter(
        stage="deliver",
        cause="refused",
        detail="404 resource_not_found",
        whose="theirs",
        attempts=3,
        at=NOW,
        topic="deliveries.easemob",
        partition=2,
        offset=41,
        key=b"direct\x1falice\x1fbob",
        value=wire.dump(one),
        headers={"replay": b"x", "bytes": b"\xff\x00"},
    )
    yield Frozen("dead-letters", "letter", one.event.id.encode(), dead_letter.dump(letter), [], meaning(letter))
    for word in ("replayed", "dropped"):
        end = Resolution(resolved=word, offset=41, at=NOW, by="ops", reason="mended")
        yield Frozen("dead-letters", word, one.event.id.encode(), msgspec.json.encode(end), [("resolved", word.encode())], meaning(end))


def _migration(one: Delivery) -> Iterator[Frozen]:
    key = conversation_key(one.event.conversation)
    user = inventory.User(id="alice", name="Alice", attributes={"city": "Shenzhen"}, password_given=True)
    member = inventory.GroupMember(group="6123456789", user="bob", role="admin", muted=True)
    tasks: dict[str, migration.Task] = {
        "user": migration.ItemTask(run="7f3a91", app="new", source="old", item=user, digest="9e", people={"alice": "alice"}),
        "member": migration.ItemTask(
            run="7f3a91",
            app="new",
            source="old",
            item=member,
            digest="9f",
            conversation=Group("team"),
            people={"bob": "bob"},
            place="6001",
            late=True,
            update=True,
        ),
        "message": migration.MessageTask(
            run="7f3a91", delivery=one, after="yunxin:old:direct:77:post", group="group\x1f6123456789", policy="restamp"
        ),
        "live": migration.MessageTask(run="7f3a91", delivery=one, after="", live=True, files="link", made=NOW),
        "skip": migration.SkipTask(run="7f3a91", conversation=key.decode(), event=one.event.id),
    }
    for name, task in tasks.items():
        yield Frozen("migration", name, key, migration.dump(task), [], meaning(task))
    done: dict[str, tuple[bytes, migration.Done]] = {
        "item": (b"user\x1falice", migration.Item(digest="9e", word="there", at=NOW, run="7f3a91")),
        "item-open": (
            b"group\x1f1",
            migration.Item(digest="9e", word="open", at=NOW, remote="6001", made=NOW, pieces=("group",), pending=("x",)),
        ),
        "item-refused": (b"member\x1f1\x1fbob", migration.Item(digest="9e", word="refused", at=NOW, reason="member: 404")),
        "lane": (
            migration.lane_key(key),
            migration.Progress(last=one.event.id, at=NOW, stamp=NOW, remote="77", count=2, chain="ab", time=NOW),
        ),
        "lane-stopped": (
            migration.lane_key(key),
            migration.Progress(
                last="a", sending=one.event.id, sending_stamp=NOW, part=1, stopped="400", letter=one.event.id, skipped=1, live=1, doubts=1
            ),
        ),
        "live": (migration.live_key(key), migration.Watermark(since=NOW)),
    }
    for name, (where, found) in done.items():
        yield Frozen("migrated", name, where, migration.dump(found), [], meaning(found))
    orders: dict[str, migration.Order] = {
        "run": migration.Run(
            app="new",
            bundle="7f3a91",
            mode="paused",
            between="01:00-07:00",
            zone="+08:00",
            findings=Findings(repeat="refused"),
            started=NOW,
            at=NOW,
            by="ops",
        ),
        "feed": migration.Feed(
            app="new", bundle="7f3a91", kind="member", key="6d", fed={"user": 2}, lacking={"member": 1}, live_since=NOW, at=NOW
        ),
    }
    for name, order in orders.items():
        yield Frozen("migrate.runs", name, b"new", migration.dump(order), [], meaning(order))
    doing = Intent(target="new", at=NOW, does=("0f0f", "1e1e"))
    yield Frozen("imported", "doing", b"migration:new:ab:1:member", ledger_schema.dump(doing), [], meaning(doing))


def _callbacks() -> Iterator[Frozen]:
    for path in sorted(CASES.glob("*/*.json")):
        given, platform = json.loads(path.read_text())["given"], PLATFORMS[path.parent.name]
        if "callback" not in given:
            continue
        body = body_of(platform.name, given["callback"])
        request = [(name.encode("latin-1"), value.encode("latin-1")) for name, value in given.get("headers", {}).items()]
        account = msgspec.convert({**msgspec.to_builtins(platform.example()), **given.get("account", {})}, platform.account)
        headers = headers_of("app", NOW, request)
        yield Frozen("callbacks", f"{platform.name}/{path.stem}", b"k", body, headers, said(callback_of(body, headers), platform, account))


def said(callback: Callback, platform: AnyPlatform, account: Any) -> Any:
    """Of a callback the ids of its events, and of what kind they are: by them a replay is known again."""
    out: list[list[str]] = []
    try:
        for one in platform.decode(callback, account):
            match one:
                case DecodedEvent(event=event):
                    out.append(["said", event.id, event.remote_id, str(event.operation.__struct_config__.tag)])
                case OwnEcho():
                    out.append(["echo", one.event_id, one.remote_id])
                case Ignored():
                    out.append(["ignored"])
    except wire.Malformed:
        return "malformed"
    return out


def _replay() -> Frozen:
    spec = ReplaySpec(
        id="20260301-120000-ab12",
        platform="yunxin",
        since=NOW - 1000,
        until=NOW,
        filter=Filter(app="old", user="alice"),
        starts={0: 3, 1: 0},
        ends={0: 9, 1: 4},
    )
    return Frozen("replay", "spec", b"", msgspec.json.encode(spec), [], meaning(spec))


def meaning(value: Any) -> Any:
    """*value* with every field in it, also those that were not written."""
    match value:
        case Struct():
            tag = value.__struct_config__.tag
            return {"": str(tag or type(value).__name__)} | {name: meaning(getattr(value, name)) for name in value.__struct_fields__}
        case bytes():
            return {"base64": base64.b64encode(value).decode()}
        case list() | tuple():
            return [meaning(one) for one in value]
        case dict():
            return {str(name): meaning(one) for name, one in value.items()}
        case _:
            return value


def schema() -> dict[str, Any]:
    """The form of each kind; of callbacks there is none, they are the platforms'."""
    return {kind: [_bare(msgspec.json.schema(one)) for one in of] for kind, of in FORMS.items()}


def _bare(part: Any) -> Any:
    if isinstance(part, dict):
        return {name: _bare(one) for name, one in part.items() if name not in ("title", "description") or not isinstance(one, str)}
    return [_bare(one) for one in part] if isinstance(part, list) else part


def shown(one: Frozen) -> dict[str, Any]:
    def text(raw: bytes | None) -> Any:
        try:
            return None if raw is None else raw.decode()
        except UnicodeDecodeError:
            return {"base64": base64.b64encode(raw or b"").decode()}

    headers = [[name, text(value)] for name, value in one.headers]
    return {"kind": one.kind, "name": one.name, "key": text(one.key), "value": text(one.value), "headers": headers, "meant": one.meant}


def write(directory: Path) -> None:
    directory.mkdir(parents=True, exist_ok=True)
    lines = [json.dumps(shown(one), ensure_ascii=False, separators=(",", ":")) for one in everything()]
    (directory / "records.jsonl").write_text("\n".join(lines) + "\n", encoding="utf-8")
    (directory / "schema.json").write_text(json.dumps(schema(), indent=1, sort_keys=True) + "\n", encoding="utf-8")


if __name__ == "__main__":
    write(Path(sys.argv[1]))
