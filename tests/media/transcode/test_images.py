"""Pictures: what is seen in them before and after."""

import io
import struct
import zlib

import pytest
from msgspec.structs import replace
from PIL import Image

from converters.files.media import Role, Shape
from converters.files.media_formats import sniff
from streams.media.transcode.request import Transcoded, TranscodeFailed
from tests.media.transcode.conftest import LIMITS, Press
from tests.media.transcode.samples import colour_at, moving, still

SHOWN = ("jpeg", "png", "gif")
FORMS = {"JPEG": "jpeg", "PNG": "png", "GIF": "gif", "WEBP": "webp", "HEIF": "heic", "AVIF": "avif", "BMP": "bmp"}
RED, BLUE, WHITE = (255, 0, 0), (0, 0, 255), (255, 255, 255)


def made(found: Transcoded | TranscodeFailed) -> Transcoded:
    assert isinstance(found, Transcoded), found
    return found


def seen(one: Transcoded) -> Image.Image:
    data = one.path.read_bytes()
    assert sniff(data).name == one.format
    picture = Image.open(io.BytesIO(data))
    picture.load()
    return picture


def near(picture: Image.Image, place: tuple[float, float], colour: tuple[int, ...]) -> bool:
    """*place*: parts of width and height."""
    found = colour_at(picture.convert("RGB"), place[0] * picture.width, place[1] * picture.height)
    return all(abs(one - other) < 24 for one, other in zip(found, colour, strict=True))


@pytest.mark.parametrize("form", FORMS)
def test_every_form_becomes_one_that_is_shown(form: str, press: Press) -> None:
    data = still(form)
    one = made(press(data, "image", Shape(formats=SHOWN)))
    assert (one.source_format, one.width, one.height) == (FORMS[form], 120, 80)
    if FORMS[form] in SHOWN:
        assert one.path.read_bytes() == data
        return
    assert one.format == "jpeg"
    picture = seen(one)
    assert picture.size == (120, 80)
    assert near(picture, (0.2, 0.2), RED)
    assert near(picture, (0.8, 0.8), BLUE)
    assert not picture.getexif()


@pytest.mark.parametrize("form", ["WEBP", "HEIF", "AVIF"])
def test_what_is_clear_stays_clear_where_the_target_shows_it(form: str, press: Press) -> None:
    one = made(press(still(form, mode="RGBA"), "image", Shape(formats=SHOWN)))
    assert one.format == "png"
    assert colour_at(seen(one), 110, 10)[3] == 0
    assert colour_at(seen(one), 10, 10)[3] == 255
    flat = made(press(still(form, mode="RGBA"), "image", Shape(formats=("jpeg",))))
    assert flat.format == "jpeg"
    assert near(seen(flat), (0.9, 0.2), WHITE)
    assert near(seen(flat), (0.2, 0.2), RED)


def test_an_alpha_that_hides_nothing_is_no_reason_for_png(press: Press) -> None:
    output = io.BytesIO()
    Image.new("RGBA", (40, 40), "red").save(output, "WEBP", lossless=True, exact=True)
    assert made(press(output.getvalue(), "image", Shape(formats=SHOWN))).format == "jpeg"


TURNED = {1: (0.2, 0.2), 2: (0.8, 0.2), 3: (0.8, 0.8), 4: (0.2, 0.8), 5: (0.2, 0.2), 6: (0.8, 0.2), 7: (0.8, 0.8), 8: (0.2, 0.8)}
"""Where the red is, as a viewer that honours the orientation shows it."""


@pytest.mark.parametrize("turned", TURNED)
@pytest.mark.parametrize("form", ["WEBP", "HEIF", "AVIF"])
def test_what_lies_on_its_side_is_made_upright_and_keeps_no_place(form: str, turned: int, press: Press) -> None:
    one = made(press(still(form, turned=turned), "image", Shape(formats=SHOWN)))
    picture = seen(one)
    assert picture.size == (one.width, one.height) == ((80, 120) if turned >= 5 else (120, 80))
    assert near(picture, TURNED[turned], RED)
    assert not picture.getexif(), "neither a turn, nor where it was taken"


@pytest.mark.parametrize("turned", TURNED)
def test_what_goes_untouched_keeps_its_turn_and_says_how_it_is_shown(turned: int, press: Press) -> None:
    data = still("JPEG", turned=turned)
    one = made(press(data, "image", Shape(formats=SHOWN, thumbnail=Shape(formats=("jpeg",), box=(60, 60))), alone=True))
    assert one.path.read_bytes() == data
    assert (one.width, one.height) == ((80, 120) if turned >= 5 else (120, 80))
    assert one.thumbnail is not None
    assert (one.thumbnail.width, one.thumbnail.height) == ((40, 60) if turned >= 5 else (60, 40))
    assert near(seen(one.thumbnail), TURNED[turned], RED)
    assert not seen(one.thumbnail).getexif()


