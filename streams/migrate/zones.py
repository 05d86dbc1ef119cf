"""Time zones of quiet hours, as sources name them."""

from functools import cache
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from converters.examine import zone_in_form


@cache
def known_zone(name: str) -> bool:
    """An offset, a name of the table of zones, or nothing."""
    if not name or zone_in_form(name):
        return True
    try:
        ZoneInfo(name)
    except (ZoneInfoNotFoundError, ValueError, OSError):
        return False
    return True
