"""Easemob (环信), IM."""

from converters.platform import Platform
from converters.platforms.easemob.account import SECRETS, EasemobAccount, example
from converters.platforms.easemob.callback import author, check, once
from converters.platforms.easemob.decode import decode
from converters.platforms.easemob.doctor import DOCTOR
from converters.platforms.easemob.encode import encode
from converters.platforms.easemob.fidelity import FIDELITY
from converters.platforms.easemob.gaps import GAPS
from converters.platforms.easemob.history import HISTORY
from converters.platforms.easemob.ids import USER_IDS
from converters.platforms.easemob.inventory import INVENTORY
from converters.platforms.easemob.inventory_reading import READERS
from converters.platforms.easemob.limits import LIMITS
from converters.platforms.easemob.media import MEDIA
from converters.platforms.easemob.migration_rules import MIGRATION
from converters.platforms.easemob.probe import PROBE
from converters.platforms.easemob.register import register
from converters.platforms.easemob.replies import read_reply
from converters.platforms.easemob.signing import AUTH

PLATFORM = Platform(
    name="easemob",
    account=EasemobAccount,
    check=check,
    author=author,
    secrets=SECRETS,
    once=once,
    decode=decode,
    doctor=DOCTOR,
    encode=encode,
    read_reply=read_reply,
    auth=AUTH,
    register=register,
    gaps=GAPS,
    media=MEDIA,
    migration=MIGRATION,
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