@pytest.mark.parametrize("form", FORMS)
def test_every_form_gets_a_thumbnail_where_none_came(form: str, press: Press) -> None:
    shape = Shape(formats=SHOWN, thumbnail=Shape(formats=("jpeg",), box=(40, 40)))
    one = made(press(still(form), "image", shape, alone=True))
    assert one.thumbnail is not None
    assert seen(one.thumbnail).size == (40, 27)
    assert near(seen(one.thumbnail), (0.2, 0.2), RED)
    assert made(press(still(form), "image", shape, alone=False)).thumbnail is None


@pytest.mark.parametrize("inline", [10_000, 3_000, 1_200])
def test_a_thumbnail_fits_into_the_message_whatever_it_costs(inline: int, press: Press) -> None:
    noise = io.BytesIO()
    Image.effect_noise((600, 400), 90).save(noise, "PNG")
    small = Shape(formats=("jpeg",), box=(240, 240), inline=inline)
    one = made(press(noise.getvalue(), "image", Shape(formats=SHOWN, thumbnail=small), alone=True))
    assert one.thumbnail is not None
    assert -(-one.thumbnail.path.stat().st_size // 3) * 4 <= inline
    sent = made(press(noise.getvalue(), "thumbnail", small))
    assert -(-sent.path.stat().st_size // 3) * 4 <= inline
    assert max(seen(sent).size) <= 240


def test_where_no_thumbnail_can_fit_the_picture_goes_without(press: Press) -> None:
    shape = Shape(formats=SHOWN, thumbnail=Shape(formats=("jpeg",), box=(40, 40), inline=100))
    one = made(press(still("PNG"), "image", shape, alone=True))
    assert one.thumbnail is None
    assert press(still("PNG"), "thumbnail", Shape(formats=("jpeg",), inline=100)) == TranscodeFailed("too-large")


def test_a_box_makes_smaller_and_never_larger(press: Press) -> None:
    shape = Shape(formats=SHOWN, box=(60, 60))
    assert made(press(still("PNG"), "image", shape)).width == 60
    data = still("PNG", (50, 30))
    assert made(press(data, "image", shape)).path.read_bytes() == data
    assert made(press(still("WEBP", (50, 30)), "image", shape)).width == 50


def test_a_picture_larger_than_the_target_takes_is_made_smaller(press: Press) -> None:
    noise = io.BytesIO()
    Image.effect_noise((400, 300), 90).save(noise, "PNG")
    one = made(press(noise.getvalue(), "image", Shape(formats=SHOWN, largest=20_000)))
    assert one.format == "jpeg"
    assert one.path.stat().st_size <= 20_000
    assert press(noise.getvalue(), "image", Shape(largest=20_000)) == TranscodeFailed("too-large")


@pytest.mark.parametrize("role", ["gif", "image"])
def test_a_moving_picture_goes_untouched(role: Role, press: Press) -> None:
    data = moving()
    shape = Shape(formats=("gif", "jpeg", "png"), box=(30, 30), thumbnail=Shape(formats=("jpeg",), box=(30, 30)))
    one = made(press(data, role, shape, alone=True))
    assert one.path.read_bytes() == data
    assert one.thumbnail is not None
    assert near(seen(one.thumbnail), (0.5, 0.5), RED)


def test_a_moving_webp_still_moves_as_a_gif(press: Press) -> None:
    one = made(press(moving("WEBP"), "gif", Shape(formats=("gif", "jpeg"))))
    picture = seen(one)
    assert (one.format, getattr(picture, "n_frames", 1), picture.info["duration"]) == ("gif", 3, 100)
    picture.seek(2)
    assert near(picture, (0.5, 0.5), BLUE)


@pytest.mark.parametrize("form", ["WEBP", "AVIF"])
@pytest.mark.parametrize("role", ["image", "sticker", "gif"])
def test_what_moves_still_moves_in_whichever_role_it_was_sent(role: Role, form: str, press: Press) -> None:
    shape = Shape(formats=SHOWN, thumbnail=Shape(formats=("jpeg",), box=(30, 30)))
    one = made(press(moving(form), role, shape, alone=True))
    picture = seen(one)
    assert (one.format, getattr(picture, "n_frames", 1), one.lost) == ("gif", 3, "colours")
    assert near(picture, (0.5, 0.5), RED)
    picture.seek(2)
    assert near(picture, (0.5, 0.5), BLUE)
    assert one.thumbnail is not None
    assert near(seen(one.thumbnail), (0.5, 0.5), RED), "of the first picture"


def test_where_the_target_shows_it_a_moving_webp_goes_untouched(press: Press) -> None:
    data = moving("WEBP")
    one = made(press(data, "image", Shape(formats=("webp", "gif", "jpeg"))))
    assert (one.path.read_bytes(), one.lost) == (data, "")


def test_what_cannot_move_there_is_shown_still_and_the_loss_is_told(press: Press) -> None:
    one = made(press(moving("WEBP"), "image", Shape(formats=("jpeg",))))
    assert (one.format, one.lost) == ("jpeg", "motion")
    many = made(press(moving("WEBP", 5), "image", Shape(formats=SHOWN), limits=replace(LIMITS, pixels=2_400)))
    assert (many.format, many.lost) == ("jpeg", "motion"), "more pictures than are unpacked"
    noise, output = [Image.effect_noise((60, 40), 90) for _ in range(3)], io.BytesIO()
    noise[0].save(output, "WEBP", save_all=True, append_images=noise[1:], lossless=True)
    large = made(press(output.getvalue(), "image", Shape(formats=SHOWN, largest=2_000)))
    assert (large.format, large.lost, large.path.stat().st_size <= 2_000) == ("jpeg", "motion", True)


def test_the_colour_profile_comes_along(press: Press) -> None:
    from PIL import ImageCms

    profile = ImageCms.ImageCmsProfile(ImageCms.createProfile("sRGB")).tobytes()
    one = made(press(still("WEBP", icc_profile=profile), "image", Shape(formats=SHOWN)))
    assert seen(one).info["icc_profile"] == profile


def bomb(width: int, height: int) -> bytes:
    def chunk(name: bytes, content: bytes) -> bytes:
        return struct.pack(">I", len(content)) + name + content + struct.pack(">I", zlib.crc32(name + content))

    header = struct.pack(">IIBBBBB", width, height, 8, 2, 0, 0, 0)
    return b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", header) + chunk(b"IDAT", b"not packed") + chunk(b"IEND", b"")


def test_a_picture_of_too_many_pixels_is_refused_by_its_header(press: Press) -> None:
    assert press(bomb(1_000, 1_000), "image", Shape(formats=SHOWN)) == TranscodeFailed("damaged"), "whoever unpacks it, finds out"
    assert press(bomb(100_000, 100_000), "image", Shape(formats=SHOWN)) == TranscodeFailed("pixels")
    assert press(bomb(2_001, 1_000), "image", Shape(formats=SHOWN)) == TranscodeFailed("pixels"), (
        "nor does it go untouched: there is nothing in it"
    )
    assert press(still("HEIF", (64, 64)), "image", Shape(formats=SHOWN), limits=replace(LIMITS, pixels=4_000)) == TranscodeFailed("pixels")


@pytest.mark.parametrize("form", ["JPEG", "PNG", "GIF"])
def test_half_a_picture_goes_as_it_is_where_viewers_show_its_half(form: str, press: Press) -> None:
    data = still(form, (320, 240))
    data = data[: len(data) // 2 + 40]
    one = made(press(data, "image", Shape(formats=SHOWN, thumbnail=Shape(formats=("jpeg",), box=(60, 60))), alone=True))
    assert one.path.read_bytes() == data
    assert (one.width, one.height) == (320, 240)
    assert one.thumbnail is not None
    assert near(seen(one.thumbnail), (0.2, 0.1), RED)


@pytest.mark.parametrize("form", ["WEBP", "HEIF", "AVIF"])
def test_half_a_picture_of_another_form_has_a_word(form: str, press: Press) -> None:
    data = still(form, (320, 240))
    assert press(data[: len(data) // 2], "image", Shape(formats=SHOWN)) in (TranscodeFailed("truncated"), TranscodeFailed("damaged"))


def test_what_is_no_picture_is_told_apart(press: Press) -> None:
    shape = Shape(formats=SHOWN)
    assert press(b"#!AMR\n" + bytes(64), "image", shape) == TranscodeFailed("mislabelled")
    assert press(b"<svg onload='alert(1)'/>", "image", shape) == TranscodeFailed("unsupported")
    assert press(b"%!PS-Adobe-3.0 EPSF-3.0\n", "image", shape) == TranscodeFailed("unsupported")
    assert press(b"", "image", shape) == TranscodeFailed("empty")


@pytest.mark.parametrize("role", ["file", "forwarded"])
def test_a_document_goes_untouched_whatever_it_is(role: Role, press: Press) -> None:
    for data, name in ((b"<script>", "bin"), (b"%PDF-1.7", "pdf"), (still("HEIF"), "heic"), (b"", "bin")):
        one = made(press(data, role, Shape(formats=())))
        assert (one.path.name, one.format) == ("source", name)
    assert press(b"12345", role, Shape(largest=4)) == TranscodeFailed("too-large")
