"""One quota of one app: how soon an amount may pass. It knows no clock: times are seconds of any that does not go back.

A platform does not say whether its second is a fixed or a sliding one, so both are kept: sends are spaced evenly, a little under
the quota, and counted over a window that is a little longer than the platform's.

The time is cut into slots, one for each message that the quota allows. A slot belongs to one partition, and so to the worker
that has it: the slots of all workers together are as even as those of one alone. That needs clocks that agree to a fraction
of a slot (NTP does). In a simulation, twelve workers that only divided 20 a second by their number had 5 % of their requests refused.
"""

from collections import deque
from collections.abc import Collection
from math import ceil, inf

from msgspec import Struct

from converters.platform import RateLimit

_GOLDEN = 0x9E3779B97F4A7C15  # 2**64 divided by the golden ratio: its multiples fall evenly into any part of the range
_RANGE = 64
_TIMER = 0.001  # seconds by which any timer may be late: a slot must not be gone when it comes
_MASK = (1 << _RANGE) - 1
_FULL = 1.0  # speed


class QuotaPolicy(Struct, frozen=True):
    """How near to the quotas we go."""

    used: float = 0.965
    """Of a quota; the rest is for requests that overtake one another on their way."""
    catch_up: float = 0.02
    """Of a limit's window: for how long a slot that was not used can be used later, by a burst."""
    idle: float = 0.5
    """The same, of the time between two slots of a worker with few partitions: a message that comes alone waits less."""
    slowed: float = 0.85
    """What is left of the speed after "too much"; at most once a second, for all requests that were on their way."""
    recovery: float = 0.05
    """Of the full speed, won back each second."""
    slowest: float = 0.05
    """Of the full speed: never less, or nobody would learn that the platform takes requests again."""
    backfill: float = 0.05
    """Of the sends while live waits; without live, backfill has them all."""


class TokenBucket:
    """One limit, and how fast we use it now."""

    def __init__(self, limit: RateLimit, pace: QuotaPolicy, owned: Collection[int], of: int, now: float) -> None:
        self.name = limit.name
        self._amount = limit.amount
        self._pace = pace
        self._rate = limit.amount * pace.used / limit.seconds
        self._seconds = limit.seconds
        self._window = limit.seconds / pace.used
        self._log: deque[tuple[float, int]] = deque()
        self._count = 0
        self._left = _FULL
        self._slowed_at = self._blocked = -inf
        self._part = 0.0
        self.own(owned, of, now)

    def own(self, owned: Collection[int], of: int, now: float) -> None:
        """Use the slots of the partitions *owned*, *of* so many, from now on."""
        self._owned, self._of = frozenset(owned), of
        share = len(self._owned) / of
        # What a part of the workers may do in a window is no whole number: there the slots alone keep the sum.
        self._most = ceil(share * self._amount) + (2 if share < 1 else 0)
        self._late = max(_TIMER, self._seconds * self._pace.catch_up)
        if 0 < share < 1:
            self._late = max(self._late, self._pace.idle / (share * self._rate))
        self._seek(ceil(now * self._rate))
        self._before = self._slot, self._part
        """Where we stood before the last take."""

    def speed(self, now: float) -> float:
        """Of the full speed, 0 to 1: less than 1 after "too much"."""
        if self._left == _FULL:
            return _FULL
        since = max(0.0, now - max(self._slowed_at, self._blocked))
        speed = self._left + since * self._pace.recovery
        if speed >= _FULL:
            self._left = speed = _FULL
        return speed

    def ready(self, amount: int, now: float) -> float:
        """When *amount* may pass: not after *now* is at once."""
        if self._due < now - self._late:
            self._seek(ceil((now - self._late) * self._rate))
        log, window = self._log, self._window
        while log and log[0][0] + window <= now:
            self._count -= log.popleft()[1]
        at = max(self._due, self._blocked)
        # More than the limit allows at all passes when nothing else is counted: the platform's word on it is better than ours.
        over = min(self._count, self._count + amount - self._most)
        if over > 0:
            for sent, number in log:
                over -= number
                if over <= 0:
                    return max(at, sent + window)
        return at

    def take(self, amount: int, now: float) -> None:
        self._before = self._slot, self._part
        self._part += amount / self.speed(now)
        while self._part >= 1.0:
            self._part -= 1.0
            self._seek(self._slot + 1)
        self._log.append((now, amount))
        self._count += amount

    def give_back(self, amount: int) -> None:
        """What was taken last was not used; of what was taken before, only the count comes back."""
        for number in range(len(self._log) - 1, -1, -1):
            if self._log[number][1] == amount:
                del self._log[number]
                self._count -= amount
                break
        slot, self._part = self._before
        self._seek(slot)

    def slow_down(self, now: float, retry_after: float) -> None:
        """The platform said "too much", and perhaps for how long it takes nothing."""
        if now - self._slowed_at >= 1.0:
            self._left = max(self._pace.slowest, self.speed(now) * self._pace.slowed)
            self._slowed_at = now
        self._blocked = max(self._blocked, now + retry_after)

    def _seek(self, slot: int) -> None:
        """Stand at the first slot of ours from *slot* on."""
        owned, of = self._owned, self._of
        while owned and ((slot * _GOLDEN & _MASK) * of >> _RANGE) not in owned:
            slot += 1
        self._slot, self._due = slot, slot / self._rate if owned else inf
