"""User ids of the own server: they are the canonical ones, as far as its settings do not narrow them."""

from functools import lru_cache
from string import ascii_lowercase, digits

from converters.platforms.own.account import OwnAccount
from converters.routing.user_ids import IdRule

_ALWAYS = ascii_lowercase + digits + "-"


class _Printable(IdRule):
    """Every id that can be shown is possible; what is not, or is too long, is escaped as everywhere."""

    def possible(self, native: str) -> bool:
        return 0 < len(native.encode()) <= self.limit and native.isprintable()


@lru_cache(64)
def _rule(alphabet: str, limit: int) -> IdRule:
    return IdRule(_ALWAYS + alphabet, limit) if alphabet else _Printable(_ALWAYS + "_.", limit)


def rule(account: OwnAccount) -> IdRule:
    """Of an account's own settings."""
    return _rule(account.id_alphabet, account.id_limit)


USER_IDS = _rule("", 128)
