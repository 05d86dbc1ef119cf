"""What the settings hold of one app on RongCloud."""

from collections.abc import Mapping
from typing import Annotated, Literal

from msgspec import Meta, Struct

from converters.platform import SecretUse
from converters.text.echo_mark import EXAMPLE, MarkKey, Previous, Secret, UnkeyedUntil
from converters.text.fallback_text import Language

SECRETS: Mapping[str, tuple[SecretUse, ...]] = {
    "app_secret": ("verify", "call"),
    "app_secret_previous": ("verify",),
    "mark_secret": ("mark",),
    "mark_secret_previous": ("mark",),
}


class RongcloudAccount(Struct, frozen=True, kw_only=True):
    app_key: Annotated[str, Meta(description="App Key, from the console.")]
    app_secret: Annotated[str, Meta(description="App Secret. Signs requests and incoming callbacks.")]
    app_secret_previous: Annotated[
        str, Meta(description="Callbacks signed with it are accepted as well, while a secret is being changed.")
    ] = ""
    base_url: Annotated[str, Meta(description="Address of the Server API in the app's data centre.")] = "https://api.rong-api.com"
    callback_window: Annotated[
        int,
        Meta(
            ge=0,
            description="Seconds by which the time of a callback's signature may differ. 0 disables the check. The signature does not cover the "
            "body, so each nonce is valid for one body within the window.",
        ),
    ] = 900
    hours_ahead: Annotated[
        float, Meta(ge=-12, le=14, description="Hours ahead of UTC of the names of RongCloud's message logs: 8 in China, 0 overseas.")
    ] = 8.0
    mark: Annotated[MarkKey, Meta(description="Key of the relay's mark in `extra`, and in the content of custom messages.")] = "relay"
    mark_secret: Secret = ""
    mark_secret_previous: Previous = ""
    mark_unkeyed_until: UnkeyedUntil = 0
    include_sender: Annotated[
        bool,
        Meta(
            description="Include messages from the other platform on the sender's own devices and in the sender's history. Look-ups of sends in "
            "doubt find more with it."
        ),
    ] = True
    msg_random: Annotated[bool, Meta(description="RongCloud has enabled `msgRandom` for the app: it refuses a repeat within 60 s.")] = False
    duplicate_code: Annotated[
        int, Meta(ge=0, description="Code of the answer to such a repeat. It is not published: ask RongCloud's support.")
    ] = 0
    verify_blacklist: Annotated[bool, Meta(description="Enforce RongCloud's block lists.")] = True
    system_messages: Annotated[bool, Meta(description="Relay system messages, as messages of the user in whose name they are sent.")] = True
    emoticons: Annotated[bool, Meta(description="Read emoji that older Android clients write as codes, such as `[/u1f600]`, as emoji.")] = (
        True
    )
    receipts: Annotated[bool, Meta(description="Send read receipts from the other platform to RongCloud.")] = True
    typing: Annotated[bool, Meta(description="Relay typing indicators, in one-to-one conversations.")] = False
    custom: Annotated[
        bool,
        Meta(description="Send custom messages under their own name; clients that have not registered it show nothing. Otherwise as text."),
    ] = True
    voice: Annotated[
        Literal["inline", "url"],
        Meta(
            description="How voice is sent: `url`, as AAC in the store (RC:HQVCMsg), or `inline`, for old clients: as AMR within the message "
            "(RC:VcMsg), as far as it fits."
        ),
    ] = "url"
    file_links: Annotated[
        bool,
        Meta(
            description="Show the receiver the address of a file that could not be transferred, or only that there was one. An address that "
            "requires a secret is never shown."
        ),
    ] = True
    friends_by_clients: Annotated[
        bool,
        Meta(
            description="Accept a user's own client as proof that the user accepts a friend (RC:ContactNtf), although nothing shows that the "
            "other one asked. Only in the user's own name, and for the other user of that conversation. Otherwise only messages of "
            "the server create friendships."
        ),
    ] = False
    unsaid_source: Annotated[
        bool,
        Meta(
            description="Treat a one-to-one or group message that does not name its origin (no `source`) as sent by the server, so that its "
            "notices are accepted. Only for an app so old that none of its callbacks has one."
        ),
    ] = False
    operator: Annotated[str, Meta(description="User in whose name events without an actor are performed. Empty: they are skipped.")] = ""
    language: Annotated[Language, Meta(description="Language of the placeholder for message types the target lacks.")] = "zh"

    def __repr__(self) -> str:
        return f"Account(app_key={self.app_key!r})"  # no secrets in logs and tracebacks


def example() -> RongcloudAccount:
    return RongcloudAccount(app_key="demo-rongcloud", app_secret="demo-rongcloud-secret", mark_secret=EXAMPLE)  # noqa: S106 - made up
