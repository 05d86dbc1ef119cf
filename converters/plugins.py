"""The customer's own conversions: what a plug-in is given, and what it may answer.

A plug-in is a pure function from a value to a value. It is asked after a callback was decoded and before the rules are looked at, in
both directions, so that everything in it is in the words of the platform it comes from. docs/plugins.md shows one.
"""

import re
from collections.abc import Callable, Collection, Sequence
from types import TracebackType
from typing import Protocol, get_args, runtime_checkable

from msgspec import Struct, structs

from converters.core import wire
from converters.core.bodies import Body
from converters.core.model import Event
from converters.core.operations import Edit, Operation, Post, kind_of

KINDS = frozenset({"custom", "command", "unknown"})
"""What a plug-in is asked about if it does not say."""
EVERY = frozenset({"*"})
"""Said as `kinds`: to be asked about everything, each text as well."""

LARGEST = 1 << 18
"""Bytes of an answer as JSON: what goes through Kafka."""


class Side(Struct, frozen=True):
    """One app of the settings, and the platform it is on."""

    app: str
    platform: str


class Seen(Struct, frozen=True):
    """What a plug-in is asked about."""

    event: Event
    """As decoded, all ids still the source platform's own. Not to be changed in place."""
    source: Side
    target: Side

    @property
    def direction(self) -> str:
        """`source>target`, by the platforms' names, as in the metrics."""
        return f"{self.source.platform}>{self.target.platform}"

    @property
    def body(self) -> Body | None:
        """What is said, of a message or in its edit; None where nothing is."""
        operation = self.event.operation
        return operation.body if isinstance(operation, Post | Edit) else None


class NotMine(Struct, frozen=True):
    """The next plug-in is asked; if none says otherwise, the event goes on as it is."""


class Drop(Struct, frozen=True):
    """It ends here, counted as `plugin:<name>:<reason>`."""

    reason: str
    """A fixed word of a-z, 0-9 and `-`, at most 32: never an id, never what was said."""


NOT_MINE = NotMine()

Answer = Body | Operation | Drop | NotMine
"""A body takes the place of the message's body, and its quote and `ext` stay; an operation takes the place of all that was done."""


@runtime_checkable
class Converter(Protocol):
    """What an entry point of the group `im_relay.converters` names: an object or a module like this, or the function alone."""

    def convert(self, seen: Seen) -> Answer:
        """Pure: no network, no files, no clock. It may be asked the same again, after a crash or in a replay."""


class Plugin(Struct, frozen=True):
    """A plug-in, loaded. An object's `kinds`, if it has them, say what it is asked about: tags as in docs/fidelity.md."""

    name: str
    convert: Callable[[Seen], Answer]
    kinds: Collection[str] = KINDS


class PluginReplaced(Struct, frozen=True):
    event: Event


class PluginDropped(Struct, frozen=True):
    reason: str


class PluginFailed(Struct, frozen=True):
    """It raised, or answered what is no answer. *detail* names plug-in, kind of error and place; never what was said."""

    detail: str


_BODIES: tuple[type, ...] = get_args(Body)
_OPERATIONS: tuple[type, ...] = get_args(Operation)
_WORD = re.compile("[a-z0-9-]{1,32}")


def run_plugins(
    plugins: Sequence[Plugin], event: Event, source: Side, target: Side
) -> PluginReplaced | PluginDropped | PluginFailed | None:
    """The answer of the first plug-in that has one; None where the event stays as it is. Never raises for what a plug-in does."""
    kind = kind_of(event.operation)
    for plugin in plugins:
        if kind not in plugin.kinds and "*" not in plugin.kinds:
            continue
        try:
            answer = plugin.convert(Seen(event, source, target))
            if isinstance(answer, NotMine):
                continue
            return _read(plugin.name, event, answer)
        except (Exception, SystemExit) as error:  # noqa: BLE001 - whatever it is, it costs this event alone
            return PluginFailed(f"{plugin.name}: {type(error).__name__}{_place(error.__traceback__)}")
    return None


def _read(name: str, event: Event, answer: object) -> PluginReplaced | PluginDropped | PluginFailed:
    operation: object = answer
    if isinstance(answer, Drop):
        if _WORD.fullmatch(str(answer.reason)):
            return PluginDropped(f"plugin:{name}:{answer.reason}")
        return PluginFailed(f"{name}: the reason of its Drop is no word of a-z, 0-9 and -, at most 32")
    if isinstance(answer, _BODIES):
        if not isinstance(event.operation, Post | Edit):
            return PluginFailed(f"{name}: answered a body to an operation that has none ({kind_of(event.operation)})")
        operation = structs.replace(event.operation, body=answer)
    elif not isinstance(answer, _OPERATIONS):
        return PluginFailed(f"{name}: answered a {type(answer).__name__}; expected is a body, an operation, Drop or NotMine")
    assert isinstance(operation, Struct)
    # Fields are not checked when a struct is made. What is written to Kafka must be read there as well.
    raw = wire.dump(operation)
    if len(raw) > LARGEST:
        return PluginFailed(f"{name}: its answer has {len(raw)} bytes; at most {LARGEST} go on")
    try:
        return PluginReplaced(structs.replace(event, operation=wire.load(raw, Operation)))  # type: ignore[arg-type]
    except wire.Malformed as error:
        return PluginFailed(f"{name}: its {type(answer).__name__} is not as the model has it: {error}")


def _place(trace: TracebackType | None) -> str:
    """` in function (file:line)`, of the last frame."""
    while trace is not None and trace.tb_next is not None:
        trace = trace.tb_next
    if trace is None:
        return ""
    code = trace.tb_frame.f_code
    return f" in {code.co_name} ({code.co_filename.replace(chr(92), '/').rpartition('/')[2]}:{trace.tb_lineno})"
