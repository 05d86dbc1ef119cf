"""Reactions to messages. Source: "Easemob: reactions"."""

from typing import Any

DISTINCT = 20


class Reactions:
    """Who reacted to a message with what, in the order in which it began."""

    def __init__(self) -> None:
        self._of: dict[str, dict[str, list[str]]] = {}

    def of(self, message_id: str) -> dict[str, list[str]]:
        return self._of.get(message_id, {})

    def wrong(self, message_id: str, user: str, reaction: str, *, add: bool) -> str | None:
        """Why it cannot be; only the words for a repetition are the vendor's."""
        now = self.of(message_id)
        if add and user in now.get(reaction, []):
            return "the user is already operation this message"
        if add and reaction not in now and len(now) >= DISTINCT:
            return f"the reactions of this message exceed limit {DISTINCT}"
        if not add and user not in now.get(reaction, []):
            return "the user has not operation this message"
        return None

    def change(self, message_id: str, user: str, reaction: str, *, add: bool) -> list[dict[str, Any]]:
        """The full state after it, with ``op`` at what has changed, even if nobody is left there."""
        now = self._of.setdefault(message_id, {})
        users = now.setdefault(reaction, [])
        (users.append if add else users.remove)(user)
        op = [{"reactionType": "create" if add else "delete", "operator": user}]
        state = [
            ({"op": op} if name == reaction else {}) | {"reaction": name, "userList": list(who), "count": len(who)}
            for name, who in now.items()
        ]
        if not users:
            del now[reaction]
        return state
