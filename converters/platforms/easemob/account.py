"""What the settings hold of one app on Easemob."""

from collections.abc import Mapping
from typing import Annotated, Literal

from msgspec import Meta, Struct

from converters.core.localized import localized
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
    org: Annotated[str, Meta(description="Org name: the first half of the App Key `org#app`.")]
    app: Annotated[str, Meta(description="App name: the second half.")]
    client_id: Annotated[str, Meta(description="Client ID of the REST API, from the console.")]
    client_secret: Annotated[str, Meta(description="Its secret.")]
    callback_secret: Annotated[str, Meta(description="Secret of the callback rule for this app's address.")]
    callback_secret_previous: Annotated[
        str, Meta(description="Callbacks signed with it are accepted as well, while a secret is being changed.")
    ] = ""
    base_url: Annotated[str, Meta(description="Address of the app's cluster, as the console shows it.")] = "https://a1.easemob.com"
    unsigned_events: Annotated[
        bool,
        Meta(
            description="Accept reactions, threads and push results without a signature, as the documentation shows them. Anyone who knows the "
            "address can then react to a message in any user's name; nothing else is accepted unsigned. Enable it where "
            "`im_relay_callbacks_total` counts `unsigned` for real reactions."
        ),
    ] = False
    callback_window: Annotated[
        int,
        Meta(
            ge=0,
            description="Maximum age of a callback in seconds. Easemob resends lost ones for 3 days, with the time of the first attempt. 0 "
            "disables the check. Within the window each callId is valid for one body.",
        ),
    ] = 262_800
    mark: Annotated[MarkKey, Meta(description="Key of the relay's mark in `ext`.")] = "relay"
    mark_secret: Secret = ""
    mark_secret_previous: Previous = ""
    mark_unkeyed_until: UnkeyedUntil = 0
    sync_device: Annotated[
        bool, Meta(description="Show on the sender's own devices what the sender wrote on the other platform (one-to-one).")
    ] = True
    operator: Annotated[
        str,
        Meta(
            description="User shown as author of events without a sender, such as those of the app's server. Empty: `admin`; events that need a "
            "real user are skipped."
        ),
    ] = ""
    edits: Annotated[
        bool,
        Meta(description="Whether the app may edit messages, which the vendor's sales enables. If not, an edit is sent as a new message."),
    ] = True
    typing: Annotated[bool, Meta(description="Relay typing indicators.")] = False
    group_size: Annotated[
        int, Meta(ge=0, le=10_000, description="`maxusers` of a group that the relay creates. 0: Easemob's default, 200.")
    ] = 0
    dissolved_by: Annotated[
        Literal["delete", "leave"],
        Meta(
            description="Which of the two callbacks about a dissolved group counts: `delete`, or `leave` where the callback rule has only that: "
            "a LEAVE of type DELETE with several members."
        ),
    ] = "delete"
    accepted_by: Annotated[
        Literal["to", "from"],
        Meta(
            description="Who accepted or declined a friend in the callbacks `accept` and `decline` where `from` and `to` differ: `to`, as the "
            "documentation says, or `from`. The accompanying callbacks `remote_accept` and `remote_decline` always name `from`."
        ),
    ] = "to"
    hours_ahead: Annotated[
        float,
        Meta(
            ge=-12,
            le=14,
            description="Hours ahead of UTC of the names of Easemob's history files and periods of lost callbacks: 8 on mainland clusters, 0 overseas.",
        ),
    ] = 8.0
    quiet_hours_ahead: Annotated[
        float,
        Meta(
            ge=-12,
            le=14,
            description="Hours ahead of UTC of Easemob's do-not-disturb hours; the documentation does not say which. Used by a migration.",
        ),
    ] = 8.0
    member_name: Annotated[
        str,
        Meta(
            min_length=1,
            max_length=16,
            description="Attribute of a group member that holds the member's name in the group: `nickName` in the UI kits. Used by a migration.",
        ),
    ] = "nickName"
    voice: Annotated[
        Literal["amr", "mp3"],
        Meta(
            description="Format of transferred voice messages: `amr`, as Easemob's phones record it, or `mp3`, for web clients, since browsers do not play AMR."
        ),
    ] = "amr"
    file_limit: Annotated[int, Meta(gt=0, description="Maximum bytes of a file at Easemob: 10 MiB, unless raised in the console.")] = (
        10 << 20
    )
    file_days: Annotated[int, Meta(ge=0, description="Days for which Easemob keeps a file: 7, unless the plan says more. 0: for ever.")] = 7
    restrict_access: Annotated[
        bool, Meta(description="Upload files with access restricted by a secret, which the vendor's sales enables for the app.")
    ] = False
    file_links: Annotated[
        bool,
        Meta(
            description="Show the receiver the address of a file that could not be transferred, or only that there was one. An address that "
            "requires a secret is never shown."
        ),
    ] = True
    emoticons: Annotated[
        bool,
        Meta(
            description="Read emoticon codes of Easemob's older UI kits, such as `[):]`, as emoji. The current kit writes emoji, and so does the relay."
        ),
    ] = True
    language: Annotated[Language, Meta(description="Language of the placeholder for message types the target lacks.")] = "zh"

    def __post_init__(self) -> None:
        """Raises ValueError, which msgspec passes on as its own."""
        for key, value in (("org", self.org), ("app", self.app)):
            if "#" in value:
                org, _, app = value.partition("#")
                raise ValueError(
                    localized(
                        '{key} is "{value}", the whole App Key: write org = "{org}" and app = "{app}"',
                        key=key,
                        value=value,
                        org=org,
                        app=app,
                    )
                )

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
