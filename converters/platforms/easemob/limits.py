"""What Easemob takes from one App Key by default. Source: "Easemob: API call limits"; most can be raised by contract.

The page does not say whether a second or a minute is a fixed or a sliding one. Each receiver of a call is a message. What is
not named here (import, recall, edit, reactions, groups, contacts) has 100 calls a second for each API.
"""

from converters.platform import OTHERS, RateLimit

USERS = ("users", "users/password", "users/state", "users/delete", "users/get", "users/list", "push/style", "push/nickname", "notification")
"""All that counts for the one limit of user management; that push settings do as well only some pages say."""

LIMITS = (
    RateLimit("users-calls", ("messages/users",), 100),
    RateLimit("users-messages", ("messages/users",), 6000, 60.0, "messages"),
    RateLimit("groups-calls", ("messages/chatgroups",), 20),
    RateLimit("groups-messages", ("messages/chatgroups",), 20, 1.0, "messages"),
    # Pages before 2025 have 20 calls a second for rooms: an older contract may need `rooms-calls = 20` in the settings.
    RateLimit("rooms-calls", ("messages/chatrooms",), 100),
    RateLimit("rooms-messages", ("messages/chatrooms",), 100, 1.0, "messages"),
    RateLimit("users", USERS, 100),
    RateLimit("joined-groups", ("chatgroups/joined",), 50),
    RateLimit("rooms-create", ("chatrooms/create",), 50),
    RateLimit("rooms-list", ("chatrooms/list",), 50),
    RateLimit("blocks", ("blocks/add", "blocks/remove"), 50),
    RateLimit("uploads", ("chatfiles",), 100),
    RateLimit("history", ("chatmessages",), 10, 60.0),
    RateLimit("others", (OTHERS,), 100),
)
