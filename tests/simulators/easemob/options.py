"""What can be set about the Easemob simulator."""

from typing import Literal

from msgspec import Struct


class Options(Struct, frozen=True, kw_only=True):
    """Limits are per second unless named otherwise, 0 is none; the defaults are those of "Easemob: API call
    limits". ``limit_messages`` replaces all limits of sends by one number. ``group_envelope`` is that of apps of
    today, or ``muc`` of old ones. ``closed`` names services that are not opened: recall, edit, reaction, storage.
    """

    callback_url: str | None = None
    callback_secret: str = "demo-easemob-secret"
    callback_source: tuple[str, ...] = ("sdk", "rest")
    callback_env: dict[str, str] = {}
    callback_timeout: float = 10.0
    callback_store: bool = False
    """Whether lost callbacks are kept, to be asked for once more."""
    callbacks_before_answer: float = 0.0
    ban_scale: float = 1.0
    group_envelope: Literal["group_op_event", "muc"] = "group_op_event"
    contact_callbacks: bool = True
    """Whether removals, blocks and unblocks over REST are called back, as the page says."""
    friend_callbacks: bool = False
    """Whether friends made over REST are called back, of which the page says nothing."""
    recall_group_id: bool = False
    """Whether the recall of a group's message has a ``group_id``: the page's table has one, and its sample none."""
    edit_callbacks: Literal["newer", "older"] = "newer"
    """``newer`` says in ``meta.edit_msg.chat_type`` where it was; ``older`` in ``payload.from`` and ``to`` of whom."""
    dissolution: tuple[Literal["leave", "delete"], ...] = ("leave", "delete")
    """What is called back of a group that is dissolved: that all members leave, and that it is deleted."""
    accept_copy: Literal["acceptor", "requester"] = "acceptor"
    """Whom the copy for the acceptor's own devices names as its sender; the page has only ``XXXX`` there."""
    closed: tuple[str, ...] = ()
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
    limit_history_per_minute: float = 10.0
    recall_window: float = 120.0
    max_friends: int = 3000
    user_limits: tuple[str, ...] = ("push.display", "push.names", "notification")
    """Which calls count for the one limit of user management, beside that itself: pages differ."""
    full_batch: bool = True
    """Whether exactly 60 registrations pass: one error says "almost reached"."""
    custom_ids: Literal["taken", "refused", "ignored"] = "taken"
    """A group's chosen id: as sales has opened it for the app, or not."""
    import_repeat: Literal["refused", "swallowed", "doubled"] = "refused"
    """An import with the timestamp of the last one: refused, answered as if it were that one, or stored as well."""
    import_before_group: Literal["refused", "accepted"] = "refused"
    import_callbacks: bool = False
    import_unread: bool = False
    """Whether imports count as offline messages."""
    import_in_files: bool = False
    """Whether imports are in the history files."""
    import_conversations: bool = False
    """Whether an import makes a conversation: seen in the app alone, here at ``/_conversations/{user}``."""
    import_words: Literal["plain", "codes"] = "plain"
    """In which words an untimely import is refused; the vendor's are not known."""
    max_groups: int = 600
    """Of a user: whoever is in so many refuses with her the whole call."""
    file_limit: int = 10 * 1024 * 1024
    """Bytes; whether the vendor's MB are of 1000 or 1024 is not known."""
    foreign_files: bool = False
    """Whether messages may name files that lie elsewhere; newer pages say no, older ones yes."""
    file_life: float = 7 * 86400.0
    """Seconds until a file expires."""
    zone: float = 8.0
    """Hours ahead of UTC in the names of history files and of slots of lost callbacks: Beijing's on mainland
    clusters, 0 overseas. That slots follow it is a guess."""
    history_delay: float = 0.0
    """Seconds after its hour when a history file appears; -3600 shows the present hour."""
    ordered: bool = True
    seed: int = 0
