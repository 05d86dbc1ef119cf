"""Ids as the calls name them."""

from collections.abc import Sequence

from tests.simulators.easemob.errors import Refusal
from tests.simulators.easemob.state import Easemob


def ids(value: object) -> list[str] | None:
    """Distinct ids in lower case; None when *value* is no list of strings."""
    if not isinstance(value, list) or not all(isinstance(one, str) for one in value):
        return None
    return list(dict.fromkeys(one.lower() for one in value))


def listed(path: str) -> list[str]:
    """Ids separated by commas."""
    return ids([one for one in path.split(",") if one]) or []


def stranger(easemob: Easemob, names: Sequence[str]) -> Refusal | None:
    """The refusal for the first who is no user."""
    for name in names:
        if name not in easemob.people.users:
            return Refusal(404, "resource_not_found", f"username {name} doesn't exist!")
    return None


def busy(easemob: Easemob, names: Sequence[str]) -> Refusal | None:
    """The refusal for the first who is in as many groups as a user may be."""
    groups, most = easemob.people.groups.values(), easemob.options.max_groups
    for name in names if len(groups) >= most else ():  # of thousands of groups a migration asks once a member
        if sum(name in group.members for group in groups) >= most:
            return Refusal(403, "exceed_limit", f"user {name} has joined too many groups!")
    return None
