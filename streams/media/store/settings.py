"""The section `[media.store]`."""

from typing import ClassVar, Literal, Self

from pydantic import Field, SecretStr, model_validator

from converters.core.address import public
from converters.core.localized import localized
from streams.settings.secret_settings import SecretSection, long_enough

LONGEST_SIGNED = 7
"""Days of an S3 link. Source: Amazon S3, "Download and upload objects with presigned URLs"."""


class MediaStoreSettings(SecretSection):
    """Storage for platforms that accept no uploads."""

    used_by: ClassVar[frozenset[str]] = frozenset({"media", "erase"})

    kind: Literal["none", "s3", "files"] = Field(
        "none", description="`s3`: a bucket; `files`: the role `im-relay files`; `none`: messages carry the link of the source platform."
    )
    endpoint: str = Field(
        "",
        pattern=r"^(https?://[^\s/?#]+)?$",
        description="`s3`: endpoint of the service, which chat clients must reach as well; empty: Amazon's. `files`: where `files.port` is reachable.",
    )
    region: str = Field("us-east-1", min_length=1, description="`s3`: the region, as the service calls it.")
    bucket: str = Field("", description="`s3`: the bucket.")
    prefix: str = Field("", pattern=r"^[A-Za-z0-9._/-]*$", description="`s3`: folder in the bucket.")
    access_key_id: str = Field("", description="`s3`: a key with permission to put and get objects; to delete them for `im-relay erase`.")
    secret_access_key: SecretStr = Field(SecretStr(""), description="`s3`: its secret. Also makes object names unguessable.")
    secret_access_key_file: str = Field("", description="Path of a file that holds `secret_access_key`.")
    path_style: bool = Field(True, description="`s3`: the bucket's name is in the path; false: it is the first part of the host.")
    allow_http: bool = Field(False, description="`s3`: allow an endpoint without TLS.")
    public_url: str = Field(
        "",
        pattern=r"^(https?://[^\s?#]+)?$",
        description="`s3`: public address of the bucket's folder; a link is this and the object's name. Empty: signed links.",
    )
    link_days: float = Field(
        7.0, gt=0, le=3650, description="`s3`: days for which a signed link is valid, 7 at most. `files`: see `files.link_days`."
    )
    kept_days: float = Field(
        0.0, ge=0, le=3650, description="`s3`: days after which the bucket's lifecycle rule deletes; 0: never. Not less than `link_days`."
    )
    secret: SecretStr = Field(SecretStr(""), description="`files`: the same as `files.secret`.")
    secret_file: str = Field("", description="Path of a file that holds `secret`.")
    timeout: float = Field(120.0, gt=0, description="Seconds within which one file must be uploaded.")

    @model_validator(mode="after")
    def _check(self) -> Self:
        match self.kind:
            case "none":
                pass
            case "files":
                if not self.endpoint:
                    raise ValueError(localized("endpoint is missing: where im-relay files listens, such as http://im-relay-files:8090"))
                long_enough("secret", self.secret)
            case "s3":
                self._check_s3()
        return self

    def _check_s3(self) -> None:
        for name in ("bucket", "access_key_id"):
            if not getattr(self, name):
                raise ValueError(localized("{name} is missing: kind is s3", name=name))
        long_enough("secret_access_key", self.secret_access_key)
        if self.endpoint.startswith("http://") and not self.allow_http:
            raise ValueError(localized("endpoint is {endpoint}: without TLS only with allow_http = true", endpoint=public(self.endpoint)))
        if self.link_days > LONGEST_SIGNED and not self.public_url:
            raise ValueError(
                localized(
                    "link_days is {link_days:g}: S3 signs links for {longest_signed} days at most; or give public_url",
                    link_days=self.link_days,
                    longest_signed=LONGEST_SIGNED,
                )
            )
        if self.kept_days and self.kept_days < self.link_days and not self.public_url:
            raise ValueError(
                localized(
                    "kept_days is {kept_days:g}, less than link_days, {link_days:g}: links would name what is gone",
                    kept_days=self.kept_days,
                    link_days=self.link_days,
                )
            )
