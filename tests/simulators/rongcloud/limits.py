"""Limits of sends, which count targets, and of all other calls, each path for itself. Source: "RongCloud: API limits".

A send with several targets that exceeds its limit is refused whole.
"""

from tests.simulators.limits import Bucket
from tests.simulators.rongcloud.options import Options


class Limits:
    """In seconds of a monotonic clock."""

    def __init__(self, options: Options) -> None:
        one, per_minute = options.limit_messages, options.limit_private_messages_per_minute

        def bucket(rate: float, burst: float | None = None) -> Bucket:
            return Bucket(rate, burst) if one is None else Bucket(one)

        self._sends = {
            "person": bucket(per_minute / 60, per_minute),
            "group": bucket(options.limit_group_messages),
            "room": bucket(options.limit_room_messages),
            "system": bucket(options.limit_system_messages),
            "ultra": bucket(options.limit_ultra_messages),
            "person status": bucket(per_minute / 60, per_minute),
            "group status": bucket(options.limit_group_messages),
        }
        self._rate = options.limit_calls
        self._calls: dict[str, Bucket] = {}

    def send(self, kind: str, targets: int, now: float) -> bool:
        return self._sends[kind].take(now, targets)

    def call(self, path: str, now: float) -> bool:
        if path not in self._calls:
            self._calls[path] = Bucket(2 * self._rate if path == "user/getToken" else self._rate)
        return self._calls[path].take(now)
