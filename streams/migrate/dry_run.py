"""`im-relay migrate apply --dry-run`: the same way up to the network. Every request is made, counted, and not sent."""

from collections import Counter
from collections.abc import Iterable, Mapping

from msgspec import Struct

from converters.addressing import address, delivery_of
from converters.core.model import NOTHING, TargetContext
from converters.files.dry_run_files import assume_transferred
from converters.inventory import KINDS, MESSAGE
from converters.migration import Context, ImportOf, Piece
from converters.platform import OTHERS, RateLimit
from converters.routing.id_mapping import NewIdentity
from converters.routing.identity_table import IdentityLookup, IdentityTable, Kind
from converters.routing.overlay import IdentityOverlay
from converters.routing.route import App
from streams.cli.times import length
from streams.migrate.apply import Wanted, findings_of
from streams.migrate.bundle import Bundle
from streams.migrate.bundle_apps import apps_of
from streams.outbound.rate_limiter import planned
from streams.settings.root import Settings


class Tally(Struct):
    """Calls by API, and what was left out, by word."""

    calls: Counter[str]
    left: Counter[str]


class _There(IdentityOverlay):
    """As if every group and room were made already."""

    __slots__ = ()

    def native(self, platform: str, kind: Kind, canonical: str) -> str | None:
        found = super().native(platform, kind, canonical)
        return canonical if found is None and kind != "user" else found


async def tried(settings: Settings, apps: Mapping[str, App], bundle: Bundle, wanted: Wanted) -> list[str]:
    """Lines for a person. Raises OperateError."""
    source, target = apps_of(apps, bundle)
    findings = findings_of(settings.migrate.directory, target.name)
    table = _There(IdentityTable())
    tally = Tally(Counter(), Counter())
    context = Context(
        app=target.name,
        now=bundle.meta.made,
        user=lambda name: name,
        group=lambda name: name,
        room=lambda name: name,
        password=lambda _: "-",
        findings=findings,
        update=wanted.update,
    )
    _items(bundle, source, target, table, context, tally)
    _messages(bundle, source, target, table, wanted, tally)
    return _lines(target, wanted.quotas, tally)


def _items(bundle: Bundle, source: App, target: App, table: IdentityLookup, context: Context, tally: Tally) -> None:
    inventory = target.platform.inventory
    assert inventory is not None, "apps_of asks"
    for kind in KINDS:
        waiting: dict[tuple[str, str], list[Piece]] = {}
        for row in bundle.items(kind):
            address(row.item, source, target, table, [])
            split = inventory.pieces(row.item, target.account)
            tally.left.update(loss.what for loss in split.losses)
            for piece in split.pieces:
                name = piece.part, inventory.batch(piece, target.account, context)
                pieces = waiting.setdefault(name, [])
                pieces.append(piece)
                if len(pieces) >= inventory.most(inventory.part(piece.part), context.findings):
                    _call(target, waiting.pop(name), context, tally)
        for pieces in waiting.values():
            _call(target, pieces, context, tally)


def _call(target: App, pieces: list[Piece], context: Context, tally: Tally) -> None:
    inventory = target.platform.inventory
    assert inventory is not None
    tally.calls[inventory.encode(pieces, target.account, context).api] += 1


def _messages(bundle: Bundle, source: App, target: App, table: IdentityLookup, wanted: Wanted, tally: Tally) -> None:
    history = target.platform.history
    if history is None:
        return
    for one in bundle.conversations():
        for said in bundle.messages(one.key):
            minted: list[NewIdentity] = []
            delivery = delivery_of(said.event, source, target, table, minted)
            if delivery is None or str(said.event.conversation.__struct_config__.tag) not in history.kinds:
                tally.left[MESSAGE] += 1
                continue
            there = NOTHING
            if wanted.files == "carry":
                there = TargetContext(files=assume_transferred(delivery, target.platform.media, target.account))
            encoded = history.encode(delivery, target.account, there, ImportOf(at=said.event.at, files=wanted.files))
            tally.left.update(loss.what for loss in encoded.losses)
            tally.calls.update(request.api for request in encoded.requests)


def _lines(target: App, quotas: Mapping[str, float], tally: Tally) -> list[str]:
    found = []
    for api, calls in sorted(tally.calls.items()):
        rate = _rate(planned(target.platform.limits, quotas), api)
        found.append(f"{api:<28} {calls:>14,} calls" + (f"  {length(calls / rate)} at {rate:g}/s" if rate else ""))
    found += [f"left out: {count:,} {what}" for what, count in sorted(tally.left.items())]
    return [*found, "nothing was sent"]


def _rate(limits: Iterable[RateLimit], api: str) -> float:
    """Calls a second; 0 where there is no limit."""
    limits = tuple(limits)
    named = [limit for limit in limits if api in limit.apis] or [limit for limit in limits if limit.apis == (OTHERS,)]
    return min((limit.amount / limit.seconds for limit in named), default=0.0)
