"""Who is who where a rule is not enough: groups, rooms, and users whose id had to be hashed or was chosen by hand.

And what else is known of people, under their canonical ids: who has an account on which platform, who uses it, who is in which
cohort. Each lies under a key of its own, so that a worker and a person can write the one without undoing the other.

A canonical name may change; the key of a conversation must not, or what was said in it before is not found. So an entry keeps the
name under which the conversation (for a user: each of the user's talks) was first known, its *origin*, where that is another one.
"""

from collections import Counter
from collections.abc import Iterator
from typing import Literal, Protocol, get_args

from msgspec import Struct

from converters.core import wire
from converters.routing.user_ids import fold

Kind = Literal["user", "group", "room"]
KINDS: tuple[Kind, ...] = ("user", "group", "room")

Account = Literal["made", "used"]
"""`made`: there is an account; `used`: and its owner is on that app."""
ACCOUNTS: tuple[Account, ...] = get_args(Account)

_FORGOTTEN = "was-"
"""Before a kind: the origin of an entry that was taken away, for when it is set again. Releases without origins leave it out."""
_EVERYWHERE = "-"  # in place of a platform: a cohort is the person's


class _Value(Struct, frozen=True, omit_defaults=True):
    canonical: str
    spelled: str = ""
    """The platform's own spelling, where it has upper case: some platforms tell `Li` from `li`."""
    origin: str = ""
    """The canonical name by which conversations are keyed, where it is another one."""


class _Account(Struct, frozen=True):
    account: bool = True


class _Cohort(Struct, frozen=True):
    cohort: str


VALUES = (_Value, _Account, _Cohort)
"""What a value of the topic can be; the key says which."""

_HAS_ACCOUNT = wire.dump(_Account())


def record(platform: str, kind: Kind, native: str, canonical: str, origin: str = "") -> tuple[bytes, bytes]:
    """Key and value of an entry in the topic `identities`."""
    spelled = native if native != fold(native) else ""
    canonical, origin = fold(canonical), fold(origin)
    value = _Value(canonical, spelled, origin if origin != canonical else "")
    return f"{platform}\x1f{kind}\x1f{fold(native)}".encode(), wire.dump(value)


def forgotten_record(platform: str, kind: Kind, native: str, origin: str) -> tuple[bytes, bytes]:
    """The same of the origin of an entry that is taken away."""
    return f"{platform}\x1f{_FORGOTTEN}{kind}\x1f{fold(native)}".encode(), wire.dump(_Value(fold(origin)))


def account_record(platform: str, canonical: str, account: Account) -> tuple[bytes, bytes]:
    """The same of a user's account on *platform*. `made` and `used` are two entries: workers write the one, people the other."""
    return f"{platform}\x1f{account}\x1f{fold(canonical)}".encode(), _HAS_ACCOUNT


def cohort_record(canonical: str, cohort: str) -> tuple[bytes, bytes]:
    """The same of a user's cohort."""
    return f"{_EVERYWHERE}\x1fcohort\x1f{fold(canonical)}".encode(), wire.dump(_Cohort(fold(cohort)))


class IdentityLookup(Protocol):
    """What is asked of the table. Native ids in any case, canonical ones in lower case."""

    def canonical(self, platform: str, kind: Kind, native: str) -> str | None: ...

    def knows(self, platform: str, kind: Kind, native: str) -> bool | None:
        """Whether there is an entry; None where nobody can say."""

    def native(self, platform: str, kind: Kind, canonical: str) -> str | None:
        """In the platform's own spelling."""

    def origin(self, kind: Kind, canonical: str) -> str:
        """The name by which conversations are keyed; empty where it is *canonical* itself."""

    def forgotten(self, platform: str, kind: Kind, native: str) -> str | None:
        """The origin of an entry that was taken away."""

    def account(self, platform: str, canonical: str) -> Account | None:
        """What is known of a user's account on *platform*."""

    def cohort(self, canonical: str) -> str:
        """The user's cohort; empty where there is none."""


class IdentityRows(Protocol):
    """Where a table keeps what it knows, in order of the keys."""

    def get(self, key: str) -> str | None: ...

    def put(self, key: str, value: str | None) -> None:
        """None deletes."""

    def scan(self, prefix: str) -> Iterator[tuple[str, str]]: ...


