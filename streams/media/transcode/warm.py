"""What the libraries read late is read before the first stranger's file comes: afterwards nothing can be opened."""

import copy
import io
import logging
import struct
import warnings
from typing import Any

from PIL import Image, ImageCms, ImageColor, ImageFilter, ImagePalette, MpoImagePlugin, TiffImagePlugin

from converters.files.media import Role, Shape
from streams.media.transcode import worker
from streams.media.transcode.audio import ENCODINGS
from streams.media.transcode.images import DECODERS
from streams.media.transcode.request import OpenRequest, TranscodeLimits, TranscodeSpec, WorkerResult

LATE = (copy, logging, ImageCms, ImageColor, ImageFilter, ImagePalette, MpoImagePlugin, TiffImagePlugin)
"""What the libraries import in the middle of some files."""
_SIDE, _RATE = 16, 8_000


def up(limits: TranscodeLimits) -> None:
    """A picture and a sound of our own through every form, back and forth."""
    warnings.simplefilter("ignore")  # to show one, its source would be read
    Image.preinit()
    jpeg = Shape(formats=("jpeg",), thumbnail=Shape(formats=("jpeg",), box=(8, 8), inline=8_000))
    for form in DECODERS:
        if form not in ("heic", "heif"):  # whose writer would start threads; its reader is there with the module
            _through(_picture(DECODERS[form]), "image", jpeg, limits)
    for form in ("gif", "png", "webp", "avif"):
        _through(_picture("JPEG"), "image", Shape(formats=(form,)), limits)
    turned = Image.Exif()
    turned[0x0112] = 6
    _through(_picture("JPEG", exif=turned), "image", jpeg, limits)
    _through(
        _picture("GIF", save_all=True, append_images=[Image.new("P", (_SIDE, _SIDE), 1)]),
        "gif",
        Shape(formats=("gif",), box=(8, 8)),
        limits,
    )
    sound = _wave()
    for form in ENCODINGS:
        made = _through(sound, "voice", Shape(formats=(form,)), limits)
        _through(made, "voice", Shape(formats=("mp3" if form != "mp3" else "m4a",)), limits)


def _through(content: bytes, role: Role, shape: Shape, limits: TranscodeLimits) -> bytes:
    made = io.BytesIO()
    found = worker.answered(OpenRequest(TranscodeSpec(role, shape, alone=True), io.BytesIO(content), made, io.BytesIO()), limits)
    if not isinstance(found, WorkerResult):
        raise RuntimeError(f"a {role} of our own cannot be made into {shape.formats}: {found}")  # noqa: TRY004 - no wrong type, a defect
    return made.getvalue()


def _picture(form: str, **how: Any) -> bytes:
    file = io.BytesIO()
    Image.new("RGB", (_SIDE, _SIDE), "white").save(file, form, **how)
    return file.getvalue()


def _wave() -> bytes:
    """A quarter of a second of silence."""
    samples = bytes(_RATE // 2)
    head = struct.pack(
        "<4sI4s4sIHHIIHH4sI", b"RIFF", 36 + len(samples), b"WAVE", b"fmt ", 16, 1, 1, _RATE, 2 * _RATE, 2, 16, b"data", len(samples)
    )
    return head + samples
