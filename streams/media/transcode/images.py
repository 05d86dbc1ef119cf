"""Pictures: read whole, whatever becomes of them, and remade in another form or size where the target wants one."""

import io
import struct
import warnings
import zlib
from collections.abc import Iterator
from contextlib import contextmanager
from typing import IO, Any

import pillow_heif
from msgspec import structs
from PIL import AvifImagePlugin, Image, ImageOps, WebPImagePlugin

from converters.files.media import Shape
from converters.files.media_formats import FORMATS
from streams.media.transcode.request import (
    BadFileError,
    OpenRequest,
    Thumbnail,
    TranscodeLimits,
    WorkerResult,
    begun,
    emptied,
    size,
)

DECODERS = {"jpeg": "JPEG", "png": "PNG", "gif": "GIF", "webp": "WEBP", "heic": "HEIF", "avif": "AVIF", "bmp": "BMP"}
_QUALITY, _QUALITIES = 88, (80, 60, 40, 25)
_ORIENTATION = 0x0112
_TURNED = (5, 6, 7, 8)
_SMALLEST = 8
"""Pixels, below which no thumbnail shows anything."""
_RAISED = (
    ValueError, SyntaxError, TypeError, LookupError, EOFError, ArithmeticError, AttributeError, RuntimeError, struct.error, zlib.error,
)  # fmt: skip
_PNG = ("1", "L", "LA", "P", "RGB", "RGBA", "I;16")
"""Modes that PNG keeps as they are."""

# A worker has no threads to give; 0 is none besides the reader's own.
pillow_heif.options.DECODE_THREADS = 0
AvifImagePlugin.DEFAULT_MAX_THREADS = 1
pillow_heif.register_heif_opener(thumbnails=False)
assert AvifImagePlugin.SUPPORTED
assert WebPImagePlugin.SUPPORTED  # both imported by name: Pillow would look for them among all that it has


def press(work: OpenRequest, limits: TranscodeLimits, name: str) -> WorkerResult:
    """The picture of *work*'s source, which begins as a *name*. Raises `BadFileError`.

    What the target shows goes untouched, its EXIF too; what is made anew has none, but stands upright and keeps its colour profile.
    """
    kind = FORMATS[name].kind
    if kind != "image":
        raise BadFileError("unsupported" if kind == "other" else "mislabelled")
    shape, within = work.shape, size(work.source)
    with _judged():
        image = opened(begun(work.source), name, limits)
        image.load()
        made = _shown(image, work, within, name) or _remade(image, work, limits, name)
        if work.wanted.alone and shape.thumbnail is not None:
            return structs.replace(made, thumbnail=small(image, shape.thumbnail, work.thumbnail))
    return made


def _shown(image: Image.Image, work: OpenRequest, within: int, name: str) -> WorkerResult | None:
    """The source itself, of *within* bytes, if the target shows it; a moving picture is never made smaller."""
    shape, (width, height) = work.shape, upright(image)
    if shape.formats and name not in shape.formats:
        return None
    if shape.formats and not _moves(image):
        room = _room(work)
        if not _within(width, height, shape.box) or (room and within > room):
            return None
    return WorkerResult(format=name, source_format=name, width=width, height=height)


def _moves(image: Image.Image) -> bool:
    return bool(getattr(image, "n_frames", 1) > 1) and image.format in ("GIF", "WEBP", "PNG")


@contextmanager
def _judged() -> Iterator[None]:
    """Pillow's complaints in our words: its readers raise nearly everything on bytes that they did not expect."""
    try:
        yield
    except (BadFileError, MemoryError):
        raise
    except (Image.DecompressionBombError, Image.DecompressionBombWarning):
        raise BadFileError("pixels") from None
    except OSError as error:
        if error.errno:  # the disk's
            raise
        raise BadFileError("truncated" if "truncated" in str(error) else "damaged") from None
    except _RAISED:
        raise BadFileError("damaged") from None


def opened(file: Any, name: str, limits: TranscodeLimits) -> Image.Image:
    """Its header alone is read. Raises `BadFileError` where it promises too many pixels."""
    Image.MAX_IMAGE_PIXELS = limits.pixels
    with warnings.catch_warnings(action="error", category=Image.DecompressionBombWarning):
        image = Image.open(file, formats=(DECODERS[name],))
    if image.width * image.height > limits.pixels:
        raise BadFileError("pixels")
    return image


def upright(image: Image.Image) -> tuple[int, int]:
    turned = image.getexif().get(_ORIENTATION) in _TURNED
    return (image.height, image.width) if turned else image.size


def _within(width: int, height: int, box: tuple[int, int]) -> bool:
    return not all(box) or (width <= box[0] and height <= box[1])


def _room(work: OpenRequest) -> int:
    """Bytes that the picture may have; 0 is no limit. Only a small one has to lie in the message itself."""
    return _least(work.shape.largest, work.shape.inline if work.wanted.role == "thumbnail" else 0)


