"""How long records wait for company before a write: the longer writes take, the longer."""

WEIGHT = 0.2
"""Of the newest write in the mean."""
SHORTEST = 0.001
"""Seconds."""


class AdaptiveLinger:
    """*share* times as long as a write takes, from *shortest* to *longest* seconds. As a float it is that.

    A write costs us and the cluster about the same whatever is in it. So the time that it takes, which grows when either is
    busy, says how many of them are too many.
    """

    def __init__(self, share: float, longest: float, shortest: float = SHORTEST) -> None:
        self._share = share
        self._longest = longest
        self._shortest = min(shortest, longest)
        self._mean = 0.0
        self._seconds = self._shortest

    def __float__(self) -> float:
        return self._seconds

    def took(self, seconds: float) -> None:
        """A write was acknowledged *seconds* after it was begun."""
        self._mean += (seconds - self._mean) * WEIGHT
        self._seconds = min(self._longest, max(self._shortest, self._mean * self._share))
