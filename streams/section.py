"""Sections of the settings; one with secrets takes each from a file of its own, too: `secret` or `secret_file`."""

from typing import Any, ClassVar

from pydantic import BaseModel, ConfigDict, SecretStr, model_validator

from streams import role_secrets

SHORTEST = 16
"""Characters of a secret that signs something."""


class Section(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)


class SecretSection(Section):
    """For every field `x_file`, what the file holds becomes `x`, where a path is given: for a process that uses it."""

    used_by: ClassVar[frozenset[str]]
    """Names of the processes of `streams.role_secrets` that use its secrets."""

    @model_validator(mode="before")
    @classmethod
    def _read(cls, given: Any) -> Any:
        if not isinstance(given, dict):
            return given
        out, reader = dict(given), role_secrets.reader()
        mine = reader == role_secrets.EVERYTHING or reader.name in cls.used_by
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
                    raise ValueError(f"{key}: cannot read {path}: {type(error).__name__}") from None
        return out


def long_enough(name: str, secret: SecretStr) -> None:
    """Raises ValueError, which names the setting and never its value."""
    found = len(secret.get_secret_value())
    if found < SHORTEST:
        seen = f"has {found} characters" if found else "is missing"
        raise ValueError(f"{name} {seen}: give {SHORTEST} or more (openssl rand -hex 32), or their file as {name}_file")
