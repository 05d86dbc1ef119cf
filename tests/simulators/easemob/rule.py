"""The callback rule: how post-delivery callbacks are delivered. Source: "Easemob: Configure callback rules".

Anything but 200, or an answer of more than 1000 characters, is a failure; a failure gets one immediate retry, and
then the callback is lost. 90 failures in 30 s ban the rule; what happens in a ban is lost as well.
"""

from collections import deque
from collections.abc import Mapping
from hashlib import md5

FAILURES = 90
WITHIN = 30.0
BANS = (300.0, 600.0, 900.0, 1200.0, 1500.0)
ANSWER = 1000


class Rule:
    """*ban_scale* shortens bans, for tests."""

    def __init__(self, timeout: float, ban_scale: float) -> None:
        self.timeout = timeout
        self.bans = 0
        self._scale = ban_scale
        self._failures: deque[float] = deque()
        self._banned_until = 0.0

    def headers(self, body: bytes) -> Mapping[str, str]:
        return {"Content-Type": "application/json"}

    def delivered(self, status: int, answer: bytes) -> bool:
        return status == 200 and len(answer.decode("utf-8", "replace")) <= ANSWER

    def banned(self, now: float) -> bool:
        return now < self._banned_until

    def retry_after(self, attempts: int, now: float) -> float | None:
        self._failures.append(now)
        while self._failures[0] < now - WITHIN:
            self._failures.popleft()
        if len(self._failures) >= FAILURES and not self.banned(now):
            self._banned_until = now + BANS[min(self.bans, len(BANS) - 1)] * self._scale
            self.bans += 1
            self._failures.clear()
        return 0.0 if attempts < 2 else None


def security(call_id: str, secret: str, timestamp: int) -> str:
    """Signs neither what was said nor when it is sent."""
    return md5(f"{call_id}{secret}{timestamp}".encode()).hexdigest()
