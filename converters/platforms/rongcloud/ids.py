"""Ids on RongCloud: users, and how ultra groups are told from groups."""

from converters.routing.user_ids import IdRule

USER_IDS = IdRule("abcdefghijklmnopqrstuvwxyz0123456789+=-_", 64, "bytes")
"""userId: at most 64 bytes of letters, digits and `+=-_`. Source: "RongCloud: Register a user"."""

ULTRA = "ultra-"
DEFAULT_CHANNEL = "rcdefault"


def ultra(group: str, channel: str) -> str:
    """A channel of an ultra group as a group's id, in `identities` as well: `ultra-<group>`, `ultra-<group>/<channel>`."""
    return f"{ULTRA}{group}" if channel.lower() in {"", DEFAULT_CHANNEL} else f"{ULTRA}{group}/{channel}"


def of_ultra(name: str) -> tuple[str, str]:
    """(group, channel or "") of an id that `ultra` made."""
    group, _, channel = name.removeprefix(ULTRA).partition("/")
    return group, channel
