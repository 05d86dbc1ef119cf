"""What becomes of groups and chat rooms, whoever did it: each is done, and called back."""

from collections.abc import Mapping, Sequence
from typing import Any

from tests.simulators.calls import Call
from tests.simulators.easemob.events import Event
from tests.simulators.easemob.group_events import Change, info
from tests.simulators.easemob.standing import Standing
from tests.simulators.easemob.state import Easemob
from tests.simulators.people import Group

SETTINGS = ("description", "avatar", "public", "membersonly", "allowinvites", "invite_need_confirm", "maxusers")
NAMES = ("groupname", "name")
"""A group's name and a room's."""


class GroupLife:
    """One group or room, in the hands of *operator*; *call* is the API call that did it, if one did.

    Nothing is checked: that is for the caller.
    """

    def __init__(self, easemob: Easemob, group: Group, operator: str, call: Call | None = None, *, room: bool = False) -> None:
        self._easemob = easemob
        self._group = group
        self._operator = operator
        self._call = call
        self.standing: Standing = easemob.standing(group, room=room)

    @classmethod
    def begin(
        cls,
        easemob: Easemob,
        owner: str,
        settings: Mapping[str, Any],
        operator: str,
        call: Call | None = None,
        *,
        group_id: str | None,
        members: Sequence[str],
        room: bool = False,
    ) -> Group:
        """A new group; over REST its members join in a second event."""
        group = easemob.make_group([owner], group_id, room=room)
        life = cls(easemob, group, operator, call, room=room)
        life.set(settings)
        apart = call is not None
        if not apart:
            life.enter(members)
        event: Event = {
            "role": {owner: "owner"},
            "member": [] if apart else list(members),
            "info": info(easemob.events, group, life.standing),
        }
        life.tell("CREATE", payload=event)
        if apart and members:
            life.join(members, "DIRECT")
        return group

    def tell(
        self, operation: str, kind: str = "", payload: Event | None = None, about: Sequence[str] = (), *, counted: bool = False
    ) -> None:
        change = Change(operation=operation, kind=kind, operator=self._operator, payload=payload or {}, about=tuple(about), counted=counted)
        self._easemob.announce(self._group, self.standing, change, self._call)

    def set(self, settings: Mapping[str, Any]) -> None:
        for name in NAMES:
            if name in settings:
                self._group.name = str(settings[name])
        if "custom" in settings:
            self._group.custom = str(settings["custom"])
        self._group.settings |= {name: settings[name] for name in SETTINGS if name in settings}

    def enter(self, members: Sequence[str]) -> None:
        for member in members:
            self._easemob.people.add_user(member, self._easemob.now())
        self._group.members += members

    def join(self, members: Sequence[str], kind: str) -> None:
        """*kind*: DIRECT, INVITE or APPLY."""
        self.enter(members)
        self.tell("JOIN", kind, {"member": list(members)}, members, counted=True)

    def leave(self, members: Sequence[str], kind: str) -> None:
        """*kind*: QUIT, KICK, BLOCK or DELETE."""
        for member in members:
            self._group.members.remove(member)
            if member in self.standing.admins:
                self.standing.admins.remove(member)
        self.tell("LEAVE", kind, {"member": list(members)}, members, counted=True)

    def destroy(self) -> None:
        """All members leave because of it, in one event, and it is deleted."""
        told = self._easemob.options.dissolution
        if "leave" in told:
            self.tell("LEAVE", "DELETE", {"member": list(self._group.members)}, self._group.members)
        if "delete" in told:
            self.tell("DELETE")
        self._easemob.forget(self._group, room=self.standing.room)

    def update(self, settings: Mapping[str, Any]) -> None:
        self.set(settings)
        # The info tells when it was changed, and so must be after it.
        self.standing.modified = self._easemob.now()
        self.tell("UPDATE", "INFO", {"info": info(self._easemob.events, self._group, self.standing)})

    def hand_over(self, to: str) -> None:
        """The owner stays as a member."""
        before, self._group.owner = self._group.owner, to
        if to in self.standing.admins:
            self.standing.admins.remove(to)
        self._group.members.sort(key=lambda member: member != to)
        self.tell("UPDATE", "OWNER", {"owner": before, "new_owner": to}, [to])

    def announce(self, text: str) -> None:
        """An empty *text* deletes the announcement."""
        self.standing.announcement = text
        self.tell("UPDATE", "ANNOUNCEMENT", {"announcement": text} if text else {})

    def mute_all(self, *, on: bool) -> None:
        self.standing.mute = on
        self.tell("UPDATE", "MUTE", {"mute": on})

    def disable(self, *, on: bool) -> None:
        self.standing.disabled = on
        self.tell("UPDATE", "DISABLE", {"disable": on})

    def rank(self, member: str, *, on: bool) -> None:
        """Make *member* an admin, or no longer."""
        (self.standing.admins.append if on else self.standing.admins.remove)(member)
        self.tell("ADMIN", how(on=on), {"admin": [member]}, [member])

    def end_of(self, duration: int) -> int:
        """When a mute of so many ms ends; -1 is for ever in both."""
        return self._easemob.now() + duration if duration >= 0 else -1

    def mute(self, members: Sequence[str], end: int) -> None:
        """Until *end*, in ms, or for ever when it is -1."""
        self.standing.muted |= dict.fromkeys(members, end)
        self.tell("MUTE", "ADD", {"member": list(members), "expire_timestamp": end}, members)

    def unmute(self, members: Sequence[str]) -> None:
        for member in members:
            self.standing.muted.pop(member, None)
        self.tell("MUTE", "REMOVE", {"member": list(members), "expire_timestamp": 0}, members)

    def block(self, members: Sequence[str], *, on: bool) -> None:
        """Whoever is blocked leaves."""
        if on:
            if within := [member for member in members if member in self._group.members]:
                self.leave(within, "BLOCK")
            self.standing.blocked += [member for member in members if member not in self.standing.blocked]
        else:
            self.standing.blocked = [one for one in self.standing.blocked if one not in members]
        self.tell("BLOCK", how(on=on), {"member": list(members), "expire_timestamp": -1 if on else 0}, members)

    def allow(self, members: Sequence[str], *, on: bool) -> None:
        """The list of those who may speak when all are muted."""
        left = [member for member in self.standing.allowed if member not in members]
        self.standing.allowed = left + (list(members) if on else [])
        self.tell("WHITE", how(on=on), {"member": list(members)}, members)


def how(*, on: bool) -> str:
    return "ADD" if on else "REMOVE"
