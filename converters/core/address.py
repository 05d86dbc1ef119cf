"""Addresses as they may be shown: they can carry a user and a password, and keys in their query."""

import re

_SECRET = re.compile(r"(?<=://)[^/?#\s]*@")
_QUERY = re.compile(r"(?<=\?)[^#\s]+")


def public(url: str) -> str:
    """*url* with `…` in place of what stands before its host, and of its query; a text that is no address stays as it is."""
    return _QUERY.sub("…", _SECRET.sub("…@", url)) if "://" in url else url
