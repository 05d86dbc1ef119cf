"""Pictures that every viewer shows, broken as phones and editors break them: passed on untouched, and with a thumbnail that shows them."""

import io
import zlib
from collections.abc import Callable

import pytest
from msgspec.structs import replace
from PIL import Image, ImageCms

from converters.files.media import Shape
from streams.media.transcode import images
from streams.media.transcode.request import VAST, Transcoded, TranscodeFailed
from tests.media.transcode.conftest import LIMITS, Press
from tests.media.transcode.samples import colour_at, moving, still

SHOWN = ("jpeg", "png", "gif")
SHAPE = Shape(formats=SHOWN, thumbnail=Shape(formats=("jpeg",), box=(60, 60), inline=10_000))
RED, BLUE = (255, 0, 0), (0, 0, 255)


def made(found: Transcoded | TranscodeFailed) -> Transcoded:
    assert isinstance(found, Transcoded), found
    return found


def near(one: Transcoded, place: tuple[float, float], colour: tuple[int, int, int]) -> bool:
    picture = Image.open(io.BytesIO(one.path.read_bytes())).convert("RGB")
    found = colour_at(picture, place[0] * picture.width, place[1] * picture.height)
    return all(abs(each - other) < 40 for each, other in zip(found, colour, strict=True))


def chunk(name: bytes, content: bytes, *, right: bool = True) -> bytes:
    return len(content).to_bytes(4, "big") + name + content + (zlib.crc32(name + content) ^ (not right)).to_bytes(4, "big")


def beside(*chunks: bytes) -> bytes:
    """A PNG with *chunks* between its header and the picture."""
    data = still("PNG")
    return data[:33] + b"".join(chunks) + data[33:]


def profile() -> bytes:
    return ImageCms.ImageCmsProfile(ImageCms.createProfile("sRGB")).tobytes()


PNG = {
    "EXIF that is none": beside(chunk(b"eXIf", b"\x08\0\x02\x01\x12\0\x03\x33")),
    "EXIF that is cut": beside(chunk(b"eXIf", b"II*\0\x08\0\0\0\xff")),
    "EXIF that points nowhere": beside(chunk(b"eXIf", b"MM\0*\xff\xff\xff\xff")),
    "a profile that does not unpack": beside(chunk(b"iCCP", b"icc\0\0" + b"\xff" * 40)),
    "a profile without a name's end": beside(chunk(b"iCCP", b"x" * 80)),
    "a profile packed in no known way": beside(chunk(b"iCCP", b"icc\0\x07" + zlib.compress(profile()))),
    "text that does not unpack": beside(chunk(b"zTXt", b"Comment\0\0not packed")),
    "international text that is cut": beside(chunk(b"iTXt", b"XML:com.adobe.xmp\0\x01")),
    "wrong sums beside the picture": beside(
        chunk(b"tEXt", b"Software\0x", right=False), chunk(b"pHYs", bytes(9), right=False), chunk(b"gAMA", bytes(4), right=False)
    ),
    "side chunks that are too short": beside(chunk(b"gAMA", b""), chunk(b"cHRM", b"\0"), chunk(b"sRGB", b""), chunk(b"pHYs", b"\0\0")),
    "a chunk of nobody's": beside(chunk(b"vpAg", b"\xff" * 9), chunk(b"caBX", bytes(300))),
    "bytes behind it": still("PNG") + b"<?xpacket end='w'?>" + bytes(1000),
    "no end": still("PNG")[:-12],
    "half an end": still("PNG")[:-5],
    "no sum of the picture": still("PNG")[:-16],
    "an interlaced one without its end": still("PNG", interlace=1)[:-12],
}


def segment(marker: int, content: bytes, length: int | None = None) -> bytes:
    return bytes((0xFF, marker)) + ((len(content) + 2) if length is None else length).to_bytes(2, "big") + content


def within(*segments: bytes, data: bytes = b"") -> bytes:
    """A JPEG with *segments* at its beginning."""
    whole = data or still("JPEG")
    return whole[:2] + b"".join(segments) + whole[2:]


