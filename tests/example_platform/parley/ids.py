"""User ids of Parley: it tells upper case from lower case. Source: "Users"."""

from string import ascii_letters, digits

from converters.routing.user_ids import IdRule

USER_IDS = IdRule(ascii_letters + digits + "-_.", 64)