def _least(largest: int, inline: int) -> int:
    return min((each for each in (largest, inline // 4 * 3) if each), default=0)


def _remade(image: Image.Image, work: OpenRequest, limits: TranscodeLimits, name: str) -> WorkerResult:
    shape, room = work.shape, _room(work)
    target = name if name in shape.formats else shape.formats[0]
    if target == "jpeg" and "png" in shape.formats and _transparent(image):
        target = "png"
    file = emptied(work.made)
    if target == "gif" and _moves(image):
        _moving(image, file, shape.box, limits)
        return WorkerResult(new=True, format=target, source_format=name, width=image.width, height=image.height)
    still = _boxed(ImageOps.exif_transpose(image), shape.box)
    profile = {"icc_profile": image.info["icc_profile"]} if image.info.get("icc_profile") else {}
    match target:
        case "jpeg":
            _flat(still).save(file, "JPEG", quality=_QUALITY, exif=b"", **profile)
        case "png":
            (still if still.mode in _PNG else still.convert("RGBA")).save(file, "PNG", exif=b"", **profile)
        case "gif" | "webp" | "avif":
            still.save(file, DECODERS[target])
        case _:
            raise BadFileError("unsupported")
    if not room or size(file) <= room:
        return WorkerResult(new=True, format=target, source_format=name, width=still.width, height=still.height)
    if "jpeg" not in shape.formats or (found := _fitting(_flat(still), room)) is None:
        raise BadFileError("too-large")
    content, (width, height) = found
    emptied(file).write(content)
    return WorkerResult(new=True, format="jpeg", source_format=name, width=width, height=height)


def _moving(image: Image.Image, file: IO[bytes], box: tuple[int, int], limits: TranscodeLimits) -> None:
    """All its pictures, as long as each stays; together they may have four times the pixels that one may."""
    count = getattr(image, "n_frames", 1)
    if count * image.width * image.height > 4 * limits.pixels:
        raise BadFileError("pixels")
    pictures, times = [], []
    for at in range(count):
        image.seek(at)
        pictures.append(_boxed(image.convert("RGBA"), box))
        times.append(max(20, int(image.info.get("duration", 100))))
    pictures[0].save(file, "GIF", save_all=True, append_images=pictures[1:], duration=times, loop=image.info.get("loop", 0), disposal=2)


def _transparent(image: Image.Image) -> bool:
    """Not only able to be, as every RGBA is."""
    if not image.has_transparency_data:
        return False
    lowest = image.convert("RGBA").getchannel("A").getextrema()[0]
    return bool(lowest < 255)  # type: ignore[operator]


def _flat(image: Image.Image) -> Image.Image:
    """On white, in the colours that every JPEG reader knows."""
    if image.has_transparency_data:
        behind = Image.new("RGBA", image.size, "white")
        behind.alpha_composite(image.convert("RGBA"))
        return behind.convert("RGB")
    if image.mode.startswith("I"):  # 16 bits, of which Pillow would cut off instead of scaling
        return image.convert("I").point(lambda value: value / 256).convert("L")
    return image if image.mode in ("RGB", "L") else image.convert("RGB")


def _boxed(image: Image.Image, box: tuple[int, int]) -> Image.Image:
    """Made smaller where it has to be, never larger."""
    if _within(*image.size, box):
        return image
    if image.mode not in ("RGB", "RGBA", "L", "LA"):
        image = image.convert("RGBA" if image.has_transparency_data else "RGB")
    scale = min(box[0] / image.width, box[1] / image.height)
    size = max(1, round(image.width * scale)), max(1, round(image.height * scale))
    return image.resize(size, reducing_gap=3.0)  # `thumbnail` would want a copy of the whole


def small(image: Image.Image, shape: Shape, file: IO[bytes]) -> Thumbnail | None:
    """A JPEG in *file*, within *shape*'s box and its limits of bytes; None where even a few pixels are too much."""
    still = _flat(ImageOps.exif_transpose(_boxed(image, _across(image, shape.box))))
    found = _fitting(still, _least(shape.largest, shape.inline))
    if found is None:
        return None
    content, (width, height) = found
    emptied(file).write(content)
    return Thumbnail(width=width, height=height)


def _across(image: Image.Image, box: tuple[int, int]) -> tuple[int, int]:
    """*box*, laid on its side where *image* lies so."""
    return box if upright(image) == image.size else (box[1], box[0])


def _fitting(image: Image.Image, room: int) -> tuple[bytes, tuple[int, int]] | None:
    """A JPEG in *room* bytes: of lower quality first, then of fewer pixels."""
    while min(image.size) >= 1:
        for quality in _QUALITIES:
            written = io.BytesIO()
            image.save(written, "JPEG", quality=quality, exif=b"", optimize=True)
            if not room or written.tell() <= room:
                return written.getvalue(), image.size
        if max(image.size) <= _SMALLEST:
            return None
        image = image.resize((max(1, image.width * 7 // 10), max(1, image.height * 7 // 10)))
    return None