JPEG = {
    "no end": still("JPEG")[:-2],
    "half an end": still("JPEG")[:-1],
    "cut in its last rows": still("JPEG", (320, 240))[:-200],
    "a progressive one that is cut": still("JPEG", (320, 240), progressive=True)[:-100],
    "bytes behind it": still("JPEG") + bytes(5000),
    "another picture behind it": still("JPEG") + still("PNG"),
    "EXIF that is no TIFF": within(segment(0xE1, b"Exif\0\0this is no TIFF at all")),
    "EXIF that is cut": within(segment(0xE1, b"Exif\0\0II*\0\x08\0\0\0\x09\0\x12")),
    "EXIF that points nowhere": within(segment(0xE1, b"Exif\0\0MM\0*\xff\xff\xff\xf0")),
    "EXIF of nothing": within(segment(0xE1, b"Exif\0\0"), segment(0xE1, b"")),
    "a part of a profile": within(segment(0xE2, b"ICC_PROFILE\0\x02\x05" + bytes(40))),
    "a profile that is none": within(segment(0xE2, b"ICC_PROFILE\0\x01\x01" + b"\xff" * 40)),
    "a list of pictures that is none": within(segment(0xE2, b"MPF\0II*\0\xff\xff\xff\x7f")),
    "Photoshop's, cut": within(segment(0xED, b"Photoshop 3.0\x008BIM\x03\xed\0\0\xff\xff\xff\xff")),
    "segments of nobody's": within(segment(0xE5, bytes(9)), segment(0xEF, b"\xff" * 90), segment(0xFE, b"\xff\xd8")),
    "filling before a marker": within(b"\xff\xff\xff", segment(0xE7, b"x")),
    "an Adobe of its own": within(segment(0xEE, b"Adobe")),
}


@pytest.mark.parametrize("how", PNG)
def test_a_png_that_viewers_show_goes_untouched_and_has_a_thumbnail(how: str, press: Press) -> None:
    one = made(press(PNG[how], "image", SHAPE, alone=True))
    assert one.path.read_bytes() == PNG[how]
    assert (one.format, one.width, one.height, one.lost) == ("png", 120, 80, "")
    assert one.thumbnail is not None
    assert near(one.thumbnail, (0.2, 0.2), RED)


@pytest.mark.parametrize("how", JPEG)
def test_a_jpeg_that_viewers_show_goes_untouched_and_has_a_thumbnail(how: str, press: Press) -> None:
    one = made(press(JPEG[how], "image", SHAPE, alone=True))
    assert one.path.read_bytes() == JPEG[how]
    assert one.format == "jpeg"
    assert one.width * 2 // one.height in (2, 3)
    assert one.thumbnail is not None
    assert near(one.thumbnail, (0.2, 0.2), RED)


@pytest.mark.parametrize("form", ["JPEG", "PNG"])
@pytest.mark.parametrize("how", ["no end", "bytes behind it"])
def test_one_that_has_to_be_made_smaller_is(how: str, form: str, press: Press) -> None:
    data = {"JPEG": JPEG, "PNG": PNG}[form][how]
    one = made(press(data, "image", replace(SHAPE, box=(60, 60)), alone=True))
    assert (one.width, one.height) == (60, 40)
    assert near(one, (0.2, 0.2), RED)
    assert near(one, (0.8, 0.8), BLUE)


def test_a_turn_that_can_be_read_is_kept_whatever_else_is_broken(press: Press) -> None:
    one = made(press(still("JPEG", turned=6)[:-2], "image", SHAPE, alone=True))
    assert (one.width, one.height) == (80, 120)
    assert one.thumbnail is not None
    assert near(one.thumbnail, (0.8, 0.2), RED)


def test_a_wrong_sum_of_the_picture_itself_is_made_right(press: Press) -> None:
    """Some viewers refuse such a one, so that it does not go as it is; not a pixel of it changes."""
    data = bytearray(still("PNG"))
    data[29] ^= 0xFF  # of the header
    one = made(press(bytes(data), "image", SHAPE, alone=True))
    assert (one.path.name, one.format) == ("made", "png")
    assert Image.open(io.BytesIO(one.path.read_bytes())).tobytes() == Image.open(io.BytesIO(still("PNG"))).tobytes()


def adobe(mode: str) -> bytes:
    output = io.BytesIO()
    Image.open(io.BytesIO(still("PNG"))).convert(mode).save(output, "JPEG", quality=90)
    return output.getvalue()


@pytest.mark.parametrize("mode", ["CMYK", "L", "YCbCr"])
def test_a_jpeg_of_other_colours_is_shown_as_it_looks(mode: str, press: Press) -> None:
    one = made(press(adobe(mode), "image", SHAPE, alone=True))
    assert one.path.read_bytes() == adobe(mode)
    assert one.thumbnail is not None
    assert mode == "L" or near(one.thumbnail, (0.2, 0.2), RED)


GIF: dict[str, Callable[[], bytes]] = {
    "no end": lambda: still("GIF")[:-1],
    "bytes behind it": lambda: still("GIF") + bytes(100),
    "a film without its end": lambda: moving()[:-1],
    "a film whose last picture is cut": lambda: moving()[:-20],
}


