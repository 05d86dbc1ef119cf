"""The customer's own IM server: it speaks the relay's own words. docs/own.md is its page."""

from converters.operations import TAGS
from converters.own.account import SECRETS, SHORTEST, Account, example
from converters.own.callback import check, door
from converters.own.decode import decode
from converters.own.encode import encode
from converters.own.fidelity import FIDELITY
from converters.own.ids import USER_IDS, rule
from converters.own.limits import LIMITS
from converters.own.media import MEDIA
from converters.own.public import schema
from converters.own.replies import read_reply
from converters.own.signing import AUTH
from converters.platform import Platform

PLATFORM = Platform(
    name="own",
    account=Account,
    check=check,
    secrets=SECRETS,
    shortest=SHORTEST,
    door=door,
    decode=decode,
    encode=encode,
    read_reply=read_reply,
    auth=AUTH,
    media=MEDIA,
    marked=TAGS,
    limits=LIMITS,
    user_ids=USER_IDS,
    ids_of=rule,
    example=example,
    fidelity=FIDELITY,
    pages={"own.schema.json": schema},
)
