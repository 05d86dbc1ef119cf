"""The Yunxin simulator: uploads, and the storage that serves them."""

from base64 import b64encode
from collections.abc import Iterator
from hashlib import md5
from typing import Any

import pytest

from tests.simulation.conftest import running
from tests.simulation.yunxin_calls import HTTP, call, signed
from tests.simulators.client import SimulatorClient

CONTENT = bytes(range(200))


@pytest.fixture(scope="module")
def yunxin() -> Iterator[SimulatorClient]:
    with running("yunxin") as simulator:
        yield simulator


def uploaded(simulator: SimulatorClient, content: bytes = CONTENT, **more: Any) -> str:
    form = {"content": b64encode(content).decode(), "type": "image/jpeg", **more}
    answer = call(simulator, "msg/upload", form)
    assert answer["code"] == 200
    return str(answer["url"])


def test_a_file_comes_back_as_it_was_given(yunxin: SimulatorClient) -> None:
    url = uploaded(yunxin)
    got = HTTP.get(url)
    assert (got.status_code, got.content, got.headers["content-type"]) == (200, CONTENT, "image/jpeg")
    parts = {"content": ("x.bin", CONTENT + b"\r\n--", "application/octet-stream")}
    answer = HTTP.post(f"{yunxin.url}/nimserver/msg/fileUpload.action", files=parts, data={"type": "image/png"}, headers=signed()).json()
    got = HTTP.get(answer["url"])
    assert (got.content, got.headers["content-type"]) == (CONTENT + b"\r\n--", "image/png")
    assert answer["url"] != url
    last = yunxin.journal("accepted")[-1]
    assert (last["api"], last["size"], last["md5"]) == ("upload", 204, md5(got.content).hexdigest())


@pytest.mark.parametrize(
    ("wanted", "status", "shown", "content"),
    [
        ("bytes=0-9", 206, "bytes 0-9/200", CONTENT[:10]),
        ("bytes=190-", 206, "bytes 190-199/200", CONTENT[190:]),
        ("bytes=150-999", 206, "bytes 150-199/200", CONTENT[150:]),
        ("bytes=-5", 206, "bytes 195-199/200", CONTENT[-5:]),
        ("bytes=-999", 206, "bytes 0-199/200", CONTENT),
        ("bytes=200-", 416, "bytes */200", b""),
        ("bytes=-0", 416, "bytes */200", b""),
        ("bytes=9-3", 200, None, CONTENT),
        ("bytes=0-1,4-5", 200, None, CONTENT),
        ("lines=1-2", 200, None, CONTENT),
        ("bytes=-", 200, None, CONTENT),
    ],
)
def test_a_part_can_be_asked_for(yunxin: SimulatorClient, wanted: str, status: int, shown: str | None, content: bytes) -> None:
    got = HTTP.get(uploaded(yunxin), headers={"Range": wanted})
    assert (got.status_code, got.headers.get("content-range"), got.content) == (status, shown, content)
    assert HTTP.head(uploaded(yunxin)).headers["content-length"] == "200"


def test_a_voice_message_is_given_as_mp3_when_asked(yunxin: SimulatorClient) -> None:
    got = HTTP.get(uploaded(yunxin, type="audio/aac") + "?audioTrans&type=mp3")
    assert (got.headers["content-type"], got.content[:3]) == ("audio/mpeg", b"ID3")


@pytest.mark.parametrize(
    "change",
    [
        {"content": ""},
        {"content": "no base64!"},
        {"content": b64encode(bytes((15 << 20) + 1)).decode()},
        {"expireSec": 86399},
        {"expireSec": "soon"},
        {"type": "x" * 129},
        {"tag": "x" * 33},
    ],
)
def test_what_an_upload_refuses(yunxin: SimulatorClient, change: dict[str, Any]) -> None:
    assert call(yunxin, "msg/upload", {"content": "aGVsbG8=", **change})["code"] == 414


def test_a_file_can_be_put_there_and_taken_away(yunxin: SimulatorClient) -> None:
    put = HTTP.post(f"{yunxin.url}/_files", content=b"clip", headers={"Content-Type": "video/mp4"}).json()
    assert (put["size"], put["md5"]) == (4, md5(b"clip").hexdigest())
    assert HTTP.get(put["url"]).headers["content-type"] == "video/mp4"
    other = uploaded(yunxin)
    assert HTTP.delete(f"{yunxin.url}/_files", params={"url": put["url"]}).json() == {"forgotten": 1}
    assert HTTP.get(put["url"]).status_code == 404
    assert HTTP.get(other).status_code == 200
    assert HTTP.delete(f"{yunxin.url}/_files", params={"url": put["url"]}).status_code == 404
    assert HTTP.delete(f"{yunxin.url}/_files").json()["forgotten"] > 0
    assert HTTP.get(other).status_code == 404


def test_files_can_expire() -> None:
    with running("yunxin", file_ttl=1e-9) as simulator:
        assert HTTP.get(uploaded(simulator)).status_code == 404
