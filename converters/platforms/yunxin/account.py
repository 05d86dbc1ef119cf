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
    app_secret: Annotated[str, Meta(description="App Secret; signs requests, and the copies that come in.")]
    app_secret_previous: Annotated[
        str, Meta(description="Copies signed with it are taken too, while a secret is being changed.")
    ] = ""
    base_url: Annotated[str, Meta(description="Address of the REST API.")] = "https://api.yunxinapi.com/nimserver"
    api: Annotated[
        Literal["v1", "v2"],
        Meta(description="Which generation of the REST API to send with; v2 takes a message id of ours."),
    ] = "v1"
    echo: Annotated[
        bool, Meta(description="Whether what we send is copied back to us; it settles sends that are in doubt.")
    ] = True
    mark: Annotated[MarkKey, Meta(description="The key of our mark in `ext`.")] = "relay"
    mark_secret: Secret = ""
    mark_secret_previous: Previous = ""
    mark_unkeyed_until: UnkeyedUntil = 0
    operator: Annotated[
        str,
        Meta(description="accid that is manager of all relayed teams; does what only a manager may and nobody there did."),
    ] = ""
    typing: Annotated[bool, Meta(description="Whether it is shown that somebody is typing.")] = False
    emoticons: Annotated[
        Emoticons,
        Meta(
            description="Emoticon codes of NetEase's UI kit, such as `[大笑]`: `both` reads them as emoji and writes emoji as codes; `read` reads them "
            "alone, for apps without the kit, whose users would read the codes; `off` leaves texts as they are."
        ),
    ] = "both"
    reactions: Annotated[
        dict[str, Annotated[int, Meta(ge=1)]],
        Meta(description="Emoji of the other platform, and the index by which the app's clients know each as a quick comment. A reaction without one is not sent."),
    ] = {}
    receipts: Annotated[bool, Meta(description="Whether what was read there is marked as read here.")] = True
    upload: Annotated[
        Literal["file", "base64"],
        Meta(description="How files are uploaded: as a form's file, or as base64, which is a third more."),
    ] = "file"
    file_days: Annotated[
        int, Meta(ge=0, description="Days after which Yunxin deletes what was uploaded; 0: never.")
    ] = 0
    file_links: Annotated[
        bool,
        Meta(
            description="Whether a receiver is shown where a file lies that could not be brought over, or only that there was one. "
            "An address that wants a secret is never shown."
        ),
    ] = True
    callback_window: Annotated[
        int,
        Meta(
            ge=0,
            description="Seconds that a copy's CurTime may be off: no longer than `deliver.remember_delivered`, or an old copy that comes again is "
            "delivered again. 0 takes any, for copies that were queued for longer.",
        ),
    ] = 604_800
    language: Annotated[
        Language, Meta(description="Of what a receiver reads in place of a kind that cannot be carried.")
    ] = "zh"

    def __repr__(self) -> str:
        return f"Account(app_key={self.app_key!r})"  # no secrets in logs and tracebacks


def example() -> YunxinAccount:
    return YunxinAccount(app_key="demo-yunxin", app_secret="demo-yunxin-secret", mark_secret=EXAMPLE)  # noqa: S106 - made up
