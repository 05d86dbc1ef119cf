"""What the settings hold of one app on Parley."""

from collections.abc import Mapping
from typing import Annotated

from msgspec import Meta, Struct

from converters.core.address import public
from converters.platform import SecretUse
from converters.text.echo_mark import EXAMPLE, Previous, Secret, UnkeyedUntil
from converters.text.fallback_text import Language

SECRETS: Mapping[str, tuple[SecretUse, ...]] = {
    "app_secret": ("call",),
    "webhook_secret": ("verify",),
    "webhook_secret_previous": ("verify",),
    "mark_secret": ("mark",),
    "mark_secret_previous": ("mark",),
}


class ParleyAccount(Struct, frozen=True, kw_only=True):
    app_key: Annotated[str, Meta(description="App key, from the console.")]
    app_secret: Annotated[str, Meta(description="App secret. Obtains tokens.")]
    webhook_secret: Annotated[str, Meta(description="Signs incoming webhooks.")]
    webhook_secret_previous: Annotated[
        str, Meta(description="Webhooks signed with it are accepted as well, while a secret is being changed.")
    ] = ""
    base_url: Annotated[str, Meta(description="Address of the REST API.")] = "https://api.parley.example"
    mark_secret: Secret = ""
    mark_secret_previous: Previous = ""
    mark_unkeyed_until: UnkeyedUntil = 0
    language: Annotated[Language, Meta(description="Language of the placeholder for message types that Parley lacks.")] = "zh"

    def __repr__(self) -> str:
        return f"Account(app_key={self.app_key!r}, base_url={public(self.base_url)!r})"


def example() -> ParleyAccount:
    return ParleyAccount(app_key="pk_demo", app_secret="demo-app-secret", webhook_secret="demo-parley-hook", mark_secret=EXAMPLE)
