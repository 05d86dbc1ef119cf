"""The section `[media.scanner]`."""

from typing import Literal

from pydantic import Field

from streams.settings.secret_settings import Section


class ScannerSettings(Section):
    """A virus scanner: clamd, or another that supports its INSTREAM command. It scans each file before it is read, and the result
    of transcoding.
    """

    address: str = Field(
        "",
        pattern=r"^(/\S+|[^\s/:\[\]]+:\d{1,5}|\[[0-9A-Fa-f:.]+\]:\d{1,5})?$",
        description="Where it listens: `host:port`, or the path of its socket. Empty: no scan.",
    )
    timeout: float = Field(60.0, gt=0, description="Seconds within which it must answer for one file.")
    when_away: Literal["retry", "pass"] = Field(
        "retry",
        description="If it does not answer. `retry`: ask again for `media.retry_for`, then withhold the file; withhold a file above its size "
        "limit at once. `pass`: the file continues unscanned.",
    )
