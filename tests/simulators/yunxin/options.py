"""What can be set about the Yunxin simulator."""

from typing import Literal

from msgspec import Struct


class Options(Struct, frozen=True, kw_only=True):
    """Limits are per second, 0 is none; the defaults are those of "Yunxin: API frequency limits".

    What the pages leave open can be set: whether history has ``ext`` and gives bodies as text, whether superteams
    number their notifications like teams, and whether an audio that is no AAC is refused. ``max_teams`` of a user: whoever
    is in so many is named in the answer and not added. ``file_ttl``: seconds
    after which a stored file is 404, 0 is never.
    """

    callback_url: str | None = None
    app_key: str = "demo-yunxin"
    app_secret: str = "demo-yunxin-secret"
    users: tuple[str, ...] = ()
    group: dict[str, list[str]] = {}
    superteam: dict[str, list[str]] = {}
    room: dict[str, list[str]] = {}
    limit_messages: float = 100.0
    limit_calls: float = 100.0
    limit_room_history: float = 20.0
    block: float = 10.0
    repeat_memory: float = 60.0
    recall_window: float = 120.0
    edit_pause: float = 1.0
    history: bool = True
    history_ext: bool = True
    history_body: Literal["object", "string"] = "object"
    superteam_ids: Literal["own", "as team"] = "own"
    aac_only: bool = False
    max_teams: int = 500
    file_ttl: float = 0.0
    accept_500: bool = True
    callback_timeout: float = 5.0
    backoff: float = 0.2
    backoff_max: float = 2.0
    callbacks_before_answer: float = 0.0
    ordered: bool = True
    sessions: Literal["within", "beside"] = "within"
    """Whether the list of sessions lies within ``data``, as the vendor's SDK for Java reads it, or beside ``code``, as on the page."""
    seed: int = 0
