"""The section `[marks]`, and what an app's account takes over from it."""

from collections.abc import Mapping
from typing import Any, Self

from pydantic import AwareDatetime, Field, SecretStr, model_validator

from converters.core.localized import Localized, localized
from streams.settings.secret_settings import SHORTEST, SecretSection, long_enough

MISSING = localized(
    'marks.secret is missing: by it the relay knows what it has sent itself. Write {shortest} characters or more that nobody else knows (openssl rand -hex 32) into a file, and name it in the settings file:\n  [marks]\n  secret_file = "secrets/marks"\nor give them as IM_RELAY_MARKS__SECRET. All workers of convert and deliver, and whoever runs gaps, replay and trace, need the same',
    shortest=SHORTEST,
)


class MarksSettings(SecretSection):
    """The mark on everything that the relay sends. It identifies the relay's own messages when they are called back.

    `convert`, `deliver`, `gaps`, `watch` with a canary, and the commands that read messages need `secret`. To change it, put the new one into `secret`
    and the old one into `secret_previous`, first for `convert`, then for all; remove the old one after
    `deliver.remember_delivered`.
    """

    used_for = "mark"

    secret: SecretStr = Field(SecretStr(""), description=f"Signs marks. {SHORTEST} characters or more, used for nothing else.")
    secret_file: str = Field("", description="Path of a file that holds `secret`.")
    secret_previous: SecretStr = Field(
        SecretStr(""), description="Marks signed with it are accepted as well, while the secret is being changed."
    )
    secret_previous_file: str = Field("", description="Path of a file that holds `secret_previous`.")
    unkeyed_until: AwareDatetime | None = Field(
        None,
        description="Accept unsigned marks of release 0.1.0, which anybody can forge, on messages sent before this time, such as "
        "2026-12-01T00:00:00Z: when the last worker of 0.1.0 stopped. Not set: never.",
    )

    @model_validator(mode="after")
    def _check(self) -> Self:
        for name in ("secret", "secret_previous"):
            if getattr(self, name).get_secret_value():
                long_enough(name, getattr(self, name))
        return self

    @property
    def missing(self) -> Localized:
        """What is to be written where there is no secret."""
        if not self.secret_file:
            return MISSING
        return localized("marks.secret_file: {path} cannot be read, or is empty. {missing}", path=self.secret_file, missing=MISSING)

    def into(self, account: Mapping[str, Any]) -> dict[str, Any]:
        """*account* with what it does not say itself. Raises ValueError, which names the setting and never its value."""
        for name in ("mark_secret", "mark_secret_previous"):
            if account.get(name):
                long_enough(name, SecretStr(str(account[name])))
        until = self.unkeyed_until
        given = {
            "mark_secret": self.secret.get_secret_value(),
            "mark_secret_previous": self.secret_previous.get_secret_value(),
            "mark_unkeyed_until": int(until.timestamp() * 1000) if until is not None else 0,
        }
        own = bool(account.get("mark_secret"))
        # An app with a secret of its own has its own previous one, or none.
        return {
            **account,
            **{name: value for name, value in given.items() if name not in account and not (own and name != "mark_unkeyed_until")},
        }
