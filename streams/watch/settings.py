"""The sections `[watch]` and `[canary]`."""

import re
from typing import Annotated, Self

from pydantic import Field, field_validator, model_validator

from converters.canary import CanaryKind, conversation
from converters.core.localized import localized
from streams.settings.secret_settings import Section

UserId = Annotated[str, Field(pattern=r"^[a-z0-9]{1,32}$")]
"""Written the same on every platform."""
_ENDPOINT = re.compile(r"(?:\[[0-9A-Fa-f:.]+\]|[A-Za-z0-9._-]+)(?::[0-9]{1,5})?")


class WatchSettings(Section):
    """What `im-relay watch` looks at from outside: backlogs and their age, dead letters, owners. See [operations](operations.md#the-watcher)."""

    interval: float = Field(5.0, ge=1, le=60, description="Seconds from the beginning of one look to that of the next.")
    timeout: float = Field(20.0, ge=1, description="Seconds after which a look has failed.")
    endpoints: list[str] = Field(
        default_factory=list,
        description="TLS endpoints whose certificates are watched, as `host` or `host:port`: the public address of the ingress, of `files`, of a proxy. "
        "The brokers' and the relay's own are watched without.",
    )
    certificates_interval: float = Field(600.0, ge=10, description="Seconds between two looks at certificates.")

    @field_validator("endpoints")
    @classmethod
    def _endpoints(cls, given: list[str]) -> list[str]:
        for each in given:
            if not _ENDPOINT.fullmatch(each):
                raise ValueError(localized("{each!r} is no endpoint: write it as relay.example.com or relay.example.com:8443", each=each))
        return given


class CanarySettings(Section):
    """Test messages that `im-relay watch` sends between two throw-away users, in both directions. See [operations](operations.md#the-canary)."""

    apps: list[str] = Field(default_factory=list, description="The two apps, each the other's target. Empty: no canary.")
    users: tuple[UserId, UserId] = Field(
        ("imrelaycanary1", "imrelaycanary2"),
        description="Two users of your own, called the same in both apps: a-z, 0-9. They are registered where they do not exist. Nobody else may use them: no count includes what they say.",
    )
    interval: float = Field(60.0, ge=10, le=600, description="Seconds from the beginning of one run to that of the next.")
    kinds: list[CanaryKind] = Field(
        ["text", "picture", "voice", "recall"], min_length=1, description="What is sent in each run. `recall` recalls a text of its own."
    )
    on_time: float = Field(5.0, gt=0, description="Seconds within which a message is delivered on time: the service level objective.")
    patience: float = Field(30.0, gt=0, le=600, description="Seconds after which a message counts as not delivered.")
    picture_url: str = Field(
        "",
        pattern=r"^(https?://[^\s@]+)?$",
        description="A picture of yours, for an app whose platform stores no files. Empty: no picture is sent there.",
    )
    voice_url: str = Field(
        "",
        pattern=r"^(https?://[^\s@]+)?$",
        description="The same of a voice message in the format of that platform, where it does not go inline.",
    )

    @model_validator(mode="after")
    def _check(self) -> Self:
        if self.apps and (len(self.apps) != 2 or self.apps[0] == self.apps[1]):
            raise ValueError(localized('apps: expected the names of two apps: write apps = ["old", "new"], or leave it out'))
        if self.users[0] == self.users[1]:
            raise ValueError(localized("users: both are the same; name two"))
        if self.on_time >= self.patience:
            raise ValueError(
                localized(
                    "on_time is {on_time:g}, and patience {patience:g}: write a longer patience",
                    on_time=self.on_time,
                    patience=self.patience,
                )
            )
        if self.patience >= self.interval:
            raise ValueError(
                localized(
                    "patience is {patience:g}, and interval {interval:g}: one run must end before the next; write a shorter patience",
                    patience=self.patience,
                    interval=self.interval,
                )
            )
        return self

    def url(self, kind: CanaryKind) -> str:
        """Where a file of messages of *kind* lies; "" where that is not given."""
        return {"picture": self.picture_url, "voice": self.voice_url}.get(kind, "")

    def conversation(self, app: str) -> bytes:
        """The key of what the two say in *app*; b"" where there is no canary."""
        return conversation(self.users) if app in self.apps else b""
