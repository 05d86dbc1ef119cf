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
    app_secret: Annotated[str, Meta(description="App Secret; signs requests, and the callbacks that come in.")]
    app_secret_previous: Annotated[
        str, Meta(description="Callbacks signed with it are taken too, while a secret is being changed.")
    ] = ""
    base_url: Annotated[str, Meta(description="Address of the Server API in the app's data centre.")] = (
        "https://api.rong-api.com"
    )
    callback_window: Annotated[
        int,
        Meta(
            ge=0,
            description="Seconds that the time of a callback's signature may be off; 0 takes any. The signature does not cover "
            "what is said, so that within them each nonce is good for one body.",
        ),
    ] = 900
    hours_ahead: Annotated[
        float,
        Meta(ge=-12, le=14, description="Hours before UTC's by which RongCloud names its message logs: 8 in China, 0 overseas."),
    ] = 8.0
    mark: Annotated[MarkKey, Meta(description="The key of our mark in `extra`, and in the content of custom messages.")] = (
        "relay"
    )
    mark_secret: Secret = ""
    mark_secret_previous: Previous = ""
    mark_unkeyed_until: UnkeyedUntil = 0
    include_sender: Annotated[
        bool,
        Meta(
            description="Whether the sender's own devices and history have what was said on the other platform; look-ups of "
            "sends in doubt see more with it."
        ),
    ] = True
    msg_random: Annotated[
        bool,
        Meta(description="Whether RongCloud has switched `msgRandom` on for the app: a repeat within 60 s is then refused there."),
    ] = False
    duplicate_code: Annotated[
        int,
        Meta(ge=0, description="The code of the answer to such a repeat, which is published nowhere: RongCloud's support knows it."),
    ] = 0
    verify_blacklist: Annotated[
        bool, Meta(description="Whether nobody is reached by those whom they blocked on RongCloud.")
    ] = True
    system_messages: Annotated[
        bool, Meta(description="Whether system messages are carried, as words of the user in whose name they are.")
    ] = True
    emoticons: Annotated[
        bool, Meta(description="Whether emoji that older Android clients write as codes, such as `[/u1f600]`, are read as emoji.")
    ] = True
    receipts: Annotated[bool, Meta(description="Whether RongCloud is told what was read on the other platform.")] = True
    typing: Annotated[bool, Meta(description="Whether it is told who is typing, in a talk of two.")] = False
    custom: Annotated[
        bool,
        Meta(
            description="Whether custom messages go under their own name; clients that have not registered it show nothing. "
            "Otherwise as a text."
        ),
    ] = True
    voice: Annotated[
        Literal["inline", "url"],
        Meta(
            description="How a voice goes: `url`, as AAC that lies in the store (RC:HQVCMsg), or `inline`, for clients that are "
            "old: as AMR in the message itself (RC:VcMsg), as far as it fits."
        ),
    ] = "url"
    file_links: Annotated[
        bool,
        Meta(
            description="Whether a receiver is shown where a file lies that could not be brought over, or only that there was one. "
            "An address that wants a secret is never shown."
        ),
    ] = True
    friends_by_clients: Annotated[
        bool,
        Meta(
            description="Whether it is believed when a user's own client says that it accepts somebody as a friend (RC:ContactNtf): nobody "
            "tells whether the other one has asked. Only ever in its own user's name, and of whom it speaks to. Otherwise only what the "
            "server sends makes friends."
        ),
    ] = False
    unsaid_source: Annotated[
        bool,
        Meta(
            description="Whether a message between two or in a group that does not say who has sent it (no `source`) is taken for the "
            "server's, so that its notices are believed: only for an app that is so old that none of its callbacks has one."
        ),
    ] = False
    operator: Annotated[
        str, Meta(description="The user in whose name is done what nobody is said to have done; empty: it is not done.")
    ] = ""
    language: Annotated[
        Language, Meta(description="Of what a receiver reads in place of a kind that cannot be carried.")
    ] = "zh"

    def __repr__(self) -> str:
        return f"Account(app_key={self.app_key!r})"  # no secrets in logs and tracebacks


def example() -> RongcloudAccount:
    return RongcloudAccount(app_key="demo-rongcloud", app_secret="demo-rongcloud-secret", mark_secret=EXAMPLE)  # noqa: S106 - made up
