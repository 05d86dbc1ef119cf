"""Ids of messages: XXXX-XXXX-XXXX-XXXX, laid out as two real ones seem to be."""

from base64 import b32hexencode
from zlib import crc32


class Uids:
    """80 bits in the alphabet 0-9A-V: 42 of time, 12 of a counter, 4 of conversation type, 22 of the target."""

    def __init__(self) -> None:
        self._count = 0

    def next(self, time: int, conversation_type: int, target: str) -> str:
        """*time* in ms, which must not fall; unique up to 4096 in one."""
        self._count = (self._count + 1) & 0xFFF
        number = time << 38 | self._count << 26 | conversation_type << 22 | crc32(target.encode()) & 0x3FFFFF
        symbols = b32hexencode(number.to_bytes(10)).decode()
        return f"{symbols[:4]}-{symbols[4:8]}-{symbols[8:12]}-{symbols[12:]}"
