"""Who has written what a callback holds."""

from converters.core import wire
from converters.core.lenient import word
from converters.platforms.rongcloud.callback import RoutedMessage, read


def author(body: bytes) -> str:
    """Who sends, or whose doing is reported."""
    try:
        said = read(body)
    except wire.Malformed:
        return ""
    fields = said.fields if isinstance(said, RoutedMessage) else said.value
    return word(fields.get("fromUserId")) if isinstance(fields, dict) else ""
