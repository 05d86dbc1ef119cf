"""NetEase Yunxin (网易云信), IM."""

from converters.platform import Platform
from converters.yunxin.account import SECRETS, Account, example
from converters.yunxin.callback import check, door
from converters.yunxin.decode import decode
from converters.yunxin.encode import encode
from converters.yunxin.fidelity import FIDELITY
from converters.yunxin.gaps import GAPS
from converters.yunxin.ids import USER_IDS
from converters.yunxin.limits import LIMITS
from converters.yunxin.lookup import LOOK_UP
from converters.yunxin.media import MEDIA
from converters.yunxin.register import register
from converters.yunxin.replies import read_reply
from converters.yunxin.signing import AUTH

PLATFORM = Platform(
    name="yunxin",
    account=Account,
    check=check,
    secrets=SECRETS,
    door=door,
    decode=decode,
    encode=encode,
    read_reply=read_reply,
    auth=AUTH,
    register=register,
    look_up=LOOK_UP,
    gaps=GAPS,
    media=MEDIA,
    marked=frozenset({"post", "edit", "group-created"}),
    limits=LIMITS,
    user_ids=USER_IDS,
    example=example,
    fidelity=FIDELITY,
)
