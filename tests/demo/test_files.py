"""What the demo shows of files, and what it finds wrong with them."""

import io
import wave
from base64 import b64encode
from collections.abc import Iterator
from typing import Any, NamedTuple

import httpx
import pytest

from tests import attachments
from tests.attachments import Sample
from tests.demo import terminal
from tests.demo.crossing import Arrived, Said, check
from tests.demo.forms import form, told
from tests.demo.page import Page
from tests.fetched import Fetched
from tests.simulation.conftest import running
from tests.simulators.client import SimulatorClient

PICTURE, VIDEO = attachments.picture(1), attachments.video(1)
AAC, AMR = attachments.voice(1, "aac"), attachments.voice(1, "amr")


@pytest.fixture(scope="module")
def side() -> Iterator[SimulatorClient]:
    with running("own") as simulator:
        yield simulator


class Here(NamedTuple):
    """Journals of which one side is made up."""

    says: list[Said]
    arrives: list[Arrived]


def crossed(side: SimulatorClient, sent: Sample, became: Sample, **facts: Any) -> tuple[Said, Arrived]:
    """What was said as *sent*, and arrived as *became* with these *facts*."""
    for one in (sent, became):
        side.send("alice", "bob", one.media())
    before, after = (entry["media"] for entry in side.journal("said")[-2:])
    said = Said("own", "m-1", "alice & bob", "alice", "x", 1_700_000_000_000, before)
    return said, Arrived("own", "own:direct:m-1", "alice & bob", "alice", "x", 1_700_000_000_100, "n-1", after | facts)


def complaint(side: SimulatorClient, sent: Sample, became: Sample, **facts: Any) -> str:
    said, arrived = crossed(side, sent, became, **facts)
    (found,) = Fetched({"own": side}).complaints([said], [arrived]) or [""]
    return found


def test_a_file_that_arrived_as_it_was_or_in_another_form_is_right(side: SimulatorClient) -> None:
    for sent, became in ((PICTURE, PICTURE), (PICTURE, attachments.picture(1, "png")), (AAC, AMR), (VIDEO, VIDEO)):
        assert complaint(side, sent, became) == ""


@pytest.mark.parametrize(
    ("sent", "became", "facts", "why"),
    [
        (PICTURE, attachments.picture(2), {}, "image arrived as another one"),
        (AAC, attachments.voice(2, "amr"), {}, "voice arrived as another one"),
        (VIDEO, attachments.video(2), {}, "video arrived as another one"),
        (AAC, AMR, {"right": False}, "voice arrived with another's MD5"),
        (AAC, AMR, {"duration": 5000}, "voice of 2000 ms is said to be of 5000 ms"),
        (PICTURE, PICTURE._replace(thumbnail=attachments.picture(2).thumbnail), {}, "image has the thumbnail of another one"),
        (VIDEO, VIDEO._replace(thumbnail=attachments.picture(2).thumbnail), {}, "video has the thumbnail of another one"),
    ],
)
def test_a_file_that_is_not_what_was_sent_is_complained_of(
    side: SimulatorClient, sent: Sample, became: Sample, facts: dict[str, Any], why: str
) -> None:
    assert complaint(side, sent, became, **facts) == f"own:direct:m-1: {why}"


def test_a_file_that_arrived_as_words_is_changed(side: SimulatorClient) -> None:
    said, arrived = crossed(side, PICTURE, PICTURE)
    assert check([said], [arrived]).good
    words = arrived._replace(media=None)
    assert check([said], [words]).changed == ["own:direct:m-1"]
    assert Fetched({"own": side}).complaints([said], [words]) == ["own:direct:m-1: arrived without its file"]
    assert check([said], [arrived._replace(media={"kind": "file"})]).changed == ["own:direct:m-1"]


def test_a_file_is_told_in_words() -> None:
    voice = {"kind": "voice", "duration": 2000}
    assert told(voice, AAC.content, AMR.content) == "voice 2.0 s, AAC 8.6 kB → AMR 3.2 kB"
    assert told({"kind": "file"}, b"%PDF-1", b"%PDF-1") == "file, PDF 6 B → the same"
    names = {"jpeg": "JPEG", "png": "PNG"}
    assert {name: form(attachments.picture(1, name).content)[0] for name in names} == names
    assert [form(one.content)[0] for one in (VIDEO, attachments.gif(1), attachments.voice(1, "mp3"))] == ["MP4", "GIF", "MP3"]


def test_a_terminal_that_can_is_sent_a_picture() -> None:
    assert terminal.shown(PICTURE.content, {"TERM_PROGRAM": "Apple_Terminal"}) == ""
    iterm = terminal.shown(PICTURE.content, {"TERM_PROGRAM": "iTerm.app"})
    assert iterm.startswith("\x1b]1337;File=inline=1;size=")
    kitty = terminal.shown(PICTURE.content, {"KITTY_WINDOW_ID": "1"})
    assert kitty.startswith("\x1b_Ga=T,f=100,m=0;" + b64encode(b"\x89PNG\r\n").decode())
    assert kitty.endswith("\x1b\\\n")


def test_the_page_shows_and_plays_what_was_said_beside_what_arrived(side: SimulatorClient) -> None:
    nasty = PICTURE._replace(name='"><script>alert(1)</script>.jpg')
    pairs = [crossed(side, AAC, AMR), crossed(side, nasty, attachments.picture(1, "png"))]
    says = [said._replace(id=f"m-{number}") for number, (said, _) in enumerate(pairs)]
    arrives = [one._replace(source=f"own:direct:m-{number}") for number, (_, one) in enumerate(pairs)]
    with Page(Here(says, arrives), Fetched({"own": side})) as page, httpx.Client(base_url=page.url, trust_env=False) as browser:
        assert page.url.startswith("http://127.0.0.1:")
        assert "图片与语音" in browser.get("/").text
        voice, picture = (one["html"] for one in browser.get("/rows").json())
        assert 'src="/file/1/said"' in voice
        assert 'src="/heard/1/arrived"' in voice
        assert "made into WAV" in voice
        assert '<img src="/file/2/arrived"' in picture
        assert "<script" not in picture
        assert [one["number"] for one in browser.get("/rows", params={"after": 1}).json()] == [2]
        arrived = browser.get("/file/2/arrived")
        assert (arrived.content, arrived.headers["content-type"]) == (attachments.picture(1, "png").content, "image/png")
        assert arrived.headers["x-content-type-options"] == "nosniff"
        sound = browser.get("/heard/1/arrived")
        assert attachments.same_sound(AAC.content, sound.content)
        with wave.open(io.BytesIO(sound.content)) as file:
            assert file.getframerate() == 8000
        assert browser.get("/file/1/said", headers={"Range": "bytes=0-9"}).content == AAC.content[:10]
        assert [browser.get(path).status_code for path in ("/file/9/said", "/file/1/nobody", "/rows?after=x")] == [404, 404, 400]
