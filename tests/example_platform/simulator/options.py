"""What can be set about Parley."""

from msgspec import Struct


class Options(Struct, frozen=True, kw_only=True):
    """Limits are per second, 0 is none."""

    callback_url: str | None = None
    app_key: str = "pk_demo"
    app_secret: str = "demo-app-secret"
    webhook_secret: str = "demo-parley-hook"
    users: tuple[str, ...] = ()
    group: dict[str, list[str]] = {}
    room: dict[str, list[str]] = {}
    limit_messages: float = 50.0
    limit_calls: float = 10.0
    token_ttl: float = 7200.0
    callback_timeout: float = 5.0
    backoff: float = 0.2
    backoff_max: float = 2.0
    callbacks_before_answer: float = 0.0
    ordered: bool = True
    file_ttl: float = 0.0
    seed: int = 0
