"""Users and groups of a simulated platform."""

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field


@dataclass(slots=True)
class Group:
    """``members`` has the owner first."""

    id: str
    name: str
    owner: str
    members: list[str]
    created: int
    custom: str = ""
    settings: dict[str, object] = field(default_factory=dict)


class People:
    """Ids are as the platform stores them: *fold* makes them so, lower case as a rule."""

    def __init__(self, fold: Callable[[str], str] = str.lower) -> None:
        self._fold = fold
        self.users: dict[str, dict[str, object]] = {}
        self.groups: dict[str, Group] = {}

    def preload(self, users: Iterable[str], groups: Mapping[str, Iterable[str]], now: int) -> None:
        """Make users, and groups with their first member as owner; what exists already stays as it is."""
        for user in users:
            self.add_user(self._fold(user), now)
        for group, named in groups.items():
            members = [self._fold(member) for member in named]
            for member in members:
                self.add_user(member, now)
            if group not in self.groups and members:
                self.groups[group] = Group(group, group, members[0], members, now)

    def add_user(self, user: str, now: int, **profile: object) -> bool:
        """False when it was there already."""
        if user in self.users:
            return False
        self.users[user] = {"created": now, "name": user, **profile}
        return True
