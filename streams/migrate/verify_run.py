"""`migrate verify` put together: the bundle, our records, the target's lists, and its history files where they show imports."""

import shutil
from collections.abc import Callable, Mapping
from contextlib import AsyncExitStack

from msgspec import Struct

from converters.platform import TimeRange
from converters.routing.route import App
from streams.cli.common import now
from streams.kafka.log_reader import LogReader
from streams.migrate.apply import findings_of, identities_of, known_of, orders_of
from streams.migrate.bundle import Bundle
from streams.migrate.bundle_apps import apps_of
from streams.migrate.list_reader import ListReader
from streams.migrate.role import names_of
from streams.migrate.target_view import TargetView
from streams.migrate.verify import HISTORY, Verifier
from streams.migrate.verify_history import HistoryVerifier, SeenImports, span_of
from streams.migrate.verify_records import Notebook, Verified
from streams.migrate.verify_sides import Sides
from streams.outbound.vendor_client import VendorClient
from streams.settings.root import Settings

Say = Callable[[str, int, int], None]


class VerifyOptions(Struct, frozen=True, kw_only=True):
    sample: int = 1000
    anew: bool = False
    """Nothing of an earlier verification is taken over."""


async def verify(settings: Settings, apps: Mapping[str, App], bundle: Bundle, options: VerifyOptions, say: Say) -> Verified:
    """Until all is compared. Raises OperateError, KafkaError, StateError, BundleError."""
    source, target = apps_of(apps, bundle)
    directory = settings.migrate.directory
    notebook = Notebook(directory, target.name)
    verified = notebook.read()
    if verified is None or verified.sha256 != bundle.meta.sha256 or verified.ended or options.anew:
        verified = Verified(app=target.name, bundle=bundle.meta.sha256[:12], sha256=bundle.meta.sha256, begun=now())
    notebook.begin(verified)
    async with AsyncExitStack() as exits:
        reader = LogReader(settings.kafka.cluster, committed=True)
        exits.push_async_callback(reader.stop)
        known = known_of(settings, target, reader)
        exits.callback(known.close)
        await known.refresh()
        identities = (await identities_of(settings, names_of(target.platform.name, settings).identities, exits)).table
        client = VendorClient(target, settings.deliver, acts=False)
        exits.push_async_callback(client.close)
        view = TargetView(bundle, source, target, identities, known)
        sides = Sides(directory / f"verify-{target.name}-sides", bundle, view.lost)
        exits.callback(sides.close)
        verifier = Verifier(bundle, view, ListReader(target, client), notebook, verified, sides, options.sample, say)
        await verifier.run()
        assert verified.step == HISTORY
        history = HistoryVerifier(bundle, source, view, identities, known, verifier.note)
        verified.history = history.accepted(say)
        verified.looks = history.looks()
        verified.history.files = findings_of(directory, target.name).in_files is True
        if verified.history.files and target.platform.gaps is not None and verified.history.accepted:
            run = (await orders_of(settings)).runs.get(target.name)
            await _files(settings, target, client, history, verified, run.started if run is not None else 0)
        verified.ended = now()
        verifier.keep()
    shutil.rmtree(directory / f"verify-{target.name}-sides", ignore_errors=True)
    return verified


async def _files(settings: Settings, target: App, client: VendorClient, history: HistoryVerifier, verified: Verified, started: int) -> None:
    """What the target's history files show of the imports."""
    span: TimeRange = span_of(target, started, now())
    files = SeenImports(settings.migrate.directory / f"verify-{target.name}-seen")
    try:
        told = await files.read(target, client, span)
        if told:
            verified.notes = (*verified.notes, told)
        # Files of the hours of the run show a message that is older than all of them: so they go by the time of the import.
        by_import = bool(files.oldest) and files.oldest < span.since and started >= span.since
        history.seen(files, span, verified.history, by_import=by_import)
    finally:
        files.remove()
