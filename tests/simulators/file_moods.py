"""What goes wrong with files on a platform's worse days, drawn from a seed."""

from enum import Enum
from random import Random
from typing import Annotated, TypeVar

from msgspec import Meta, Struct

from tests.simulators.moods import Seconds, Share

T = TypeVar("T")


class Download(Enum):
    """What becomes of one download; the value is the outcome that the journal tells."""

    GIVEN = "given"
    MISSING = "missing"
    FORBIDDEN = "forbidden"
    STALL = "stall"
    RESET = "reset"
    SHORT = "short"
    SLOW = "slow"


class Upload(Enum):
    TAKEN = "taken"
    UNAUTHORISED = "401"
    TOO_LARGE = "413"
    THROTTLED = "throttled"
    BROKEN = "500"
    ANSWER_LOST = "answer lost"


class FileMood(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True, omit_defaults=True):
    """Shares are of downloads, or of uploads. Half of the bytes come, and then: ``file_stall`` nothing until the caller goes,
    ``file_reset`` the connection is reset, ``file_short`` it ends in good order though more was announced. ``file_slow``: all
    of them, in ``slow`` seconds. ``upload_lose_answer``: taken, then cut off. ``count``: downloads, or uploads, that the mood
    speaks of, after which it ends."""

    file_missing: Share = 0.0
    file_forbidden: Share = 0.0
    file_stall: Share = 0.0
    file_reset: Share = 0.0
    file_short: Share = 0.0
    file_slow: Share = 0.0
    slow: Seconds = 1.0
    upload_401: Share = 0.0
    upload_413: Share = 0.0
    upload_throttle: Share = 0.0
    upload_500: Share = 0.0
    upload_lose_answer: Share = 0.0
    count: Annotated[int, Meta(ge=1)] | None = None
    seed: int = 0


WELL = FileMood()


class FileMoods:
    """The present mood, and the draws made from it."""

    def __init__(self) -> None:
        self.now = WELL
        self._left: int | None = None
        self._random = Random(0)

    def set(self, mood: FileMood) -> None:
        self.now = mood
        self._left = mood.count
        self._random = Random(mood.seed)

    def download(self) -> Download:
        now = self.now
        shares = {
            Download.MISSING: now.file_missing,
            Download.FORBIDDEN: now.file_forbidden,
            Download.STALL: now.file_stall,
            Download.RESET: now.file_reset,
            Download.SHORT: now.file_short,
            Download.SLOW: now.file_slow,
        }
        return self._draw(shares, Download.GIVEN)

    def upload(self) -> Upload:
        now = self.now
        shares = {
            Upload.UNAUTHORISED: now.upload_401,
            Upload.TOO_LARGE: now.upload_413,
            Upload.THROTTLED: now.upload_throttle,
            Upload.BROKEN: now.upload_500,
            Upload.ANSWER_LOST: now.upload_lose_answer,
        }
        return self._draw(shares, Upload.TAKEN)

    def _draw(self, shares: dict[T, float], well: T) -> T:
        if not any(shares.values()):
            return well
        draw = self._random.random()
        if self._left is not None:
            self._left -= 1
            if not self._left:
                self.set(WELL)
        for fate, share in shares.items():
            if draw < share:
                return fate
            draw -= share
        return well
