"""How one person is called everywhere, and what the table of identities has of that person."""

import re
from collections.abc import Mapping

from msgspec import Struct

from converters.routing.id_mapping import UnmappedError, map_user
from converters.routing.identity_table import ACCOUNTS, IdentityTable, account_record, cohort_record, forgotten_record, record
from converters.routing.route import App
from converters.routing.user_ids import fold
from streams.encryption.headers import owner

_EDGE = rb"[A-Za-z0-9._@-]"
"""What may stand in an id: beside it, it would be another one."""


class PersonNames(Struct, frozen=True):
    canonical: str
    natives: tuple[tuple[str, str], ...]
    """(platform, id there), of every platform of the settings; several where the table has several."""

    @property
    def all(self) -> frozenset[str]:
        return frozenset({fold(self.canonical), *(fold(native) for _, native in self.natives)})

    def pattern(self) -> "re.Pattern[bytes]":
        """Finds any of the names in the bytes of a record, whole and in whatever case."""
        words = b"|".join(re.escape(name.encode()) for name in sorted(self.all))
        return re.compile(b"(?<!%s)(?:%s)(?!%s)" % (_EDGE, words, _EDGE), re.IGNORECASE)


def names_of(app: App, native: str, apps: Mapping[str, App], table: IdentityTable) -> PersonNames:
    """Whom *app* calls *native*."""
    try:
        canonical = map_user(native, app, table)
    except UnmappedError:
        canonical = fold(native)  # hashed, and in no entry: only that id is known
    found = {(app.platform.name, fold(native)): native}
    for one in apps.values():
        platform = one.platform.name
        if platform != app.platform.name:
            there = table.native(platform, "user", canonical) or one.user_ids.write(canonical).native
            found[platform, fold(there)] = there
    found |= {(one.platform, fold(one.native)): one.native for one in table.each() if one.kind == "user" and one.canonical == canonical}
    return PersonNames(canonical, tuple(sorted((platform, there) for (platform, _), there in found.items())))


def owners(names: PersonNames) -> list[bytes]:
    """Whose keys encrypt what that person wrote: as each platform calls the person, and by the name of the history of a migration."""
    return [owner(platform, native) for platform, native in names.natives] + [owner("", name) for name in sorted(names.all)]


def identity_keys(names: PersonNames, table: IdentityTable) -> list[bytes]:
    """The keys of every entry of `identities` about that person: an empty value under each removes it."""
    keys: list[bytes] = []
    for platform, native in names.natives:
        if table.canonical(platform, "user", native) is not None:
            keys.append(record(platform, "user", native, names.canonical)[0])
        if table.forgotten(platform, "user", native) is not None:
            keys.append(forgotten_record(platform, "user", native, names.canonical)[0])
    for platform in dict.fromkeys(platform for platform, _ in names.natives):
        # `used` hides `made`, which may lie beside it.
        held = {"made": ACCOUNTS[:1], "used": ACCOUNTS}.get(table.account(platform, names.canonical) or "", ())
        keys += [account_record(platform, names.canonical, account)[0] for account in held]
    if table.cohort(names.canonical):
        keys.append(cohort_record(names.canonical, "-")[0])
    return keys
