"""The section `[media.scanner]`."""

from typing import Literal

from pydantic import Field

from streams.settings.secret_settings import Section


class ScannerSettings(Section):
    """A virus scanner: clamd, or another that speaks its INSTREAM. It is asked before a file is read, and about what is made of it."""

    address: str = Field(
        "", pattern=r"^(/\S+|[^\s/:\[\]]+:\d{1,5}|\[[0-9A-Fa-f:.]+\]:\d{1,5})?$",
        description="Where it listens: `host:port`, or the path of its socket. Empty: no file is scanned.",
    )  # fmt: skip
    timeout: float = Field(60.0, gt=0, description="Seconds in which it must have answered about one file.")
    when_away: Literal["retry", "pass"] = Field(
        "retry",
        description="Where it gives no answer. `retry`: ask again for `media.retry_for`, then withhold the file; one larger than it takes, at once. "
        "`pass`: the file goes on unscanned.",
    )
