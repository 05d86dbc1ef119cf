"""What would become of a customer's own traffic, counted by kind: the table of fidelity, with the customer's numbers in it."""

from collections import Counter
from collections.abc import Mapping
from typing import Literal

from msgspec import Struct

from converters.core.bodies import Unknown
from converters.core.model import Delivery, TargetContext, TargetMessage
from converters.core.operations import Operation, Post, Ref, kind_of, named_by
from converters.files.dry_run_files import assume_transferred
from converters.platform import Callback
from converters.routing.id_mapping import NewIdentity
from converters.routing.identity_table import IdentityLookup
from converters.routing.route import App, DeadLettered, Deliver, Dropped, EchoOf, RejectedMark, route

Verdict = Literal["carried", "changed", "shown", "refused", "unknown", "dropped", "echo", "dead"]
"""`changed`: with the losses that are counted; `shown`: as a text in its place; `dropped`: by a platform's reason, a rule or a plug-in."""


class ReportRow(Struct):
    """What became of the callbacks of one kind."""

    verdict: Verdict
    kind: str
    """For `dropped` its reason, for `dead` its cause."""
    example: str
    """Where the first of them is; never what it says."""
    count: int = 0
    losses: Counter[str] = {}  # type: ignore[assignment]


class TrafficReport:
    """Counts. As for `im-relay preview`: groups without an entry are taken as they are, files and named messages as if they were there;
    files that are said to be larger than the target takes are not.
    """

    def __init__(self, apps: Mapping[str, App], identities: IdentityLookup) -> None:
        self._apps = apps
        self._identities = identities
        self._rows: dict[tuple[Verdict, str], ReportRow] = {}
        self.read = 0

    def rows(self) -> list[ReportRow]:
        """The most frequent first."""
        return sorted(self._rows.values(), key=lambda row: (-row.count, row.verdict, row.kind))

    def take(self, callback: Callback, where: str) -> None:
        """Count what *callback*, which lies *where*, would become. Never raises for what lies in it."""
        self.read += 1
        try:
            routed = route(callback, self._apps, self._identities)
        except Exception as error:  # noqa: BLE001 - a defect is what one wants to see counted
            self._count("dead", f"defect: {type(error).__name__}", where)
            return
        for one in routed:
            match one:
                case Deliver(delivery=delivery, losses=losses):
                    if not delivery.newcomer:
                        self._weigh(delivery, [loss.what for loss in losses], where)
                case EchoOf():
                    self._count("echo", "", where)
                case Dropped(reason=reason) if reason.startswith("refused:"):
                    self._count("refused", reason.removeprefix("refused:"), where)
                case Dropped(reason=reason):
                    self._count("dropped", reason, where)
                case DeadLettered(cause=cause):
                    self._count("dead", cause, where)
                case NewIdentity() | RejectedMark():
                    pass

    def _weigh(self, delivery: Delivery, losses: list[str], where: str) -> None:
        target, operation = self._apps[delivery.target], delivery.event.operation
        kind = kind_of(operation)
        try:
            encoded = target.platform.encode(delivery, target.account, _known(delivery, target))
        except Exception as error:  # noqa: BLE001 - see above
            self._count("dead", f"defect: {type(error).__name__}", where)
            return
        losses = [*losses, *(loss.what for loss in encoded.losses)]
        level = target.platform.fidelity.get(kind)
        if isinstance(operation, Post) and isinstance(operation.body, Unknown):
            kind = operation.body.vendor_kind[:64] or kind
            verdict: Verdict = "unknown"
        elif not encoded.requests:
            verdict = "refused"
        elif not losses:
            verdict = "carried"
        else:
            verdict = "shown" if "file" in losses or (level is not None and level.word == "shown") else "changed"
        self._count(verdict, kind, where, losses)

    def _count(self, verdict: Verdict, kind: str, where: str, losses: list[str] | None = None) -> None:
        row = self._rows.get((verdict, kind))
        if row is None:
            row = self._rows[verdict, kind] = ReportRow(verdict, kind, where, losses=Counter())
        row.count += 1
        row.losses.update(losses or ())


def _known(delivery: Delivery, target: App) -> TargetContext:
    """The messages that the operation names, as if they were there, and its files, as if they had been brought over."""
    operation: Operation = delivery.event.operation
    ref = named_by(operation)
    quote = operation.quote if isinstance(operation, Post) else None
    return TargetContext(
        message=(_sent(ref, delivery),) if ref is not None else (),
        quoted=(_sent(quote.message, delivery),) if quote is not None else (),
        files=assume_transferred(delivery, target.platform.media, target.account),
    )


def _sent(ref: Ref, delivery: Delivery) -> TargetMessage:
    name = ref.id or ref.client_id or "1"
    sender = delivery.named(ref.author) if ref.author else delivery.sender
    return TargetMessage(name, sender, ref.at or delivery.event.at, ref.client_id or name)
