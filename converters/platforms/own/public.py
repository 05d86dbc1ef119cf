"""The form in which the own server and the relay speak to each other: docs/own.schema.json is printed from here."""

from typing import Annotated, Any

import msgspec
from msgspec import Meta, Struct

from converters.core.model import Conversation
from converters.core.operations import Operation

MOST = 100
"""Events of one request."""

Id = Annotated[str, Meta(min_length=1, max_length=256)]


class RelayProof(Struct, frozen=True, omit_defaults=True):
    """Stands on what the relay brings, and nowhere else. Keep it with the message, and send it back with its event."""

    id: Annotated[Id, Meta(description="The event's id in the relay; the same in every attempt.")]
    app: Annotated[str, Meta(description="The app, of the relay's settings, in which it happened.")] = ""
    platform: Annotated[str, Meta(description="The platform that the app is on.")] = ""
    proof: Annotated[str, Meta(description="That the relay has written this, for this event and no other.")] = ""
    late: Annotated[bool, Meta(description="What was said after it is here already.")] = False
    silent: Annotated[bool, Meta(description="It is old and no news: show it without a push.")] = False


class TargetMessages(Struct, frozen=True, omit_defaults=True):
    """Messages that the event names, as the own server called them in its answers or its own events."""

    message: Annotated[str, Meta(description="The one that is taken back, changed, read or reacted to.")] = ""
    quoted: Annotated[str, Meta(description="The one that is answered.")] = ""


class OwnEvent(Struct, frozen=True, kw_only=True, omit_defaults=True):
    """One thing that happened. An event that posts a message gives the message its id."""

    id: Annotated[Id, Meta(description="Of this event alone, for ever; sent again, it is the same event.")]
    conversation: Annotated[Conversation, Meta(description="Where. Of `direct`, *users* are the two, in any order.")]
    sender: Annotated[
        str, Meta(description="Who did it; of a direct conversation one of the two. Empty: nobody, or the server itself.")
    ] = ""
    sender_name: Annotated[str, Meta(description="As it is shown to people.")] = ""
    client_id: Annotated[str, Meta(description="The id that the sender's app gave the message, if it did.")] = ""
    at: Annotated[int, Meta(ge=1, lt=1 << 53, description="When, in milliseconds since 1970.")]
    operation: Annotated[Operation, Meta(description="What.")]
    relay: RelayProof | None = None
    there: TargetMessages | None = None


Events = Annotated[tuple[OwnEvent, ...], Meta(max_length=MOST, description="All of one conversation, in their order.")]


def schema() -> str:
    """docs/own.schema.json: one event, or several."""
    said: dict[str, Any] = msgspec.json.schema(OwnEvent | Events)
    for name in ("Direct", "Group", "Room"):
        del said["$defs"][name]["properties"]["origin"]  # the relay's own affair
    said = {"$schema": "https://json-schema.org/draft/2020-12/schema", "title": "Events of the own server", **said}
    return msgspec.json.format(msgspec.json.encode(said), indent=2).decode() + "\n"
