"""Rate limits. Source: "Limits"."""

from converters.platform import OTHERS, RateLimit

LIMITS = (RateLimit("messages", ("messages",), 50), RateLimit("others", (OTHERS,), 10))
