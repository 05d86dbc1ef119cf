"""RongCloud (融云), IM."""

from typing import get_args

from converters.operations import GroupLife
from converters.platform import Platform
from converters.rongcloud.account import SECRETS, Account, example
from converters.rongcloud.callback import check, door, once
from converters.rongcloud.decode import decode
from converters.rongcloud.encode import encode
from converters.rongcloud.fidelity import FIDELITY
from converters.rongcloud.gaps import GAPS
from converters.rongcloud.ids import USER_IDS
from converters.rongcloud.limits import LIMITS
from converters.rongcloud.lookup import LOOK_UP
from converters.rongcloud.media import MEDIA
from converters.rongcloud.register import register
from converters.rongcloud.replies import read_reply
from converters.rongcloud.signing import AUTH

MARKED = frozenset({"post", "edit", "read", "typing", "friend-changed"}) | {str(each.__struct_config__.tag) for each in get_args(GroupLife)}
"""Notices of what became of a group are messages, too."""

PLATFORM = Platform(
    name="rongcloud",
    account=Account,
    check=check,
    secrets=SECRETS,
    once=once,
    door=door,
    decode=decode,
    encode=encode,
    read_reply=read_reply,
    auth=AUTH,
    register=register,
    look_up=LOOK_UP,
    echo_tells_time=True,
    gaps=GAPS,
    media=MEDIA,
    marked=MARKED,
    limits=LIMITS,
    user_ids=USER_IDS,
    example=example,
    fidelity=FIDELITY,
)
