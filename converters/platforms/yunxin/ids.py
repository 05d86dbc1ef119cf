"""Ids on Yunxin: accids, and how superteams are told from teams."""

from converters.core.model import Conversation, Group
from converters.routing.user_ids import HASHED, IdRule, fold

USER_IDS = IdRule("abcdefghijklmnopqrstuvwxyz0123456789_@.-", 32, "characters")
"""accid: 1 to 32 characters, stored in lower case. Source: "Yunxin: Create an IM account"."""

SUPER = "super-"
"""Teams and superteams are counted separately: a superteam's group id is `super-` and its tid, in `identities` as well."""


def scope(conversation: Conversation) -> str:
    """The part of an event id that says where its message id is counted."""
    if isinstance(conversation, Group) and conversation.id.startswith(SUPER):
        return "super"
    return str(conversation.__struct_config__.tag)


def person(value: object) -> str:
    """The accid that *value*, which a client wrote, can be; "" where it can be none."""
    native = fold(value) if isinstance(value, str) else ""
    if not USER_IDS.possible(native):
        return ""
    return native if native.startswith(HASHED) or USER_IDS.to_canonical(native) is not None else ""
