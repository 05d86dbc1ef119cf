"""What the relay would make of a callback, without sending anything or believing anybody: the signature is not looked at."""

from collections.abc import Mapping
from typing import Any
from urllib.parse import parse_qsl

import msgspec

from converters import PLATFORMS
from converters.core import wire
from converters.core.model import TargetContext
from converters.files.dry_run_files import assume_transferred
from converters.platform import Account as AppAccount
from converters.platform import Callback, Request
from converters.plugins import Plugin
from converters.routing.id_mapping import NewIdentity
from converters.routing.identity_table import Account, IdentityLookup, IdentityTable, Kind
from converters.routing.route import App, DeadLettered, Deliver, Dropped, EchoOf, RejectedMark, route
from converters.routing.rules import Rule


class PreviewIdentities(IdentityTable):
    """Groups and rooms without an entry keep the id they have, so that the rest can be seen."""

    def __init__(self, known: IdentityLookup) -> None:
        super().__init__()
        self._known = known
        self.notes: list[str] = []

    def canonical(self, platform: str, kind: Kind, native: str) -> str | None:
        found = self._known.canonical(platform, kind, native)
        if found is None and kind != "user":
            self.notes.append(f"{platform} {kind} {native} is in no entry of identities: its own id stands in")
            return native
        return found

    def knows(self, platform: str, kind: Kind, native: str) -> bool | None:
        return self._known.knows(platform, kind, native) or None

    def origin(self, kind: Kind, canonical: str) -> str:
        return self._known.origin(kind, canonical)

    def forgotten(self, platform: str, kind: Kind, native: str) -> str | None:
        return self._known.forgotten(platform, kind, native)

    def account(self, platform: str, canonical: str) -> Account | None:
        return self._known.account(platform, canonical)

    def cohort(self, canonical: str) -> str:
        return self._known.cohort(canonical)

    def native(self, platform: str, kind: Kind, canonical: str) -> str | None:
        found = self._known.native(platform, kind, canonical)
        if found is None and kind != "user":
            self.notes.append(f"{kind} {canonical} has no entry for {platform}: its own id stands in")
            return canonical
        return found


def preview(
    body: bytes,
    headers: Mapping[str, str],
    platform: str,
    target: str,
    accounts: Mapping[str, AppAccount],
    identities: IdentityLookup,
    rules: tuple[Rule, ...] = (),
    plugins: tuple[Plugin, ...] = (),
) -> dict[str, Any]:
    """Events, requests, losses, what was ignored and why, notes; and `dead` (cause: detail) where it would be a dead letter.

    *platform* and *target* are names of PLATFORMS, *accounts* holds an account for each, *rules* are those of the app it comes from.
    """
    there = target if target != platform else f"{target}-2"
    apps = {
        platform: App(platform, PLATFORMS[platform], accounts[platform], there, rules, plugins),
        there: App(there, PLATFORMS[target], accounts[target], platform),
    }
    known = PreviewIdentities(identities)
    seen: dict[str, list[Any]] = {"events": [], "requests": [], "losses": [], "echoes": [], "ignored": [], "dead": []}
    for one in route(Callback(platform, body, 0, headers), apps, known):
        match one:
            case Deliver(delivery=delivery, losses=losses, unfit=unfit):
                if unfit:
                    known.notes.append(f"the mark on it is not the relay's own ({unfit}): it is relayed as any other message")
                files = assume_transferred(delivery, PLATFORMS[target].media, accounts[target])
                if any(files):
                    known.notes.append("files are shown under their address at the source, as if they had been brought over")
                encoded = PLATFORMS[target].encode(delivery, accounts[target], TargetContext(files=files))
                if delivery.newcomer:
                    known.notes.append(f"{delivery.sender} has no account on {target}: it is made first")
                else:
                    seen["events"].append(msgspec.to_builtins(delivery.event))
                seen["requests"] += [_shown(request) for request in encoded.requests]
                seen["losses"] += [msgspec.to_builtins(loss) for loss in (*losses, *encoded.losses)]
            case EchoOf(echo=echo):
                seen["echoes"].append(msgspec.to_builtins(echo))
            case RejectedMark(reason=reason):
                known.notes.append(f"the mark on it is not the relay's own ({reason})")
            case Dropped(reason=reason, event=event):
                seen["ignored"].append(reason)
                if event is not None:
                    seen["events"].append(msgspec.to_builtins(event))
            case DeadLettered(cause=cause, detail=detail):
                seen["dead"].append(f"{cause}: {detail}")
            case NewIdentity(platform=name, user=user, canonical=canonical, kind="user"):
                known.notes.append(f"{canonical} is too long for {name}: written {user}, and put into identities")
            case NewIdentity(platform=name, user=user, canonical=canonical):
                known.notes.append(f"group {user} of {name} is new: called {canonical}, and put into identities")
    return {**seen, "notes": known.notes}


def _shown(request: Request) -> dict[str, Any]:
    shown: dict[str, Any] = {"method": request.method, "path": request.path, "headers": request.headers}
    if "json" in request.headers.get("Content-Type", ""):
        return shown | {"body": wire.load_any(request.body) if request.body else None}
    raw = request.body.decode()
    return shown | {"body": dict(parse_qsl(raw, keep_blank_values=True)), "raw": raw}