@pytest.mark.parametrize("how", GIF)
def test_a_gif_that_viewers_show_goes_untouched(how: str, press: Press) -> None:
    one = made(press(GIF[how](), "gif", SHAPE, alone=True))
    assert one.path.read_bytes() == GIF[how]()
    assert one.thumbnail is not None
    assert near(one.thumbnail, (0.2, 0.2), RED)


@pytest.mark.parametrize("form", ["WEBP", "HEIF", "AVIF", "BMP"])
def test_what_has_to_be_remade_is_read_with_bytes_behind_it(form: str, press: Press) -> None:
    one = made(press(still(form) + bytes(64), "image", SHAPE, alone=True))
    assert one.format == "jpeg"
    assert near(one, (0.2, 0.2), RED)
    assert near(one, (0.8, 0.8), BLUE)


@pytest.mark.parametrize(
    "data",
    [
        still("JPEG")[:100],
        b"\xff\xd8\xff\xd9",
        b"\xff\xd8\xff\xe0\0\x02",
        still("PNG")[:33],
        still("PNG")[:50],
        b"\x89PNG\r\n\x1a\n",
        still("GIF")[:20],
        still("PNG")[:41] + bytes(4) + still("PNG")[45:],
    ],
)
def test_where_nothing_can_be_seen_nothing_is_passed_on_as_a_picture(data: bytes, press: Press) -> None:
    assert press(data, "image", SHAPE, alone=True) in (TranscodeFailed("damaged"), TranscodeFailed("truncated"))


# -- more pixels than are unpacked

FEW = replace(LIMITS, pixels=5_000)


def test_a_photograph_of_more_pixels_than_are_unpacked_goes_untouched_with_its_own_thumbnail(press: Press) -> None:
    data = still("JPEG")
    one = made(press(data, "image", SHAPE, alone=True, limits=FEW))
    assert one.path.read_bytes() == data
    assert (one.width, one.height, one.lost) == (120, 80, "")
    assert one.thumbnail is not None
    assert near(one.thumbnail, (0.2, 0.2), RED)
    assert near(one.thumbnail, (0.8, 0.8), BLUE)
    turned = made(press(still("JPEG", turned=6), "image", SHAPE, alone=True, limits=FEW))
    assert (turned.width, turned.height) == (80, 120)


def test_one_that_is_to_be_smaller_is_unpacked_to_a_part(press: Press) -> None:
    one = made(press(still("JPEG"), "image", replace(SHAPE, box=(40, 40)), limits=FEW))
    assert (one.width, one.height) == (40, 27)
    assert near(one, (0.2, 0.2), RED)


@pytest.mark.parametrize("form", ["PNG", "GIF"])
def test_a_panorama_that_cannot_be_unpacked_has_a_thumbnail_that_stands_for_it(form: str, press: Press) -> None:
    data = still(form)
    one = made(press(data, "image", SHAPE, alone=True, limits=FEW))
    assert one.path.read_bytes() == data
    assert (one.width, one.height, one.lost) == (120, 80, "thumbnail")
    assert one.thumbnail is not None
    assert (one.thumbnail.width, one.thumbnail.height) == (60, 40)
    without = made(press(data, "image", replace(SHAPE, thumbnail=None), limits=FEW))
    assert (without.lost, without.thumbnail) == ("", None)


def test_what_has_to_be_remade_has_to_be_unpacked(press: Press) -> None:
    assert press(still("WEBP"), "image", SHAPE, limits=FEW) == TranscodeFailed("pixels")
    assert press(still("PNG"), "image", replace(SHAPE, box=(40, 40)), limits=FEW) == TranscodeFailed("pixels")
    assert press(still("PNG"), "image", replace(SHAPE, largest=100), limits=FEW) == TranscodeFailed("pixels")


@pytest.mark.parametrize("form", ["PNG", "JPEG", "GIF"])
def test_there_is_an_end_to_what_is_passed_on_unread(form: str, press: Press) -> None:
    assert press(still(form), "image", SHAPE, limits=replace(LIMITS, pixels=120 * 80 // VAST - 1)) == TranscodeFailed("pixels")


def test_a_picture_that_takes_too_much_memory_goes_untouched(press: Press, monkeypatch: pytest.MonkeyPatch) -> None:
    def exhausted(*_: object) -> None:
        raise MemoryError

    monkeypatch.setattr(images, "_read", exhausted)
    one = made(press(still("PNG"), "image", SHAPE, alone=True))
    assert (one.path.name, one.lost) == ("source", "thumbnail")
