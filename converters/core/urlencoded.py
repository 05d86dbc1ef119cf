"""application/x-www-form-urlencoded, several times faster than the standard library's."""

from collections.abc import Mapping

_PLAIN = frozenset(b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789_.-~")
_WRITTEN = [chr(byte) if byte in _PLAIN else f"%{byte:02X}" for byte in range(256)]


def write(fields: Mapping[str, str]) -> bytes:
    """*fields* as a form's body; the names must need no escaping."""
    return "&".join([f"{name}={_escaped(value)}" for name, value in fields.items()]).encode()


def _escaped(value: str) -> str:
    if not value or (value.isascii() and value.isalnum()):
        return value
    raw = value.encode()
    # In Chinese nearly every byte is escaped: escaping them all is one call.
    return "".join([_WRITTEN[byte] for byte in raw]) if value.isascii() else "%" + raw.hex("%")
