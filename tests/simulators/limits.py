"""Rate limits. The vendors do not say whether their windows are fixed or sliding; these are token buckets."""


class Bucket:
    """*rate* per second with bursts of *burst* (default: one second's worth); a rate of 0 never limits.

    With *block*, whoever exceeds it is refused for that many seconds (Yunxin: "frequency control").
    """

    def __init__(self, rate: float, burst: float | None = None, block: float = 0.0) -> None:
        self._rate = rate
        self._burst = max(1.0, rate if burst is None else burst)
        self._block = block
        self._left = self._burst
        self._at = 0.0
        self._blocked_until = 0.0

    def take(self, now: float, amount: int = 1) -> bool:
        """Whether *amount* may pass at *now*, in seconds of any clock that does not go back."""
        if not self._rate:
            return True
        if now < self._blocked_until:
            return False
        self._left = min(self._burst, self._left + (now - self._at) * self._rate)
        self._at = now
        if self._left >= amount:
            self._left -= amount
            return True
        self._blocked_until = now + self._block
        return False
