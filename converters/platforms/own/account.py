"""What the settings hold of the customer's own server."""

from collections.abc import Mapping
from typing import Annotated, Literal

from msgspec import Meta, Struct

from converters.core.address import public
from converters.platform import SecretUse
from converters.text.echo_mark import EXAMPLE, Previous, Secret, UnkeyedUntil
from converters.text.fallback_text import Language

SECRETS: Mapping[str, tuple[SecretUse, ...]] = {
    "secret": ("verify", "call"),
    "secret_previous": ("verify",),
    "mark_secret": ("mark",),
    "mark_secret_previous": ("mark",),
}


class OwnAccount(Struct, frozen=True, kw_only=True):
    secret: Annotated[str, Meta(description="Signs what goes both ways; 32 random characters or more are well.")]
    secret_previous: Annotated[
        str, Meta(description="What is signed with it is taken too, while a secret is being changed.")
    ] = ""
    base_url: Annotated[str, Meta(description="Address of the own server.")] = "http://127.0.0.1:8000"
    path: Annotated[
        str, Meta(pattern=r"^/[!-~]*$", description="Where it takes events, after `base_url`.")
    ] = "/events"
    window: Annotated[
        int, Meta(ge=0, description="Seconds that the time of a signature may be off; 0 takes any.")
    ] = 300
    mark_secret: Secret = ""
    mark_secret_previous: Previous = ""
    mark_unkeyed_until: UnkeyedUntil = 0
    proof: Annotated[
        bool,
        Meta(
            description="Whether `relay` is believed only with the `proof` that the relay has given with it. false: an event with "
            "`relay` is an echo, whoever wrote that; only for a server that sets it by itself and takes it from no client."
        ),
    ] = True
    id_alphabet: Annotated[
        str,
        Meta(description="Characters that its user ids may have besides a-z, 0-9 and `-`; empty: every printable one."),
    ] = ""
    id_limit: Annotated[int, Meta(ge=29, le=256, description="Bytes of its user ids, at the most.")] = 128
    files: Annotated[
        Literal["link", "carry"],
        Meta(
            description="`carry`: files are brought to the relay's store, and named where they lie there; `link`: its servers fetch "
            "them at the source by themselves, whose address and secret they are told, for as long as those hold."
        ),
    ] = "carry"
    language: Annotated[
        Language, Meta(description="Of the word that stands before an edit of a message it does not have.")
    ] = "zh"

    def __repr__(self) -> str:
        return f"Account(base_url={public(self.base_url)!r})"  # no secrets in logs and tracebacks


SHORTEST = 12
"""Characters that each secret must have at least: with fewer, one request that was seen is enough to find it by trying."""


def example() -> OwnAccount:
    return OwnAccount(secret="demo-own-secret", mark_secret=EXAMPLE)  # noqa: S106 - made up
