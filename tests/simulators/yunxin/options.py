"""What can be set about the Yunxin simulator."""

from msgspec import Struct


class Options(Struct, frozen=True, kw_only=True):
    """Limits are per second, 0 is none; the defaults are those of "Yunxin: API frequency limits"."""

    callback_url: str | None = None
    app_key: str = "demo-yunxin"
    app_secret: str = "demo-yunxin-secret"
    users: tuple[str, ...] = ()
    group: dict[str, list[str]] = {}
    limit_messages: float = 100.0
    limit_calls: float = 100.0
    block: float = 10.0
    repeat_memory: float = 60.0
    recall_window: float = 120.0
    history: bool = True
    accept_500: bool = True
    callback_timeout: float = 5.0
    backoff: float = 0.2
    backoff_max: float = 2.0
    callbacks_before_answer: float = 0.0
    ordered: bool = True
    seed: int = 0
