"""Sections of the settings; one with secrets takes each from a file of its own, too: `secret` or `secret_file`."""

from pathlib import Path
from typing import Any

from pydantic import BaseModel, ConfigDict, SecretStr, ValidationInfo, field_validator, model_validator

SHORTEST = 16
"""Characters of a secret that signs something."""


NO_NUMBER = "expected a number, and neither true nor false"


class Section(BaseModel):
    """Refuses what is there twice as something else: unknown keys, numbers without an end, true and false as numbers."""

    model_config = ConfigDict(extra="forbid", frozen=True, allow_inf_nan=False)

    @field_validator("*", mode="before")
    @classmethod
    def _no_number(cls, given: Any, field: ValidationInfo) -> Any:
        if isinstance(given, bool) and cls.model_fields[field.field_name or ""].annotation in (int, float):
            raise ValueError(NO_NUMBER)
        return given


class SecretSection(Section):
    """For every field `x_file`, what the file holds becomes `x`, where a path is given."""

    @model_validator(mode="before")
    @classmethod
    def _read(cls, given: Any) -> Any:
        if not isinstance(given, dict):
            return given
        out = dict(given)
        for key in cls.model_fields:
            if key.endswith("_file") and (path := given.get(key)):
                try:
                    out[key.removesuffix("_file")] = Path(str(path)).read_text(encoding="utf-8-sig").strip()
                except (OSError, UnicodeDecodeError) as error:
                    raise ValueError(f"{key}: cannot read {path}: {type(error).__name__}") from None
        return out


def long_enough(name: str, secret: SecretStr) -> None:
    """Raises ValueError, which names the setting and never its value."""
    found = len(secret.get_secret_value())
    if found < SHORTEST:
        seen = f"has {found} characters" if found else "is missing"
        raise ValueError(f"{name} {seen}: give {SHORTEST} or more (openssl rand -hex 32), or their file as {name}_file")
