"""The two dimensions of limits on sends: calls, and messages. Source: "Easemob: API call limits".

Whether a call with several receivers that exceeds the messages is refused in whole or in part is not known; here it
is refused whole.
"""

from tests.simulators.easemob.errors import CALL_LIMIT, MESSAGE_LIMIT, Refusal
from tests.simulators.easemob.options import Options
from tests.simulators.limits import Bucket


class Limits:
    """Kept by kind of conversation, in seconds of a monotonic clock."""

    def __init__(self, options: Options) -> None:
        one = options.limit_messages
        per_minute = options.limit_user_messages_per_minute if one is None else one * 60

        def bucket(rate: float) -> Bucket:
            return Bucket(rate if one is None else one)

        self._calls = {
            "person": bucket(options.limit_user_calls),
            "group": bucket(options.limit_group_calls),
            "room": bucket(options.limit_room_calls),
            "history": Bucket(options.limit_history_per_minute / 60, burst=options.limit_history_per_minute),
        }
        self._other = options.limit_calls
        self._shared = frozenset(options.user_limits)
        self._messages = {
            "person": Bucket(per_minute / 60, burst=per_minute),
            "group": bucket(options.limit_group_messages),
            "room": bucket(options.limit_room_messages),
        }

    def call(self, kind: str, now: float) -> bool:
        kind = "user" if kind in self._shared else kind
        bucket = self._calls.get(kind) or self._calls.setdefault(kind, Bucket(self._other))
        return bucket.take(now)

    def send(self, kind: str, messages: int, now: float) -> Refusal | None:
        """Why a call with so many messages may not pass, if so."""
        if not self._calls[kind].take(now):
            return CALL_LIMIT
        return None if self._messages[kind].take(now, messages) else MESSAGE_LIMIT
