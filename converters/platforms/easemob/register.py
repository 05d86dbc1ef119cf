"""An account for somebody who has none. Source: "Easemob: Manage users" (register a user in authorised mode)."""

from hashlib import blake2b

from converters.platform import Request
from converters.platforms.easemob.account import EasemobAccount
from converters.platforms.easemob.requests import call

_LONGEST_NAME = 100


def register(user: str, name: str, account: EasemobAccount) -> Request:
    """The password is one that nobody knows and that nobody needs: apps log in with tokens that the customer's server asks for."""
    password = blake2b(user.encode(), key=account.client_secret.encode()[:64], digest_size=24).hexdigest()
    body = {"username": user, "password": password, "nickname": name[:_LONGEST_NAME]}
    return call(account, "POST", "users", "users", body)
