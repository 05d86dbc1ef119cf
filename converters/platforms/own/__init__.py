"""The customer's own IM server: it speaks the relay's own words. docs/own.md is its page."""

from converters.core.operations import TAGS
from converters.platform import Platform
from converters.platforms.own.account import SECRETS, SHORTEST, OwnAccount, example
from converters.platforms.own.callback import author, check, check_headers
from converters.platforms.own.decode import decode
from converters.platforms.own.doctor import DOCTOR
from converters.platforms.own.encode import encode
from converters.platforms.own.fidelity import FIDELITY
from converters.platforms.own.ids import USER_IDS, rule
from converters.platforms.own.limits import LIMITS
from converters.platforms.own.media import MEDIA
from converters.platforms.own.public import schema
from converters.platforms.own.replies import read_reply
from converters.platforms.own.signing import AUTH

PLATFORM = Platform(
    name="own",
    account=OwnAccount,
    check=check,
    author=author,
    secrets=SECRETS,
    shortest=SHORTEST,
    check_headers=check_headers,
    decode=decode,
    doctor=DOCTOR,
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
