"""Ids on Yunxin: accids, and how superteams are told from teams."""

from converters.ids import IdRule

USER_IDS = IdRule("abcdefghijklmnopqrstuvwxyz0123456789_@.-", 32, "characters")
"""accid: 1 to 32 characters, stored in lower case. Source: "Yunxin: Create an IM account"."""

SUPER = "super-"
"""Teams and superteams are counted separately: a superteam's group id is `super-` and its tid, in `identities` as well."""
