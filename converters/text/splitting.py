"""Text that is too long for one message of a target, in parts that are not."""

from collections.abc import Callable


def split(text: str, limit: int, size: Callable[[str], int]) -> list[str]:
    """Parts of at most *limit* by *size*, which together are *text*; cut at white space near the middle where there is some.

    *size* must grow with the text, and no character may be larger than *limit*.
    """
    if len(text) < 2 or size(text) <= limit:
        return [text]
    middle, quarter = len(text) // 2, len(text) // 4
    for space in "\n ":
        found = text.rfind(space, quarter, len(text) - quarter - 1)  # never the last: both parts hold something
        if found >= 0:
            middle = found + 1
            break
    return split(text[:middle], limit, size) + split(text[middle:], limit, size)
