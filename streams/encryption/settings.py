"""The section `[encryption]`."""

from typing import ClassVar, Self

from pydantic import Field, SecretStr, model_validator

from converters.core.localized import localized, text_of
from streams.encryption.master_key_form import parsed
from streams.settings.secret_settings import SecretSection


class EncryptionSettings(SecretSection):
    """Encrypts what people wrote, as it lies in Kafka and in local state: see [operations](operations.md#encryption)."""

    used_by: ClassVar[frozenset[str]] = frozenset(
        {"ingress", "convert", "deliver", "media", "gaps", "watch", "canary", "migrate", "console", "reading", "erase", "doctor"}
    )

    enabled: bool = Field(
        False,
        description="Encrypt new records. If false, records are written in the clear; encrypted ones are read while a master key is set.",
    )
    master_key: SecretStr = Field(
        SecretStr(""), description="Encrypts the keys that lie in the topic `keys`: 32 bytes as base64 (`openssl rand -base64 32`)."
    )
    master_key_file: str = Field("", description="Path of a file that holds `master_key`.")
    second_key: SecretStr = Field(
        SecretStr(""), description="Another master key, which decrypts only: the next one before a change, the last one after it."
    )
    second_key_file: str = Field("", description="Path of a file that holds `second_key`.")
    period_days: float = Field(1.0, gt=0, le=366, description="Days for which one key of a period is used.")
    kept_days: float = Field(
        45.0,
        ge=0,
        le=3650,
        description="Days after the end of its period when a key is thrown away, and with it what it encrypts. Not less than the records are kept, the dead letters' 30 days above all. 0: never.",
    )

    @model_validator(mode="after")
    def _check(self) -> Self:
        given = {"master_key": self.master_key.get_secret_value(), "second_key": self.second_key.get_secret_value()}
        if self.enabled and not given["master_key"]:
            raise ValueError(
                localized(
                    "enabled is true, and master_key is missing: make one with openssl rand -base64 32, and name its file as master_key_file"
                )
            )
        if given["second_key"] and not given["master_key"]:
            raise ValueError(localized("second_key is set, and master_key is missing"))
        return self

    @property
    def given(self) -> bool:
        """Whether there is a master key, also where this process is not given it."""
        return bool(self.master_key.get_secret_value())

    def keys(self) -> tuple[bytes, ...]:
        """The master keys, the first of which wraps new keys; none where there is none. Raises ValueError, which names the setting."""
        found = []
        for name, secret in (("master_key", self.master_key), ("second_key", self.second_key)):
            if text := secret.get_secret_value():
                try:
                    found.append(parsed(text))
                except ValueError as error:
                    raise ValueError(localized("encryption.{name} {error}", name=name, error=text_of(error))) from None
        return tuple(found)
