"""Ids on Easemob."""

from converters.routing.user_ids import IdRule, fold

USER_IDS = IdRule("abcdefghijklmnopqrstuvwxyz0123456789_.-", 64, "bytes")
"""username: at most 64 bytes, not empty, in lower case. Source: "Easemob: User management".

The old server SDK takes only 33 characters of a-z, 0-9 and `-`, unless its check is switched off; the service does not."""


ADMINS = frozenset({"@ppadmin", "admin", "easemob_rest_app_admin"})
"""Who did what was done by the REST API and in nobody's name, in lower case."""


def plain(user: str) -> str:
    """The user id out of the internal forms `org#app_user` and `org#app_user@easemob.com/device` that some callbacks use."""
    if "#" in user or "@easemob.com" in user:
        user = user.partition("@easemob.com")[0]
        key, found, name = user.partition("_")
        if found and "#" in key:
            user = name
    return fold(user)
