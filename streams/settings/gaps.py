"""The section `[gaps]`."""

from pydantic import Field

from streams.settings.secret_settings import Section


class GapsSettings(Section):
    """`im-relay gaps --run` searches the platforms' records for callbacks that never arrived."""

    interval: float = Field(600.0, ge=1, description="Seconds from the start of one search to the start of the next.")
    window: float = Field(10_800.0, gt=0, description="Seconds that a search looks back; less where a platform keeps less.")
    delay: float = Field(120.0, ge=0, description="Most recent seconds that are left out: their callbacks may still arrive.")
    lookback: float = Field(
        86_400.0, ge=0, description="Seconds before the search window whose callbacks tell which conversations to ask about."
    )
    groups: bool = Field(True, description="Ask about all groups and rooms of `identities` as well.")
    state: str = Field("", json_schema_extra={"format": "path"}, description="As `convert.state`.")
