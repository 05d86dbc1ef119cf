"""Who is who where a rule is not enough: groups, rooms, and users whose id had to be hashed or was chosen by hand.

And what else is known of people, under their canonical ids: who has an account on which platform, who uses it, who is in which
cohort. Each lies under a key of its own, so that a worker and a person can write the one without undoing the other.
"""

from collections import Counter
from typing import Literal, TypeVar, get_args

from msgspec import Struct

from converters import wire

Kind = Literal["user", "group", "room"]
KINDS: tuple[Kind, ...] = ("user", "group", "room")

Account = Literal["made", "used"]
"""`made`: there is an account; `used`: and its owner is on that app."""
ACCOUNTS: tuple[Account, ...] = get_args(Account)

K = TypeVar("K")
V = TypeVar("V")

_EVERYWHERE = "-"  # in place of a platform: a cohort is the person's


class _Value(Struct, frozen=True, omit_defaults=True):
    canonical: str
    spelled: str = ""
    """The platform's own spelling, where it has upper case: some platforms tell `Li` from `li`."""


class _Account(Struct, frozen=True):
    account: bool = True


class _Cohort(Struct, frozen=True):
    cohort: str


VALUES = (_Value, _Account, _Cohort)
"""What a value of the topic can be; the key says which."""


def record(platform: str, kind: Kind, native: str, canonical: str) -> tuple[bytes, bytes]:
    """Key and value of an entry in the topic `identities`."""
    spelled = native if native != native.lower() else ""
    return f"{platform}\x1f{kind}\x1f{native.lower()}".encode(), wire.dump(_Value(canonical.lower(), spelled))


def account_record(platform: str, canonical: str, account: Account) -> tuple[bytes, bytes]:
    """The same of a user's account on *platform*. `made` and `used` are two entries: workers write the one, people the other."""
    return f"{platform}\x1f{account}\x1f{canonical.lower()}".encode(), wire.dump(_Account())


def cohort_record(canonical: str, cohort: str) -> tuple[bytes, bytes]:
    """The same of a user's cohort."""
    return f"{_EVERYWHERE}\x1fcohort\x1f{canonical.lower()}".encode(), wire.dump(_Cohort(cohort.lower()))


class Identities:
    """The table that the compacted topic builds, in memory. Ids are compared in lower case, and written as they are spelled."""

    def __init__(self) -> None:
        self._canonical: dict[tuple[str, str, str], str] = {}
        self._native: dict[tuple[str, str, str], str] = {}
        self._accounts: dict[tuple[str, str, str], bool] = {}
        self._cohorts: dict[str, str] = {}
        self._counts: Counter[tuple[str, str]] = Counter()

    def __len__(self) -> int:
        return len(self._canonical)

    def entries(self) -> list[tuple[str, str, str, str]]:
        """(platform, kind, native id, canonical id), sorted."""
        return sorted(
            (platform, kind, self._spelled(platform, kind, native, canonical), canonical)
            for (platform, kind, native), canonical in self._canonical.items()
        )

    def people(self) -> list[tuple[str, dict[str, Account], str]]:
        """(canonical id, account by platform, cohort or "") of all of whom either is known, sorted."""
        accounts: dict[str, dict[str, Account]] = {user: {} for user in self._cohorts}
        for platform, account, user in self._accounts:
            on = accounts.setdefault(user, {})
            if on.get(platform) != "used":
                on[platform] = "used" if account == "used" else "made"
        return [(user, accounts[user], self.cohort(user)) for user in sorted(accounts)]

    def counts(self) -> list[tuple[str, str, int]]:
        """(platform, kind, entries), of accounts and cohorts as well."""
        return [(platform, kind, count) for (platform, kind), count in self._counts.items()]

    def apply(self, key: bytes, value: bytes | None) -> str | None:
        """Take in a record of the topic, None as value deletes; returns what is wrong with it, if anything is."""
        try:
            platform, kind, native = key.decode().lower().split("\x1f")
        except ValueError:
            return "identities: the key is not platform, kind and id"
        if not native or kind not in (*KINDS, *ACCOUNTS, "cohort"):
            return f"identities: of {platform}, not one of {', '.join((*KINDS, *ACCOUNTS))}, cohort"
        try:
            if kind in ACCOUNTS:
                given = wire.load(value, _Account).account if value is not None else None
                self._note(self._accounts, (platform, kind, native), given or None, (platform, kind))
                return None
            if kind == "cohort":
                cohort = wire.load(value, _Cohort).cohort.lower() if value is not None else None
                self._note(self._cohorts, native, cohort or None, (platform, kind))
                return None
            given_as = wire.load(value, _Value) if value is not None else None
            canonical = given_as.canonical.lower() if given_as is not None else None
        except wire.Malformed as error:
            return f"identities: {kind} {native} of {platform}: {error}"
        if canonical is not None and (not canonical or "\x1f" in canonical):
            return f"identities: {kind} {native} of {platform} has no usable canonical id"
        spelled = given_as.spelled if given_as is not None and given_as.spelled.lower() == native else native
        self._set(platform, kind, native, canonical, spelled)
        return None

    def canonical(self, platform: str, kind: Kind, native: str) -> str | None:
        return self._canonical.get((platform, kind, native.lower()))

    def native(self, platform: str, kind: Kind, canonical: str) -> str | None:
        """In the platform's own spelling."""
        return self._native.get((platform, kind, canonical))

    def account(self, platform: str, canonical: str) -> Account | None:
        """What is known of a user's account on *platform*."""
        if (platform, "used", canonical) in self._accounts:
            return "used"
        return "made" if (platform, "made", canonical) in self._accounts else None

    def cohort(self, canonical: str) -> str:
        """The user's cohort; empty where there is none."""
        return self._cohorts.get(canonical, "")

    def _set(self, platform: str, kind: str, native: str, canonical: str | None, spelled: str) -> None:
        before = self._canonical.get((platform, kind, native))
        # The reverse entry may by now be another native id's: that one stays.
        if before is not None and self._native.get((platform, kind, before), "").lower() == native:
            del self._native[platform, kind, before]
        self._note(self._canonical, (platform, kind, native), canonical, (platform, kind))
        if canonical is not None:
            self._native[platform, kind, canonical] = spelled

    def _spelled(self, platform: str, kind: str, native: str, canonical: str) -> str:
        spelled = self._native.get((platform, kind, canonical), "")
        return spelled if spelled.lower() == native else native

    def _note(self, table: dict[K, V], key: K, value: V | None, counted: tuple[str, str]) -> None:
        before = len(table)
        if value is None:
            table.pop(key, None)
        else:
            table[key] = value
        self._counts[counted] += len(table) - before
