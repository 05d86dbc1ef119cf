"""Sections of the settings; one with secrets takes each from a file of its own, too: `secret` or `secret_file`."""

from collections.abc import Iterable, Mapping
from ipaddress import ip_network
from typing import Any, ClassVar

from pydantic import BaseModel, ConfigDict, SecretStr, ValidationInfo, field_validator, model_validator

from converters.core.localized import localized
from converters.platform import Account, SecretUse
from streams.settings import role_secrets

SHORTEST = 16
"""Characters of a secret that signs something."""


NO_NUMBER = localized("expected a number, and neither true nor false")


class Section(BaseModel):
    """Refuses what is there twice as something else: unknown keys, numbers without an end, true and false as numbers."""

    model_config = ConfigDict(
        extra="forbid", frozen=True, allow_inf_nan=False, defer_build=True
    )  # most are read as a part of the whole alone

    @field_validator("*", mode="before")
    @classmethod
    def _no_number(cls, given: Any, field: ValidationInfo) -> Any:
        if isinstance(given, bool) and cls.model_fields[field.field_name or ""].annotation in (int, float):
            raise ValueError(NO_NUMBER)
        return given


class SecretSection(Section):
    """For every field `x_file`, what the file holds becomes `x`, where a path is given: for a process that uses it."""

    used_by: ClassVar[frozenset[str]] = frozenset()
    """Names of the processes of `streams.settings.role_secrets` that use its secrets."""
    used_for: ClassVar[SecretUse | None] = None
    """In place of names: all processes that use accounts' secrets for this."""

    @classmethod
    def is_used(cls, reader: role_secrets.SecretScope) -> bool:
        if reader == role_secrets.EVERYTHING:
            return True
        return cls.used_for in reader.uses if cls.used_for else reader.name in cls.used_by

    @classmethod
    def all_that_use_it(cls) -> frozenset[str]:
        """Names of all processes that use its secrets."""
        return frozenset(one.name for one in role_secrets.SCOPES if cls.is_used(one))

    @model_validator(mode="before")
    @classmethod
    def _read(cls, given: Any) -> Any:
        if not isinstance(given, dict):
            return given
        out, reader = dict(given), role_secrets.reader()
        mine = cls.is_used(reader)
        for key in cls.model_fields:
            name = key.removesuffix("_file")
            if not key.endswith("_file") or not (given.get(key) or given.get(name)):
                continue
            if not mine:
                out[name] = role_secrets.unknown()
            elif path := given.get(key):
                try:
                    out[name] = role_secrets.read(str(path))
                except (OSError, UnicodeDecodeError) as error:
                    raise ValueError(
                        localized("{key}: cannot read {path}: {kind}", key=key, path=path, kind=type(error).__name__)
                    ) from None
        return out


def long_enough(name: str, secret: SecretStr) -> None:
    """Raises ValueError, which names the setting and never its value."""
    found = len(secret.get_secret_value())
    if found < SHORTEST:
        seen = localized("has {found} characters", found=found) if found else localized("is missing")
        raise ValueError(
            localized(
                "{name} {seen}: give {shortest} or more (openssl rand -hex 32), or their file as {name}_file",
                name=name,
                seen=seen,
                shortest=SHORTEST,
            )
        )


def networks(given: list[str]) -> list[str]:
    """The same. Raises ValueError, which says which is none."""
    for each in given:
        try:
            ip_network(each)
        except ValueError as error:
            raise ValueError(
                localized(
                    "{each!r} is no network ({error}): write it as 203.0.113.0/24, 203.0.113.7 or 2001:db8::/32", each=each, error=error
                )
            ) from None
    return given


def too_short(given: Mapping[str, Any], account: Account, secrets: Iterable[str], shortest: int) -> str:
    """Which secret of *account* has fewer characters than the *shortest* may, in words without its value; "" where none has."""
    for key in secrets:
        value = str(getattr(account, key))
        if len(value) >= shortest or (not value and key.endswith("_previous")):
            continue
        named = key if key in given else f"{key}_file"
        where = localized("or name a file that holds it with {key}_file", key=key) if named == key else localized("or what the file holds")
        seen = localized("1 character") if len(value) == 1 else localized("{count} characters", count=len(value))
        return localized(
            "{named} has {seen}; {shortest} or more are expected, as the platform's console shows it or as you have made it: change {named} there, {where}",
            named=named,
            seen=seen,
            shortest=shortest,
            where=where,
        )
    return ""
