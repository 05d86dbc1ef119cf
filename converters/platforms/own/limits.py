"""What the own server is spared by default; only the customer knows what it takes: `[deliver.limits.<app>]`."""

from converters.platform import OTHERS, RateLimit
from converters.platforms.own.encode import CREATE, EVENT, POST

LIMITS = (RateLimit("events", (POST, CREATE, EVENT), 500), RateLimit("others", (OTHERS,), 100))
