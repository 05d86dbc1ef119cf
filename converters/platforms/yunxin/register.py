"""An account for somebody who has none. Source: "Yunxin: user/create.action"."""

from hashlib import blake2b

from converters.platform import Request
from converters.platforms.yunxin.account import YunxinAccount
from converters.platforms.yunxin.calls import call

REGISTER = "user/create"
ALREADY = "already register"
"""What the answer to a second one says, beside a code that says only "bad parameter"."""
_LONGEST_NAME = 64


def register(user: str, name: str, account: YunxinAccount) -> Request:
    """Its token is of Yunxin's making, and nobody's: the customer's server gives the user another when the app is opened."""
    own = blake2b(f"register\x1f{account.app_key}\x1f{user}".encode(), digest_size=16).hexdigest()
    return call(REGISTER, {"accid": user, "name": name[:_LONGEST_NAME]}, own, repeatable=True)
