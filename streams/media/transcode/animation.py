"""Pictures that move: told from still ones, and remade as the one form of them that every client shows."""

from collections.abc import Iterator
from contextlib import suppress
from typing import IO

from PIL import Image

from streams.media.transcode.request import TranscodeLimits, emptied, size

_MOVE = frozenset({"GIF", "WEBP", "PNG", "AVIF"})
_SIDES = (0, 480, 240)
"""Pixels of the longer side at most, where it is too large otherwise; 0 is as it is."""
_SHORTEST, _USUAL = 20, 100
"""Milliseconds that a picture stays; browsers show shorter ones for longer."""
_TOGETHER = 4
"""How many times the pixels of one picture all of them may have."""


def moves(image: Image.Image) -> bool:
    """Also where a later picture of it is broken, which viewers do without."""
    if image.format not in _MOVE:
        return False
    try:
        return bool(getattr(image, "n_frames", 1) > 1)
    except Exception:  # noqa: BLE001 - its readers raise nearly everything
        return bool(getattr(image, "is_animated", False)) or image.format == "GIF"


def remade(image: Image.Image, file: IO[bytes], box: tuple[int, int], limits: TranscodeLimits, room: int) -> tuple[int, int] | None:
    """A GIF of *image* in *file*, within *box* and *room* bytes (0 is no limit), and its sides; None where it cannot be had so."""
    for side in _SIDES:
        sides = _fitted(image.size, box, side)
        if side and max(sides) >= max(_fitted(image.size, box, 0)):
            continue
        pictures = list(_pictures(image, sides, limits))
        if len(pictures) < 2:
            return None
        first, times = pictures[0][0], [stays for _, stays in pictures]
        others = [picture for picture, _ in pictures[1:]]
        first.save(emptied(file), "GIF", save_all=True, append_images=others, duration=times, loop=image.info.get("loop", 0), disposal=2)
        if not room or size(file) <= room:
            return sides
    return None


def _pictures(image: Image.Image, sides: tuple[int, int], limits: TranscodeLimits) -> Iterator[tuple[Image.Image, int]]:
    """As many as can be read, and how long each stays; none where they are too many."""
    count = getattr(image, "n_frames", 1)
    if count * image.width * image.height > _TOGETHER * limits.pixels:
        return
    for at in range(count):
        with suppress(EOFError, OSError, ValueError):
            image.seek(at)
            picture = image.convert("RGBA")
            yield (
                picture if picture.size == sides else picture.resize(sides, reducing_gap=3.0),
                max(_SHORTEST, int(image.info.get("duration", _USUAL))),
            )


def _fitted(sides: tuple[int, int], box: tuple[int, int], longest: int) -> tuple[int, int]:
    width, height = sides
    scale = min(1.0, *(one / other for one, other in zip(box, sides, strict=True) if one), longest / max(sides) if longest else 1.0)
    return max(1, round(width * scale)), max(1, round(height * scale))
