"""The section `[files]`."""

from pathlib import Path
from typing import ClassVar, Self

from pydantic import Field, SecretStr, model_validator

from converters.core.localized import localized
from streams.settings.listening import ServerSettings
from streams.settings.secret_settings import SecretSection, long_enough


class FilesSettings(SecretSection, ServerSettings):
    """The embedded file store, `im-relay files`: for platforms that accept no uploads, where there is no bucket."""

    used_by: ClassVar[frozenset[str]] = frozenset({"files"})

    port: int = Field(8090, ge=0, le=65535, description="Port of `/files/…`, for uploads of the media role and for links.")
    directory: Path = Field(Path(".im-relay/files"), description="Directory of the files. Only one process may use it.")
    public_url: str = Field(
        "",
        pattern=r"^(https?://[^\s?#]+)?$",
        description="Start of each link: the address at which chat clients reach this port. `/files/…` follows.",
    )
    secret: SecretStr = Field(
        SecretStr(""), description="Signs uploads and links. 16 characters or more, the same as `media.store.secret`."
    )
    secret_file: str = Field("", description="Path of a file that holds `secret`.")
    max_bytes: int = Field(209_715_200, ge=1024, description="Maximum bytes of one file.")
    link_days: float = Field(7.0, gt=0, le=3650, description="Days for which a link is valid.")
    kept_days: float = Field(
        30.0, gt=0, le=3650, description="Days after its last upload when a file is deleted. Not less than `link_days`."
    )

    @model_validator(mode="after")
    def _check(self) -> Self:
        if self.secret.get_secret_value():
            long_enough("secret", self.secret)
        if self.kept_days < self.link_days:
            raise ValueError(
                localized(
                    "kept_days is {kept_days:g}, less than link_days, {link_days:g}: links would name what is gone",
                    kept_days=self.kept_days,
                    link_days=self.link_days,
                )
            )
        return self
