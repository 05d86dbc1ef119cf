"""What the own server is spared by default; only the customer knows what it takes: `[deliver.limits.<app>]`."""

from converters.platform import OTHERS, Limit
from converters.platforms.own.encode import CREATE, EVENT, POST

LIMITS = (
    Limit("events", (POST, CREATE, EVENT), 500),
    Limit("others", (OTHERS,), 100),
)
