"""What is known of one event, a row for each record that tells of it."""

import msgspec
from msgspec import Struct


class LetterRow(Struct, frozen=True, tag="letter", array_like=True):
    """A dead letter; *end* is what a person did with it: `replayed`, `dropped`, or empty."""

    stage: str
    cause: str
    whose: str
    end: str = ""


class ReceivedRow(Struct, frozen=True, tag="received", array_like=True):
    """A callback that says it. *at*: when it came in, ms since 1970."""

    at: int
    app: str
    target: str
    conversation: str
    """The key in Kafka, where one is known."""
    kind: str
    left_out: str = ""
    """Why convert carries it nowhere, by the settings of now."""
    waits: bool = False
    """Convert has not read it yet."""
    marked: bool = False
    """It is written at the target with our mark, so that the target's callback and history show it."""
    letter: LetterRow | None = None
    """The dead letter that was made of the whole callback."""
    late: bool = False
    """It came after the period of the report."""


class HandedRow(Struct, frozen=True, tag="handed", array_like=True):
    """Convert has written it for `deliver`. *waits*: that one has not settled it yet."""

    waits: bool


class SentRow(Struct, frozen=True, tag="sent", array_like=True):
    """A request was about to leave, and no answer is written down."""

    at: int


class EndedRow(Struct, frozen=True, tag="ended", array_like=True):
    """The ledger's end. *outcome* and *by* as of `streams.deliver.ledger_schema`; *parts*: messages at the target, where it arrived."""

    outcome: str
    by: str
    at: int
    parts: int = 1
    named: bool = True
    """The target has said under which id."""


class SeenRow(Struct, frozen=True, tag="seen", array_like=True):
    """The target shows it: *how* is `callback` or `history`."""

    app: str
    remote_id: str
    part: int
    how: str


class KeptRow(Struct, frozen=True, tag="kept", array_like=True):
    """The source's history has it. *at*: when it was said."""

    at: int
    app: str
    target: str
    conversation: str
    kind: str


Row = LetterRow | ReceivedRow | HandedRow | SentRow | EndedRow | SeenRow | KeptRow

dump = msgspec.msgpack.Encoder().encode
load = msgspec.msgpack.Decoder(Row).decode
