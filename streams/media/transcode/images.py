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
from PIL import AvifImagePlugin, Image, ImageFile, ImageOps, WebPImagePlugin

from converters.files.media import Shape
from converters.files.media_formats import FORMATS
from streams.media.transcode import animation, image_repair
from streams.media.transcode.request import VAST, BadFileError, OpenRequest, Thumbnail, TranscodeLimits, WorkerResult, begun, emptied, size

DECODERS = {"jpeg": "JPEG", "png": "PNG", "gif": "GIF", "webp": "WEBP", "heic": "HEIF", "avif": "AVIF", "bmp": "BMP"}
_QUALITY, _QUALITIES = 88, (80, 60, 40, 25)
_ORIENTATION = 0x0112
_TURNED = (5, 6, 7, 8)
_MENDABLE = frozenset({"damaged", "truncated"})
_SCALES = (2, 4, 8)
"""By which libjpeg makes a picture smaller while it unpacks it."""
_STAND_IN = (208, 208, 208)
"""Colour of a thumbnail that cannot be made."""
_SMALLEST = 8
"""Pixels, below which no thumbnail shows anything."""
_RAISED = (
    ValueError,
    SyntaxError,
    TypeError,
    LookupError,
    EOFError,
    ArithmeticError,
    AttributeError,
    RuntimeError,
    struct.error,
    zlib.error,
)
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

    What the target shows goes untouched, its EXIF too, also where it has to be mended to be read here; what is made anew has none, but
    stands upright and keeps its colour profile.
    """
    kind = FORMATS[name].kind
    if kind != "image":
        raise BadFileError("unsupported" if kind == "other" else "mislabelled")
    try:
        try:
            return _read(work, begun(work.source), limits, name)
        except BadFileError as bad:
            found = image_repair.mended(begun(work.source).read(), name) if bad.reason in _MENDABLE else None
            if found is None:
                raise
            return _mended(work, found, limits, name)
    except (BadFileError, MemoryError) as error:
        unread = _unread(work, limits, name) if isinstance(error, MemoryError) or error.reason == "pixels" else None
        if unread is None:
            raise
        return unread


def _read(work: OpenRequest, source: IO[bytes], limits: TranscodeLimits, name: str) -> WorkerResult:
    with _judged():
        image, sides = opened(source, name, limits)
        image.load()
        made = _shown(image, sides, work, name) or _remade(image, work, limits, name)
        if work.wanted.alone and work.shape.thumbnail is not None:
            return structs.replace(made, thumbnail=small(image, work.shape.thumbnail, work.thumbnail))
    return made


def _mended(work: OpenRequest, found: image_repair.Mended, limits: TranscodeLimits, name: str) -> WorkerResult:
    ImageFile.LOAD_TRUNCATED_IMAGES = True
    try:
        made = _read(work, io.BytesIO(found.content), limits, name)
    finally:
        ImageFile.LOAD_TRUNCATED_IMAGES = False
    if made.new or found.shown or not work.shape.formats:
        return made
    emptied(work.made).write(found.content)
    return structs.replace(made, new=True)


def _unread(work: OpenRequest, limits: TranscodeLimits, name: str) -> WorkerResult | None:
    """The source itself, if the target shows it as it is: too large to be unpacked here, which those who look at it need not do either."""
    shape, room = work.shape, _room(work)
    if (shape.formats and name not in shape.formats) or all(shape.box) or (room and size(work.source) > room):
        return None
    found = image_repair.mended(begun(work.source).read(), name)  # at least there is something in it
    if found is None:
        return None
    with _judged():
        Image.MAX_IMAGE_PIXELS = limits.pixels * VAST
        with warnings.catch_warnings(action="error", category=Image.DecompressionBombWarning):
            width, height = upright(Image.open(begun(work.source), formats=(DECODERS[name],)))
        made = WorkerResult(format=name, source_format=name, width=width, height=height)
        if not work.wanted.alone or shape.thumbnail is None:
            return made
        across = _boxed_sides((width, height), shape.thumbnail.box)
        thumbnail = small(Image.new("RGB", across, _STAND_IN), shape.thumbnail, work.thumbnail)
    return structs.replace(made, thumbnail=thumbnail, lost="thumbnail")


def _shown(image: Image.Image, sides: tuple[int, int], work: OpenRequest, name: str) -> WorkerResult | None:
    """The source itself, if the target shows it; a moving picture is never made smaller."""
    shape, (width, height) = work.shape, sides if upright(image) == image.size else (sides[1], sides[0])
    if shape.formats and name not in shape.formats:
        return None
    if shape.formats and not animation.moves(image):
        room = _room(work)
        if not _within(width, height, shape.box) or (room and size(work.source) > room):
            return None
    return WorkerResult(format=name, source_format=name, width=width, height=height)


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


def opened(file: Any, name: str, limits: TranscodeLimits) -> tuple[Image.Image, tuple[int, int]]:
    """Its header alone is read; with its sides, since a JPEG of too many pixels is unpacked to a half of each, or less. Raises `BadFileError`."""
    Image.MAX_IMAGE_PIXELS = limits.pixels * VAST
    with warnings.catch_warnings(action="error", category=Image.DecompressionBombWarning):
        image = Image.open(file, formats=(DECODERS[name],))
    sides = image.size
    if image.width * image.height > limits.pixels:
        scale = next((each for each in _SCALES if image.width // each * (image.height // each) <= limits.pixels), 0)
        if name != "jpeg" or not scale:
            raise BadFileError("pixels")
        image.draft(None, (image.width // scale, image.height // scale))
    if image.width * image.height > limits.pixels:
        raise BadFileError("pixels")
    return image, sides


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
    file, lost = emptied(work.made), ""
    if animation.moves(image):
        sides = animation.remade(image, file, shape.box, limits, room) if "gif" in shape.formats else None
        image.seek(0)
        if sides is not None:
            return WorkerResult(
                new=True, format="gif", source_format=name, width=sides[0], height=sides[1], lost="" if name == "gif" else "colours"
            )
        file, lost = emptied(work.made), "motion"
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
        return WorkerResult(new=True, format=target, source_format=name, width=still.width, height=still.height, lost=lost)
    if "jpeg" not in shape.formats or (found := _fitting(_flat(still), room)) is None:
        raise BadFileError("too-large")
    content, (width, height) = found
    emptied(file).write(content)
    return WorkerResult(new=True, format="jpeg", source_format=name, width=width, height=height, lost=lost)


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
    return image.resize(_boxed_sides(image.size, box), reducing_gap=3.0)  # `thumbnail` would want a copy of the whole


def _boxed_sides(sides: tuple[int, int], box: tuple[int, int]) -> tuple[int, int]:
    scale = min(box[0] / sides[0], box[1] / sides[1], 1.0) if all(box) else 1.0
    return max(1, round(sides[0] * scale)), max(1, round(sides[1] * scale))


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
