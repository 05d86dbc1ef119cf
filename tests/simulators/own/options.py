"""What can be set about the own server."""

from msgspec import Struct


class Options(Struct, frozen=True, kw_only=True):
    """Limits are per second, 0 is none. ``echo``: what the relay brought is posted to it as well, ``relay`` kept.
    ``strict_users``: 404 for people it does not have, who are else made."""

    callback_url: str | None = None
    secret: str = "demo-own-secret"
    secret_previous: str = ""
    users: tuple[str, ...] = ()
    group: dict[str, list[str]] = {}
    room: dict[str, list[str]] = {}
    limit_messages: float = 0.0
    limit_calls: float = 0.0
    retry_after: int = 1
    window: int = 300
    echo: bool = True
    strict_users: bool = True
    path: str = "/events"
    callback_timeout: float = 5.0
    backoff: float = 0.2
    backoff_max: float = 2.0
    callbacks_before_answer: float = 0.0
    file_ttl: float = 0.0
    ordered: bool = True
    seed: int = 0
