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
    secret: Annotated[str, Meta(description="Signs requests in both directions. Use 32 random characters or more.")]
    secret_previous: Annotated[str, Meta(description="Requests signed with it are accepted as well, while a secret is being changed.")] = ""
    base_url: Annotated[str, Meta(description="Address of your own server.")] = "http://127.0.0.1:8000"
    path: Annotated[str, Meta(pattern=r"^/[!-~]*$", description="Path that receives events, after `base_url`.")] = "/events"
    window: Annotated[int, Meta(ge=0, description="Seconds by which the time of a signature may differ. 0 disables the check.")] = 300
    mark_secret: Secret = ""
    mark_secret_previous: Previous = ""
    mark_unkeyed_until: UnkeyedUntil = 0
    proof: Annotated[
        bool,
        Meta(
            description="Accept `relay` only with the `proof` that the relay issued for it. false: an event with `relay` is an echo, whoever "
            "wrote that; only for a server that sets it by itself and accepts it from no client."
        ),
    ] = True
    id_alphabet: Annotated[
        str, Meta(description="Characters that user ids may contain besides a-z, 0-9 and `-`. Empty: every printable one.")
    ] = ""
    id_limit: Annotated[int, Meta(ge=29, le=256, description="Maximum bytes of a user id.")] = 128
    files: Annotated[
        Literal["link", "carry"],
        Meta(
            description="`carry`: files are transferred to the relay's store, and messages carry its links; `link`: your servers fetch files at "
            "the source, with the address and secret given, for as long as those are valid."
        ),
    ] = "carry"
    language: Annotated[Language, Meta(description="Language of the word before an edit of a message that the server does not have.")] = (
        "zh"
    )

    def __repr__(self) -> str:
        return f"Account(base_url={public(self.base_url)!r})"  # no secrets in logs and tracebacks


SHORTEST = 12
"""Characters that each secret must have at least: with fewer, one request that was seen is enough to find it by trying."""


def example() -> OwnAccount:
    return OwnAccount(secret="demo-own-secret", mark_secret=EXAMPLE)  # noqa: S106 - made up