class MemoryRows(dict[str, str]):
    def put(self, key: str, value: str | None) -> None:
        if value is None:
            self.pop(key, None)
        else:
            self[key] = value

    def scan(self, prefix: str) -> Iterator[tuple[str, str]]:
        return iter(sorted((key, value) for key, value in self.items() if key.startswith(prefix)))


# Of a row's key: the first character tells what it is, 0x1f parts it.
_ENTRY, _NATIVE, _ACCOUNT, _COHORT, _ORIGIN, _WAS, COUNT = "e", "n", "a", "h", "o", "w", "#"


class IdentityEntry(Struct, frozen=True, order=True):
    platform: str
    kind: str
    native: str
    canonical: str
    origin: str = ""


class IdentityTable:
    """The table that the compacted topic builds, in *rows*. Ids are compared in lower case, and written as they are spelled."""

    def __init__(self, rows: IdentityRows | None = None) -> None:
        self._rows: IdentityRows = MemoryRows() if rows is None else rows
        self._get = self._rows.get
        self._counts: Counter[tuple[str, str]] = Counter()
        # Few were ever renamed: these are held, whatever holds the rows.
        self._given: dict[tuple[str, str], dict[tuple[str, str], str]] = {}
        self._origins: dict[tuple[str, str], str] = {}
        if rows is not None:
            for key, count in rows.scan(COUNT):
                _, platform, kind = key.split("\x1f")
                self._counts[platform, kind] = int(count)
            for key, origin in rows.scan(_ORIGIN):
                _, kind, canonical, platform, native = key.split("\x1f")
                self._say(kind, canonical, platform, native, origin)

    def __len__(self) -> int:
        return sum(count for (_, kind), count in self._counts.items() if kind in KINDS)

    def each(self) -> Iterator[IdentityEntry]:
        """By platform, kind and native id."""
        for key, value in self._rows.scan(_ENTRY + "\x1f"):
            _, platform, kind, native = key.split("\x1f")
            canonical, _, origin = value.partition("\x1f")
            yield IdentityEntry(platform, kind, self._spelled(platform, kind, native, canonical), canonical, origin)

    def entries(self) -> list[tuple[str, str, str, str]]:
        """(platform, kind, native id, canonical id), sorted."""
        return sorted((one.platform, one.kind, one.native, one.canonical) for one in self.each())

    def people(self) -> list[tuple[str, dict[str, Account], str]]:
        """(canonical id, account by platform, cohort or "") of all of whom either is known, sorted."""
        accounts: dict[str, dict[str, Account]] = {key.split("\x1f")[1]: {} for key, _ in self._rows.scan(_COHORT + "\x1f")}
        for key, _ in self._rows.scan(_ACCOUNT + "\x1f"):
            _, platform, account, user = key.split("\x1f")
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
            platform, kind, native = fold(key.decode()).split("\x1f")
        except ValueError:
            return "identities: the key is not platform, kind and id"
        of = kind.removeprefix(_FORGOTTEN)
        if not native or of not in (*KINDS, *ACCOUNTS, "cohort"):
            return f"identities: of {platform}, not one of {', '.join((*KINDS, *ACCOUNTS))}, cohort"
        try:
            if kind in ACCOUNTS:
                given = value == _HAS_ACCOUNT or (wire.load(value, _Account).account if value is not None else None)
                self._note(f"{_ACCOUNT}\x1f{platform}\x1f{kind}\x1f{native}", "" if given else None, (platform, kind))
                return None
            if kind == "cohort":
                cohort = fold(wire.load(value, _Cohort).cohort) if value is not None else None
                self._note(f"{_COHORT}\x1f{native}", cohort or None, (platform, kind))
                return None
            told = wire.load(value, _Value) if value is not None else None
        except wire.Malformed as error:
            return f"identities: {kind} {native} of {platform}: {error}"
        if told is not None and not all(_usable(name) for name in (told.canonical, told.origin or "-")):
            return f"identities: {kind} {native} of {platform} has no usable canonical id"
        if kind != of:
            self._rows.put(f"{_WAS}\x1f{platform}\x1f{of}\x1f{native}", fold(told.canonical) if told is not None else None)
            return None
        self._set(platform, kind, native, told)
        return None

    def canonical(self, platform: str, kind: Kind, native: str) -> str | None:
        if not self._counts.get((platform, kind)):
            return None  # of users there are often none: nearly every message asks for them
        found = self._get(f"e\x1f{platform}\x1f{kind}\x1f{fold(native)}")
        return found.partition("\x1f")[0] if found is not None else None

    def knows(self, platform: str, kind: Kind, native: str) -> bool | None:
        """Whether there is an entry."""
        return self.canonical(platform, kind, native) is not None

    def native(self, platform: str, kind: Kind, canonical: str) -> str | None:
        """In the platform's own spelling."""
        if not self._counts.get((platform, kind)):
            return None
        return self._get(f"n\x1f{platform}\x1f{kind}\x1f{canonical}")

    def origin(self, kind: Kind, canonical: str) -> str:
        """By which conversations are keyed; empty where it is *canonical* itself. All entries of a name have one: the first that says so."""
        return self._origins.get((kind, canonical), "") if self._origins else ""

    def forgotten(self, platform: str, kind: Kind, native: str) -> str | None:
        return self._get(f"w\x1f{platform}\x1f{kind}\x1f{fold(native)}")

    def account(self, platform: str, canonical: str) -> Account | None:
        """What is known of a user's account on *platform*."""
        if self._get(f"a\x1f{platform}\x1fused\x1f{canonical}") is not None:
            return "used"
        return "made" if self._get(f"a\x1f{platform}\x1fmade\x1f{canonical}") is not None else None

    def cohort(self, canonical: str) -> str:
        """The user's cohort; empty where there is none."""
        return self._get(f"h\x1f{canonical}") or ""

    def _set(self, platform: str, kind: str, native: str, told: _Value | None) -> None:
        key = f"{_ENTRY}\x1f{platform}\x1f{kind}\x1f{native}"
        if (before := self._get(key)) is not None:
            canonical, _, origin = before.partition("\x1f")
            # The reverse entry may by now be another native id's: that one stays.
            reverse = f"{_NATIVE}\x1f{platform}\x1f{kind}\x1f{canonical}"
            if fold(self._get(reverse) or "") == native:
                self._rows.put(reverse, None)
            if origin:
                self._rows.put(f"{_ORIGIN}\x1f{kind}\x1f{canonical}\x1f{platform}\x1f{native}", None)
                self._say(kind, canonical, platform, native, None)
        if told is None:
            self._note(key, None, (platform, kind), before)
            return
        canonical, origin = fold(told.canonical), fold(told.origin)
        self._note(key, f"{canonical}\x1f{origin}" if origin else canonical, (platform, kind), before)
        self._rows.put(f"{_NATIVE}\x1f{platform}\x1f{kind}\x1f{canonical}", told.spelled if fold(told.spelled) == native else native)
        if origin:
            self._rows.put(f"{_ORIGIN}\x1f{kind}\x1f{canonical}\x1f{platform}\x1f{native}", origin)
            self._say(kind, canonical, platform, native, origin)

    def _say(self, kind: str, canonical: str, platform: str, native: str, origin: str | None) -> None:
        given = self._given.setdefault((kind, canonical), {})
        if origin is None:
            given.pop((platform, native), None)
        else:
            given[platform, native] = origin
        if given:
            self._origins[kind, canonical] = min(given.values())
        else:
            del self._given[kind, canonical]
            self._origins.pop((kind, canonical), None)

    def _spelled(self, platform: str, kind: str, native: str, canonical: str) -> str:
        spelled = self._get(f"{_NATIVE}\x1f{platform}\x1f{kind}\x1f{canonical}") or ""
        return spelled if fold(spelled) == native else native

    def _note(self, key: str, value: str | None, counted: tuple[str, str], before: str | None = None) -> None:
        if before is None:
            before = self._get(key)
        self._rows.put(key, value)
        self._counts[counted] += (value is not None) - (before is not None)


def _usable(name: str) -> bool:
    return bool(name) and "\x1f" not in name
