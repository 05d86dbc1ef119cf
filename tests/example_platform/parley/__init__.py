"""Parley, an invented platform."""

from converters.platform import Platform
from tests.example_platform.parley.account import SECRETS, ParleyAccount, example
from tests.example_platform.parley.callback import author, check, check_headers
from tests.example_platform.parley.chinese import CHINESE
from tests.example_platform.parley.decode import decode
from tests.example_platform.parley.encode import encode
from tests.example_platform.parley.fidelity import FIDELITY
from tests.example_platform.parley.ids import USER_IDS
from tests.example_platform.parley.limits import LIMITS
from tests.example_platform.parley.media import MEDIA
from tests.example_platform.parley.replies import read_reply
from tests.example_platform.parley.signing import AUTH

PLATFORM = Platform(
    name="parley",
    account=ParleyAccount,
    secrets=SECRETS,
    check=check,
    check_headers=check_headers,
    author=author,
    decode=decode,
    encode=encode,
    read_reply=read_reply,
    auth=AUTH,
    media=MEDIA,
    limits=LIMITS,
    user_ids=USER_IDS,
    example=example,
    fidelity=FIDELITY,
    chinese=CHINESE,
)
