"""The record of an act of a person."""

from typing import Literal

import msgspec
from msgspec import Struct

What = Literal["log-in", "log-out", "dead-replay", "dead-drop", "erase"]
Outcome = Literal["begun", "done", "refused", "failed"]


class Act(Struct, frozen=True, kw_only=True, omit_defaults=True):
    """A record of the topic `audit`; those of one act have the same *id*, its first is `begun`, and nothing of what people wrote is in it."""

    id: str
    at: int
    """Milliseconds since 1970."""
    who: str
    """"" where nobody is known: a failed login under a name that is none."""
    role: str = ""
    what: What
    outcome: Outcome
    source: str = ""
    """Where the request came from."""
    subject: str = ""
    """Keys or places of what it was done to, a bounded number of them."""
    reason: str = ""
    """As the person gave it."""
    count: int = 0
    """Of what it was, or had been, done to."""


dump = msgspec.json.Encoder().encode
load = msgspec.json.Decoder(Act).decode
"""Raises msgspec.DecodeError."""
