"""An account for somebody who has none. Source: "RongCloud: Register a user" (the first token makes the account)."""

from converters.platform import Request
from converters.platforms.rongcloud.account import RongcloudAccount
from converters.platforms.rongcloud.sending import call

_LONGEST_NAME = 64


def register(user: str, name: str, account: RongcloudAccount) -> Request:
    """Asked for again it only tells a token; the name is then this one."""
    del account
    return call("user/getToken", {"userId": user, "name": (name or user)[:_LONGEST_NAME]})
