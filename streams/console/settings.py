"""The section `[console]`."""

from typing import ClassVar, Self
from urllib.parse import urlsplit

from pydantic import Field, SecretStr, field_validator, model_validator

from converters.core.localized import Localized, localized
from streams.console.passwords import accounts
from streams.settings.listening import ServerSettings
from streams.settings.secret_settings import SecretSection, long_enough, networks

_LOCAL = {"localhost", "127.0.0.1", "::1"}


class ConsoleSettings(SecretSection, ServerSettings):
    """The operator's page, `im-relay console`. See [console](console.md)."""

    used_by: ClassVar[frozenset[str]] = frozenset({"console"})

    port: int = Field(8070, ge=0, le=65535, description="Port of the page.")
    public_url: str = Field(
        "",
        pattern=r"^(https?://[^\s?#/]+)?/?$",
        description="Where people open it, without a path: `https://relay.example.com`. Forms are taken from there alone. `http` only for `localhost`.",
    )
    users: SecretStr = Field(
        SecretStr(""), description="Who may log in by password, one a line, as `im-relay console-user` prints them. Empty: nobody."
    )
    users_file: str = Field("", description="Path of a file that holds `users`.")
    proxies: list[str] = Field(
        default_factory=list, description="Networks of the proxy that logs people in (OIDC); the headers of anybody else are not believed."
    )
    proxy_secret: SecretStr = Field(
        SecretStr(""),
        description="What the proxy sends in the header `X-Im-Relay-Proxy-Secret`: 16 characters or more. Needed with `proxies`.",
    )
    proxy_secret_file: str = Field("", description="Path of a file that holds `proxy_secret`.")
    user_header: str = Field(
        "X-Auth-Request-Email", pattern=r"^[A-Za-z0-9-]{1,64}$", description="Header in which the proxy says who it is."
    )
    groups_header: str = Field(
        "X-Auth-Request-Groups",
        pattern=r"^[A-Za-z0-9-]{1,64}$",
        description="Header in which the proxy names the user's groups, with commas between.",
    )
    operators: list[str] = Field(
        default_factory=list, description="Users of the proxy, or groups as `group:NAME`, who may replay dead letters and set them aside."
    )
    viewers: list[str] = Field(
        default_factory=list, description="The same, who may look and change nothing. `*`: whoever the proxy lets in."
    )
    session_hours: float = Field(
        8.0, gt=0, le=168, description="Hours for which a login by password holds; 30 minutes without a request end it, too."
    )
    metrics: list[str] = Field(
        default_factory=list,
        description="Addresses of the roles' metrics, as `http://deliver:9090/metrics`, for quotas, breakers and the canary; of a name with several addresses "
        "each is asked.",
    )

    @field_validator("proxies")
    @classmethod
    def _networks(cls, given: list[str]) -> list[str]:
        return networks(given)

    @field_validator("metrics")
    @classmethod
    def _addresses(cls, given: list[str]) -> list[str]:
        for each in given:
            try:
                parts = urlsplit(each)
                sound = parts.scheme in ("http", "https") and bool(parts.hostname) and parts.username is None and parts.port != 0
            except ValueError:  # of its port, or its brackets
                sound = False
            if not sound:
                raise ValueError(
                    localized(
                        "entry {number} is no address of metrics: write it as http://HOST:PORT/metrics, without a name or password",
                        number=given.index(each) + 1,
                    )
                )
        return given

    @model_validator(mode="after")
    def _check(self) -> Self:
        parts = urlsplit(self.public_url)
        if parts.scheme == "http" and parts.hostname not in _LOCAL:
            raise ValueError(
                localized(
                    "public_url is http: passwords and sessions would cross the network in clear; give https://…, or http://localhost"
                )
            )
        if self.proxies:
            long_enough("proxy_secret", self.proxy_secret)
        return self

    @property
    def origin(self) -> str:
        return self.public_url.rstrip("/").lower()

    def problem(self) -> Localized | None:
        """What is missing for the role to start; the other roles do without it. None where nothing is."""
        if not self.public_url:
            return localized("console.public_url is missing: where people open the page, such as https://relay.example.com")
        try:
            named = accounts(self.users.get_secret_value())
        except ValueError as error:
            return localized("console.users: {error}", error=error)
        if not named and not self.proxies:
            return localized(
                "nobody could log in: give console.users (im-relay console-user makes its lines), or console.proxies with console.proxy_secret"
            )
        return None
