"""The samples of `tests.attachments`: known again when they are coded anew, and not taken for one another."""

import io
from itertools import pairwise

import pytest
from PIL import Image

from tests import attachments
from tests.attachments import colours, document, gif, heard, picture, same, same_picture, tone, video, voice, watched


def smaller(content: bytes) -> bytes:
    """As a poor JPEG, of half the size."""
    out = io.BytesIO()
    with Image.open(io.BytesIO(content)) as image:
        image.convert("RGB").reduce(2).save(out, "jpeg", quality=30)
    return out.getvalue()


@pytest.mark.parametrize("form", ["jpeg", "png", "webp"])
def test_a_picture_is_known_again_and_no_other_is_taken_for_it(form: str) -> None:
    for number in (0, 5, 31, 749):
        one = picture(number, form).content
        assert attachments.alike(attachments.picture_of(one), colours(number))
        assert same("image", one, smaller(one))
        assert same_picture(picture(number).thumbnail, one)
        assert not same("image", one, picture(number + 1, form).content)
    turned = io.BytesIO()
    with Image.open(io.BytesIO(picture(1).content)) as image:
        image.rotate(90).save(turned, "jpeg")
    assert not same_picture(picture(1).content, turned.getvalue())


def test_no_two_of_the_first_pictures_are_alike() -> None:
    found = [colours(number) for number in range(750)]
    assert len(set(found)) == 750
    assert not any(attachments.alike(one, other) for one, other in pairwise(found))


def test_a_moving_picture_that_stands_still_is_another_one() -> None:
    one = gif(3)
    assert attachments.pictures_in(one.content) == 4
    assert same("gif", one.content, gif(3).content)
    assert not same("gif", one.content, picture(3, "png").content)
    assert not same("gif", one.content, gif(4).content)


@pytest.mark.parametrize("codec", attachments.VOICES)
def test_a_voice_is_known_by_its_tone_and_length_in_every_form(codec: str) -> None:
    found = heard(voice(3, codec).content)
    assert found.frequency == pytest.approx(tone(3), rel=0.005)
    assert found.seconds == pytest.approx(2.0, abs=attachments.DRIFT)
    assert same("voice", voice(3, "wav").content, voice(3, codec).content)
    assert not same("voice", voice(3, "wav").content, voice(4, codec).content)
    assert not same("voice", voice(3, "wav").content, voice(3, codec, 2.5).content)


def test_a_video_is_known_by_its_pictures_and_length() -> None:
    found = watched(video(3).content)
    assert (found.codec, found.width, found.height) == ("h264", 160, 120)
    assert found.seconds == pytest.approx(2.0, abs=0.05)
    assert not same("video", video(3).content, video(4).content)
    assert not same("video", video(3).content, video(3, 3.0).content)
    assert heard(video(3).content).frequency == pytest.approx(tone(3), rel=0.005)


def test_any_other_file_is_the_same_byte_for_byte_or_not_at_all() -> None:
    assert len(document(1, 70_000).content) == 70_000
    assert same("file", document(1).content, bytes(document(1).content))
    assert not same("file", document(1).content, document(1).content + b"\n")
