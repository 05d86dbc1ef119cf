"""What a group or chat room knows beside its members, and what users know of each other."""

from dataclasses import dataclass, field


@dataclass(slots=True)
class Standing:
    """``muted`` has the end of each mute in ms, -1 for ever; ``modified`` is 0 until something is."""

    room: bool = False
    admins: list[str] = field(default_factory=list)
    muted: dict[str, int] = field(default_factory=dict)
    blocked: list[str] = field(default_factory=list)
    allowed: list[str] = field(default_factory=list)
    announcement: str = ""
    mute: bool = False
    disabled: bool = False
    modified: int = 0
    attributes: dict[str, dict[str, str]] = field(default_factory=dict)


class Roster:
    """Friends, always mutual, with the remark that each has for the other; and blocks, newest last."""

    def __init__(self) -> None:
        self._friends: dict[str, dict[str, str]] = {}
        self._blocks: dict[str, dict[str, None]] = {}
        self.version = 0

    def friends(self, user: str) -> dict[str, str]:
        return self._friends.get(user, {})

    def befriend(self, one: str, other: str) -> None:
        self.version += 1
        for first, second in ((one, other), (other, one)):
            self._friends.setdefault(first, {}).setdefault(second, "")

    def part(self, one: str, other: str) -> None:
        self.version += 1
        self.friends(one).pop(other, None)
        self.friends(other).pop(one, None)

    def remark(self, user: str, friend: str, remark: str) -> None:
        self._friends[user][friend] = remark

    def blocked(self, user: str) -> list[str]:
        return list(self._blocks.get(user, {}))

    def block(self, user: str, other: str) -> None:
        self._blocks.setdefault(user, {})[other] = None

    def unblock(self, user: str, other: str) -> None:
        self._blocks.get(user, {}).pop(other, None)
