"""What the settings hold of one app on Yunxin."""

from collections.abc import Mapping
from typing import Annotated, Literal

from msgspec import Meta, Struct

from converters.platform import SecretUse
from converters.text.echo_mark import EXAMPLE, MarkKey, Previous, Secret, UnkeyedUntil
from converters.text.emoticons import Emoticons
from converters.text.fallback_text import Language

SECRETS: Mapping[str, tuple[SecretUse, ...]] = {
    "app_secret": ("verify", "call"),
    "app_secret_previous": ("verify",),
    "mark_secret": ("mark",),
    "mark_secret_previous": ("mark",),
}


class YunxinAccount(Struct, frozen=True, kw_only=True):
    app_key: Annotated[str, Meta(description="App Key, from the console.")]
    app_secret: Annotated[str, Meta(description="App Secret. Signs requests and incoming copies.")]
    app_secret_previous: Annotated[
        str, Meta(description="Copies signed with it are accepted as well, while a secret is being changed.")
    ] = ""
    base_url: Annotated[str, Meta(description="Address of the REST API.")] = "https://api.yunxinapi.com/nimserver"
    api: Annotated[
        Literal["v1", "v2"], Meta(description="Generation of the REST API to send with. v2 accepts a message id of the relay's.")
    ] = "v1"
    echo: Annotated[bool, Meta(description="Whether Yunxin copies the relay's own messages back to it, which settles sends in doubt.")] = (
        True
    )
    mark: Annotated[MarkKey, Meta(description="Key of the relay's mark in `ext`.")] = "relay"
    mark_secret: Secret = ""
    mark_secret_previous: Previous = ""
    mark_unkeyed_until: UnkeyedUntil = 0
    operator: Annotated[
        str, Meta(description="accid that is manager of all relayed teams; performs manager-only actions that have no actor.")
    ] = ""
    typing: Annotated[bool, Meta(description="Show typing indicators.")] = False
    emoticons: Annotated[
        Emoticons,
        Meta(
            description="Emoticon codes of NetEase's UI kit, such as `[大笑]`: `both` converts codes to emoji and emoji to codes; `read` only "
            "converts codes to emoji, for apps without the kit, whose users would see the codes; `off` leaves texts unchanged."
        ),
    ] = "both"
    reactions: Annotated[
        dict[str, Annotated[int, Meta(ge=1)]],
        Meta(
            description="Emoji of the other platform, each with the index of the quick comment in the app's clients. A reaction that is not listed is not sent."
        ),
    ] = {}
    receipts: Annotated[bool, Meta(description="Mark messages as read here that were read on the other platform.")] = True
    upload: Annotated[
        Literal["file", "base64"], Meta(description="How files are uploaded: as a form's file, or as base64, which is a third larger.")
    ] = "file"
    file_days: Annotated[int, Meta(ge=0, description="Days after which Yunxin deletes uploads. 0: never.")] = 0
    file_links: Annotated[
        bool,
        Meta(
            description="Show the receiver the address of a file that could not be transferred, or only that there was one. An address that "
            "requires a secret is never shown."
        ),
    ] = True
    callback_window: Annotated[
        int,
        Meta(
            ge=0,
            description="Seconds by which a copy's CurTime may differ. Keep it within `deliver.remember_delivered`, or an old copy that arrives "
            "again is delivered again. 0 disables the check, for copies that were queued for longer.",
        ),
    ] = 604_800
    language: Annotated[Language, Meta(description="Language of the placeholder for message types the target lacks.")] = "zh"

    def __repr__(self) -> str:
        return f"Account(app_key={self.app_key!r})"  # no secrets in logs and tracebacks


def example() -> YunxinAccount:
    return YunxinAccount(app_key="demo-yunxin", app_secret="demo-yunxin-secret", mark_secret=EXAMPLE)  # noqa: S106 - made up
