"""An event of which the platform does not say where it happened: in which of the conversations that can be it is looked for."""

from msgspec import structs

from converters.core.model import Conversation, Direct, Group, Room
from converters.core.operations import named_by, naming
from converters.platform import Decoded, DecodedEvent
from converters.routing.identity_table import IdentityLookup, Kind


def located(decoded: tuple[Decoded, ...], platform: str, identities: IdentityLookup) -> tuple[Decoded, ...]:
    """*decoded*, with each event in every conversation in which its message may lie.

    A group or room without an entry has nothing in it that was carried. Where several are left, whoever knows the messages finds the one:
    in the others nothing is done.
    """
    for one in decoded:
        if isinstance(one, DecodedEvent) and one.elsewhere:
            break
    else:
        return decoded
    found: list[Decoded] = []
    for one in decoded:
        if isinstance(one, DecodedEvent) and one.elsewhere:
            found += _places(one, platform, identities)
        else:
            found.append(one)
    return tuple(found)


def _places(one: DecodedEvent, platform: str, identities: IdentityLookup) -> list[DecodedEvent]:
    here = structs.replace(one, elsewhere=())
    options = (here, *one.elsewhere)
    known = [_known(option.event.conversation, platform, identities) for option in options]
    if None in known:
        return [here]
    left = [option for option, is_there in zip(options, known, strict=True) if is_there] or [here]
    return left if len(left) == 1 else [_maybe(option) for option in left]


def _known(place: Conversation, platform: str, identities: IdentityLookup) -> bool | None:
    kind: Kind
    match place:
        case Direct():
            return True
        case Group(id=name):
            kind = "group"
        case Room(id=name):
            kind = "room"
    return identities.knows(platform, kind, name)


def _maybe(option: DecodedEvent) -> DecodedEvent:
    operation = option.event.operation
    ref = named_by(operation)
    if ref is None:
        return option
    return structs.replace(option, event=structs.replace(option.event, operation=naming(operation, structs.replace(ref, maybe=True))))
