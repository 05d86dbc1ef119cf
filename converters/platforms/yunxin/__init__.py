"""NetEase Yunxin (网易云信), IM."""

from converters.platform import Platform
from converters.platforms.yunxin.account import SECRETS, YunxinAccount, example
from converters.platforms.yunxin.callback import author, check, check_headers
from converters.platforms.yunxin.decode import decode
from converters.platforms.yunxin.doctor import DOCTOR
from converters.platforms.yunxin.encode import encode
from converters.platforms.yunxin.fidelity import FIDELITY, kinds
from converters.platforms.yunxin.gaps import GAPS
from converters.platforms.yunxin.ids import USER_IDS
from converters.platforms.yunxin.inventory_teams import READERS
from converters.platforms.yunxin.limits import LIMITS
from converters.platforms.yunxin.lookup import LOOK_UP
from converters.platforms.yunxin.media import MEDIA
from converters.platforms.yunxin.register import register
from converters.platforms.yunxin.replies import read_reply
from converters.platforms.yunxin.signing import AUTH

PLATFORM = Platform(
    name="yunxin",
    account=YunxinAccount,
    check=check,
    author=author,
    secrets=SECRETS,
    check_headers=check_headers,
    decode=decode,
    doctor=DOCTOR,
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
    readers=READERS,
    example=example,
    fidelity=FIDELITY,
    kinds=kinds,
)
