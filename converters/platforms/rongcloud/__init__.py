"""RongCloud (融云), IM."""

from typing import get_args

from converters.core.operations import GroupLife
from converters.platform import Platform
from converters.platforms.rongcloud.account import SECRETS, RongcloudAccount, example
from converters.platforms.rongcloud.author import author
from converters.platforms.rongcloud.callback import check, check_headers, once
from converters.platforms.rongcloud.decode import decode
from converters.platforms.rongcloud.doctor import DOCTOR
from converters.platforms.rongcloud.encode import encode
from converters.platforms.rongcloud.fidelity import FIDELITY
from converters.platforms.rongcloud.gaps import GAPS
from converters.platforms.rongcloud.ids import USER_IDS
from converters.platforms.rongcloud.inventory import READERS
from converters.platforms.rongcloud.limits import LIMITS
from converters.platforms.rongcloud.lookup import LOOK_UP
from converters.platforms.rongcloud.media import MEDIA
from converters.platforms.rongcloud.object_names import kinds
from converters.platforms.rongcloud.register import register
from converters.platforms.rongcloud.replies import read_reply
from converters.platforms.rongcloud.signing import AUTH

MARKED = frozenset({"post", "edit", "read", "typing", "friend-changed"}) | {str(each.__struct_config__.tag) for each in get_args(GroupLife)}
"""Notices of what became of a group are messages, too."""

PLATFORM = Platform(
    name="rongcloud",
    account=RongcloudAccount,
    check=check,
    author=author,
    secrets=SECRETS,
    once=once,
    check_headers=check_headers,
    decode=decode,
    doctor=DOCTOR,
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
    readers=READERS,
    example=example,
    fidelity=FIDELITY,
    kinds=kinds,
)
