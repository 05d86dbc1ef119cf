"""Files on bad days: downloads and uploads that fail in each way there is, counted, and drawn from a seed."""

from base64 import b64encode
from collections import Counter
from typing import Any

import httpx
import pytest

from tests import attachments
from tests.simulation.conftest import Start
from tests.simulation.easemob_api import Api
from tests.simulation.yunxin_calls import call
from tests.simulators.client import SimulatorClient
from tests.simulators.file_moods import WELL, Download, FileMood, FileMoods, Upload

PICTURE = attachments.picture(1)
PLATFORMS = ("easemob", "yunxin", "rongcloud", "own")


def said(simulator: SimulatorClient, **more: Any) -> dict[str, Any]:
    """Where the picture lies that alice has just sent."""
    simulator.send("alice", "bob", PICTURE.media(**more))
    media: dict[str, Any] = simulator.journal("said")[-1]["media"]
    return media


def outcomes(simulator: SimulatorClient, what: str = "download") -> list[str]:
    return [one["outcome"] for one in simulator.journal("file") if one["what"] == what]


def read(answer: httpx.Response, got: bytearray) -> None:
    for part in answer.iter_raw():
        got += part


def test_a_mood_of_files_ends_after_the_calls_that_it_speaks_of() -> None:
    moods = FileMoods()
    moods.set(FileMood(file_missing=1, count=2))
    assert moods.upload() is Upload.TAKEN
    assert [moods.download() for _ in range(3)] == [Download.MISSING, Download.MISSING, Download.GIVEN]
    assert moods.now == WELL


def test_shares_divide_the_downloads_and_the_same_seed_draws_the_same() -> None:
    def draw(seed: int) -> list[Download]:
        moods = FileMoods()
        moods.set(FileMood(file_reset=0.3, file_stall=0.3, seed=seed))
        return [moods.download() for _ in range(1000)]

    assert draw(1) == draw(1)
    assert draw(1) != draw(2)
    counts = Counter(draw(1))
    assert 250 < counts[Download.RESET] < 350
    assert 250 < counts[Download.STALL] < 350
    assert set(counts) == {Download.RESET, Download.STALL, Download.GIVEN}


@pytest.mark.parametrize("platform", PLATFORMS)
def test_a_file_is_not_there_or_not_to_be_had(start: Start, platform: str) -> None:
    simulator = start(platform)
    lies = said(simulator)
    for mood, status in (("file_missing", 404), ("file_forbidden", 403)):
        simulator.file_mood(**{mood: 1, "count": 1})
        with pytest.raises(ValueError, match=f"^{status}"):
            simulator.fetch(lies)
        assert simulator.fetch(lies) == PICTURE.content
    assert outcomes(simulator) == ["missing", "given", "forbidden", "given"]


@pytest.mark.parametrize("platform", PLATFORMS)
def test_half_of_a_file_comes(start: Start, platform: str) -> None:
    """And then nothing, or a reset, or the end."""
    simulator = start(platform)
    lies = said(simulator)
    url = httpx.URL(lies["url"]).copy_merge_params({"share-secret": lies["secret"]} if "secret" in lies else {})
    expected = {"file_stall": httpx.ReadTimeout, "file_reset": httpx.ReadError, "file_short": httpx.RemoteProtocolError}
    for mood, error in expected.items():
        simulator.file_mood(**{mood: 1, "count": 1})
        got = bytearray()
        with httpx.Client(trust_env=False, timeout=0.5) as client, client.stream("GET", url) as answer:
            assert answer.headers["content-length"] == str(len(PICTURE.content))
            with pytest.raises(error):
                read(answer, got)
        assert got == PICTURE.content[: len(PICTURE.content) // 2], mood
        assert simulator.fetch(lies) == PICTURE.content
    assert outcomes(simulator)[::2] == ["stall", "reset", "short"]


def test_a_slow_file_comes_in_parts_and_whole(start: Start) -> None:
    simulator = start("own")
    lies = said(simulator)
    simulator.file_mood(file_slow=1, slow=0.2)
    with httpx.stream("GET", lies["url"], trust_env=False) as answer:
        parts = list(answer.iter_raw())
    assert b"".join(parts) == PICTURE.content
    assert len(parts) > 5
    assert outcomes(simulator) == ["slow"]


def test_easemobs_uploads_fail_in_its_words(start: Start) -> None:
    api = Api(start("easemob"))
    files = {"file": (PICTURE.name, PICTURE.content)}
    for mood, refusal in (
        ("upload_401", (401, "unauthorized", "Unable to authenticate due to expired access token")),
        ("upload_413", (413, "file exceeding maximum limit", "the file size exceeds the maximum limit.")),
        ("upload_throttle", (429, "reach_limit", "This request has reached api limit")),
        ("upload_500", (500, "internal_error", "internal error")),
    ):
        api.simulator.file_mood(**{mood: 1, "count": 1})
        assert api.refused("POST", "chatfiles", files=files) == refusal
    assert [entry["mood"] for entry in api.simulator.journal("refused")] == [True] * 4
    api.simulator.file_mood(upload_lose_answer=1, count=1)
    with pytest.raises(httpx.RemoteProtocolError):
        api.call("POST", "chatfiles", files=files)
    assert api.call("POST", "chatfiles", files=files).status_code == 200
    assert [entry["api"] for entry in api.accepted()] == ["file.upload"] * 2
    assert outcomes(api.simulator, "upload") == ["401", "413", "throttled", "500", "answer lost", "taken"]


def test_yunxins_uploads_fail_in_its_words(start: Start) -> None:
    simulator = start("yunxin")
    form = {"content": b64encode(PICTURE.content).decode()}
    codes = {"upload_401": 403, "upload_413": 414, "upload_throttle": 416, "upload_500": 500}
    for mood, code in codes.items():
        simulator.file_mood(**{mood: 1, "count": 1})
        assert call(simulator, "msg/upload", form)["code"] == code
    simulator.file_mood(upload_lose_answer=1, count=1)
    with pytest.raises(httpx.RemoteProtocolError):
        call(simulator, "msg/upload", form)
    (kept,) = simulator.journal("accepted")
    assert simulator.fetch(kept) == PICTURE.content
    assert call(simulator, "msg/upload", form)["code"] == 200


def test_an_unknown_mood_of_files_is_refused_by_name(start: Start) -> None:
    simulator = start("own")
    with pytest.raises(ValueError, match=r"400 .*unknown field `file_eaten`"):
        simulator.file_mood(file_eaten=1)
    assert simulator.file_mood(file_slow=0.5) == {"file_slow": 0.5}
    assert simulator.file_mood() == {}
