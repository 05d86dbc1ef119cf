"""What can be set about the Easemob simulator."""

from msgspec import Struct


class Options(Struct, frozen=True, kw_only=True):
    """Limits are per second unless named otherwise, 0 is none; the defaults are those of "Easemob: API call
    limits". ``limit_messages`` replaces all limits of sends by one number."""

    callback_url: str | None = None
    callback_secret: str = "demo-easemob-secret"
    callback_source: tuple[str, ...] = ("sdk", "rest")
    callback_env: dict[str, str] = {}
    callback_timeout: float = 10.0
    callbacks_before_answer: float = 0.0
    ban_scale: float = 1.0
    org: str = "demo"
    app: str = "relay"
    client_id: str = "YXA6demo"
    client_secret: str = "YXA6demosecret"
    token_ttl: float = 86400.0
    token_uses: int = 0
    users: tuple[str, ...] = ()
    group: dict[str, list[str]] = {}
    limit_messages: float | None = None
    limit_user_calls: float = 100.0
    limit_user_messages_per_minute: float = 6000.0
    limit_group_calls: float = 20.0
    limit_group_messages: float = 20.0
    limit_room_calls: float = 100.0
    limit_room_messages: float = 100.0
    limit_calls: float = 100.0
    recall_window: float = 120.0
    ordered: bool = True
    seed: int = 0
