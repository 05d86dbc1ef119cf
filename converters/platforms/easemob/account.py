"""What the settings hold of one app on Easemob."""

from collections.abc import Mapping
from typing import Annotated, Literal

from msgspec import Meta, Struct

from converters.platform import SecretUse
from converters.text.echo_mark import EXAMPLE, MarkKey, Previous, Secret, UnkeyedUntil
from converters.text.fallback_text import Language

SECRETS: Mapping[str, tuple[SecretUse, ...]] = {
    "client_secret": ("call",),
    "callback_secret": ("verify",),
    "callback_secret_previous": ("verify",),
    "mark_secret": ("mark",),
    "mark_secret_previous": ("mark",),
}


class EasemobAccount(Struct, frozen=True, kw_only=True):
    org: Annotated[str, Meta(description="Org name, the first half of the App Key `org#app`.")]
    app: Annotated[str, Meta(description="App name, the other half.")]
    client_id: Annotated[str, Meta(description="Client ID of the REST API, from the console.")]
    client_secret: Annotated[str, Meta(description="Its secret.")]
    callback_secret: Annotated[
        str, Meta(description="Secret of the callback rule that points to this app's address.")
    ]
    callback_secret_previous: Annotated[
        str, Meta(description="Callbacks signed with it are taken too, while a secret is being changed.")
    ] = ""
    base_url: Annotated[str, Meta(description="Address of the app's cluster, as the console shows it.")] = (
        "https://a1.easemob.com"
    )
    unsigned_events: Annotated[
        bool,
        Meta(
            description="Whether reactions, threads and push results are taken without a signature, as the documentation shows them. Anybody who "
            "knows the address can then react to a message in somebody's name; nothing else is ever taken unsigned. Switch it on where "
            "`im_relay_callbacks_total` counts `unsigned` for reactions that people made."
        ),
    ] = False
    callback_window: Annotated[
        int,
        Meta(
            ge=0,
            description="Seconds after which a callback is too old to be taken: Easemob's storage sends lost ones again for 3 days, with the time of "
            "the first try. 0 takes any. Within it each callId is good for one body.",
        ),
    ] = 262_800
    mark: Annotated[MarkKey, Meta(description="The key of our mark in `ext`.")] = "relay"
    mark_secret: Secret = ""
    mark_secret_previous: Previous = ""
    mark_unkeyed_until: UnkeyedUntil = 0
    sync_device: Annotated[
        bool,
        Meta(
            description="Whether the sender's own devices show what was said on the other platform (between two people)."
        ),
    ] = True
    operator: Annotated[
        str,
        Meta(
            description="The user in whose name we write what nobody did, such as the other app's server; empty: `admin`, "
            "and not at all where a person is needed."
        ),
    ] = ""
    edits: Annotated[
        bool,
        Meta(description="Whether the app may edit messages, which sales opens; if not, an edit is a new message."),
    ] = True
    typing: Annotated[bool, Meta(description="Whether to carry that somebody is typing.")] = False
    group_size: Annotated[
        int,
        Meta(ge=0, le=10_000, description="`maxusers` of a group that is made here; 0: Easemob's own, which is 200."),
    ] = 0
    dissolved_by: Annotated[
        Literal["delete", "leave"],
        Meta(
            description="Which of the two events that tell of one dissolution counts: `delete`, or `leave` where the callback rule has only that: "
            "a LEAVE of type DELETE with several members."
        ),
    ] = "delete"
    accepted_by: Annotated[
        Literal["to", "from"],
        Meta(
            description="Who accepted or declined a friend in the callbacks `accept` and `decline` where `from` and `to` differ: `to`, as "
            "their page says, or `from`. The callbacks `remote_accept` and `remote_decline`, which come beside them, always name `from`."
        ),
    ] = "to"
    hours_ahead: Annotated[
        float,
        Meta(
            ge=-12, le=14,
            description="Hours before UTC's by which Easemob names its history files and slots of lost callbacks: 8 on mainland "
            "clusters, 0 overseas.",
        ),
    ] = 8.0
    quiet_hours_ahead: Annotated[
        float,
        Meta(
            ge=-12, le=14,
            description="Hours before UTC's of the clock by which Easemob keeps quiet hours of do-not-disturb; the pages do not say which. "
            "Used by a migration.",
        ),
    ] = 8.0
    member_name: Annotated[
        str,
        Meta(
            min_length=1, max_length=16,
            description="Attribute of a group's member under which the app looks for the member's name in the group: `nickName` in the UI "
            "kits. Used by a migration.",
        ),
    ] = "nickName"
    voice: Annotated[
        Literal["amr", "mp3"],
        Meta(
            description="What a voice that is brought over is made into: `amr`, as Easemob's phones record it, or `mp3`, for an "
            "audience of the web, whose browsers play no AMR."
        ),
    ] = "amr"
    file_limit: Annotated[
        int, Meta(gt=0, description="Bytes of a file that Easemob takes: 10 MiB, where the console has not raised it.")
    ] = 10 << 20
    file_days: Annotated[
        int,
        Meta(ge=0, description="Days for which Easemob keeps a file: 7, where the plan does not say more. 0: for ever."),
    ] = 7
    restrict_access: Annotated[
        bool,
        Meta(
            description="Whether files are uploaded so that nobody has them without their secret, which sales opens for the app."
        ),
    ] = False
    file_links: Annotated[
        bool,
        Meta(
            description="Whether a receiver is shown where a file lies that could not be brought over, or only that there was one. "
            "An address that wants a secret is never shown."
        ),
    ] = True
    emoticons: Annotated[
        bool, Meta(description="Whether emoticon codes of Easemob's older UI kits, such as `[):]`, are read as emoji. Today's kit writes emoji, and so do we.")
    ] = True
    language: Annotated[
        Language, Meta(description="Of what a receiver reads in place of a kind that cannot be carried.")
    ] = "zh"

    def __post_init__(self) -> None:
        """Raises ValueError, which msgspec passes on as its own."""
        for key, value in (("org", self.org), ("app", self.app)):
            if "#" in value:
                org, _, app = value.partition("#")
                raise ValueError(f'{key} is "{value}", the whole App Key: write org = "{org}" and app = "{app}"')

    @property
    def app_key(self) -> str:
        return f"{self.org}#{self.app}"

    def __repr__(self) -> str:
        return f"Account(app_key={self.app_key!r})"  # no secrets in logs and tracebacks


def example() -> EasemobAccount:
    return EasemobAccount(
        org="demo",
        app="relay",
        client_id="YXA6demo",
        client_secret="YXA6demosecret",  # noqa: S106 - made up
        callback_secret="demo-easemob-secret",  # noqa: S106 - made up
        mark_secret=EXAMPLE,
    )
