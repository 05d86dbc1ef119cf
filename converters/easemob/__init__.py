"""Easemob (环信), IM."""

from converters.easemob.account import SECRETS, Account, example
from converters.easemob.callback import check, once
from converters.easemob.decode import decode
from converters.easemob.encode import encode
from converters.easemob.fidelity import FIDELITY
from converters.easemob.gaps import GAPS
from converters.easemob.history import HISTORY
from converters.easemob.ids import USER_IDS
from converters.easemob.inventory import INVENTORY
from converters.easemob.inventory_reading import READERS
from converters.easemob.limits import LIMITS
from converters.easemob.media import MEDIA
from converters.easemob.probe import PROBE
from converters.easemob.register import register
from converters.easemob.replies import read_reply
from converters.easemob.signing import AUTH
from converters.platform import Platform

PLATFORM = Platform(
    name="easemob",
    account=Account,
    check=check,
    secrets=SECRETS,
    once=once,
    decode=decode,
    encode=encode,
    read_reply=read_reply,
    auth=AUTH,
    register=register,
    gaps=GAPS,
    media=MEDIA,
    marked=frozenset({"post", "edit", "typing", "group-created"}),
    limits=LIMITS,
    user_ids=USER_IDS,
    inventory=INVENTORY,
    history=HISTORY,
    probe=PROBE,
    readers=READERS,
    example=example,
    fidelity=FIDELITY,
)
