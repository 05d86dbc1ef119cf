"""What can be set about the RongCloud simulator."""

from typing import Literal

from msgspec import Struct


class Options(Struct, frozen=True, kw_only=True):
    """Limits are per second unless named otherwise, 0 is none; the defaults are those of "RongCloud: API limits".
    ``limit_messages`` replaces all limits of sends by one number. Switches as in the console: ``route_server``
    routes what came over the API, ``route_status`` typing and status messages. ``sign_names``: ``classic`` has
    signTimestamp, ``newer`` appKey and timestamp. ``log_after``: seconds from the start of an hour until its log is
    there. ``max_users`` 100 is a development environment."""

    callback_url: str | None = None
    status_url: str | None = None
    operation_url: str | None = None
    app_key: str = "demo-rongcloud"
    app_secret: str = "demo-rongcloud-secret"
    users: tuple[str, ...] = ()
    group: dict[str, list[str]] = {}
    max_users: int = 0
    limit_messages: float | None = None
    limit_private_messages_per_minute: float = 6000.0
    limit_group_messages: float = 20.0
    limit_room_messages: float = 100.0
    limit_system_messages: float = 100.0
    limit_ultra_messages: float = 100.0
    limit_calls: float = 100.0
    message_uids: bool = True
    msg_random: bool = False
    msg_random_code: int = 1010
    msg_random_memory: float = 60.0
    route_server: bool = True
    route_status: bool = False
    sign_names: Literal["classic", "newer"] = "classic"
    callback_timeout: float = 5.0
    retry_after: float = 1.0
    pause_after: int = 100
    pause: float = 60.0
    callbacks_before_answer: float = 0.0
    ordered: bool = True
    history: bool = True
    log: bool = True
    log_after: float = 3600.0
    file_ttl: float = 0.0
    """Seconds until what a client uploaded is gone from the vendor's storage; 0 is never, though the vendor's are six months."""
    overseas: bool = False
    hosted: bool = False
    """Whether the services of hosted friends, profiles and groups are switched on."""
    seed: int = 0
