"""How local state fails. What it is, is told by error numbers and by RocksDB's status code, never by the words after them."""

from typing import Literal

from converters.core.localized import Localized, ReportedError

Kind = Literal["full", "forbidden", "locked", "failing", "damaged"]
"""No room; not permitted, or read-only; another process has it; the disk or the process' own limits; damaged once more, soon after it was made anew."""


class StateError(ReportedError):
    """The local state cannot be used at present. It is left as it is; the text says why, and what to change."""

    def __init__(self, text: Localized, kind: Kind = "failing") -> None:
        super().__init__(text)
        self.kind: Kind = kind


class DamagedError(StateError):
    """The state cannot be read, or does not say what its topic says. It is made anew when it is opened next."""

    def __init__(self, text: Localized) -> None:
        super().__init__(text, "damaged")
