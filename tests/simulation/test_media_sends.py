"""Messages with files that come over the API: what the journal tells of them, and what a platform's clients could not show."""

import time
from base64 import b64encode
from collections.abc import Iterator
from hashlib import md5
from typing import Any

import httpx
import orjson
import pytest

from tests import attachments
from tests.simulation.conftest import Start, running
from tests.simulation.easemob_api import Api
from tests.simulation.rongcloud_calls import HELLO, post
from tests.simulation.yunxin_calls import call as yunxin_call
from tests.simulation.yunxin_calls import dumped, send
from tests.simulators.client import SimulatorClient
from tests.simulators.own.signing import sign

PICTURE, VIDEO, VOICE = attachments.picture(2), attachments.video(2), attachments.voice(2)


# -- Easemob


def uploaded(api: Api, content: bytes = PICTURE.content, name: str = PICTURE.name, headers: dict[str, str] | None = None) -> dict[str, str]:
    """Where it lies, and with which secret."""
    answer = api.call("POST", "chatfiles", files={"file": (name, content)}, headers=headers)
    (entity,) = answer.json()["entities"]
    return {"url": f"{api.base}/chatfiles/{entity['uuid']}", "secret": entity["share-secret"]}


LOCKED = {"restrict-access": "true"}


def test_what_an_easemob_message_names_can_be_fetched(start: Start) -> None:
    api = Api(start("easemob"))
    picture, video, small = uploaded(api, headers=LOCKED), uploaded(api, VIDEO.content, VIDEO.name), uploaded(api, VIDEO.thumbnail)
    api.send(type="img", body={**picture, "filename": "cat.jpg", "size": {"width": 160, "height": 120}})
    body = {**video, "filename": "clip.mp4", "length": 2, "thumb": small["url"], "thumb_secret": small["secret"]}
    api.send(to="6001", path="chatgroups", type="video", body=body)
    first, second = (entry["media"] for entry in api.accepted() if entry["api"] == "send")
    assert (first["kind"], first["name"], first["width"], first["height"]) == ("image", "cat.jpg", 160, 120)
    assert (second["kind"], second["duration"], second["sha256"]) == ("video", 2000, VIDEO.sha256)
    assert api.simulator.fetch(first) == PICTURE.content
    assert api.simulator.fetch(second) == VIDEO.content
    assert api.simulator.fetch(second["thumbnail"]) == VIDEO.thumbnail


def test_a_moving_picture_is_known_by_its_bytes(start: Start) -> None:
    api, moving = Api(start("easemob")), attachments.gif(1)
    api.send(type="img", body=uploaded(api, moving.content, moving.name))
    assert api.accepted()[-1]["media"]["kind"] == "gif"


@pytest.mark.parametrize(
    ("kind", "change", "why"),
    [
        ("img", {"url": "https://files.example.com/cat.jpg"}, "url is no file of this app"),
        ("img", {"url": "http://127.0.0.1/other/app/chatfiles/1"}, "url is no file of this app"),
        ("img", {"secret": "wrong"}, "secret does not open url"),
        ("img", {"secret": ""}, "secret does not open url"),
        ("img", {"size": "160x120"}, "body's size is not legal"),
        ("img", {"size": {"width": "160"}}, "body's size is not legal"),
        ("audio", {"length": "2"}, "body is not legal"),
        ("audio", {"length": -1}, "body is not legal"),
        ("file", {"filename": 7}, "body is not legal"),
        ("video", {"thumb": "https://files.example.com/cat.jpg"}, "thumb is no file of this app"),
    ],
)
def test_what_easemobs_clients_could_not_show_is_refused(start: Start, kind: str, change: dict[str, Any], why: str) -> None:
    api = Api(start("easemob"))
    given = {"from": "alice", "to": ["bob"], "type": kind, "body": uploaded(api, headers=LOCKED) | change}
    assert api.refused("POST", "messages/users", given) == (400, "message_send_error", why)


def test_older_pages_let_files_lie_elsewhere(start: Start) -> None:
    api = Api(start("easemob", foreign_files=True))
    api.send(type="img", body={"url": "https://files.example.com/cat.jpg"})
    assert api.accepted()[-1]["media"] == {"kind": "image", "url": "https://files.example.com/cat.jpg"}


# -- Yunxin


def test_what_a_yunxin_message_names_can_be_fetched(start: Start) -> None:
    simulator = start("yunxin")
    form = {"content": b64encode(VOICE.content).decode(), "type": VOICE.mime}
    url = yunxin_call(simulator, "msg/upload", form)["url"]
    body = {"url": url, "md5": md5(VOICE.content).hexdigest(), "ext": "amr", "size": len(VOICE.content), "dur": 2000}
    assert send(simulator, "", type=2, body=dumped(body))["code"] == 200
    assert send(simulator, "", type=2, body=dumped(body | {"md5": "0" * 32}))["code"] == 200
    right, wrong = (entry["media"] for entry in simulator.journal("accepted") if entry["api"] == "send")
    assert (right["kind"], right["duration"], right["sha256"], right["right"]) == ("voice", 2000, VOICE.sha256, True)
    assert wrong["right"] is False
    assert simulator.fetch(right) == VOICE.content


def test_a_yunxin_attachment_is_of_4096_characters_at_most(start: Start) -> None:
    simulator = start("yunxin")
    body = {"url": "https://files.example.com/1", "md5": "0" * 32, "ext": "pdf", "size": 1, "name": ""}
    most = 4096 - len(dumped(body))
    assert send(simulator, "", type=6, body=dumped(body | {"name": "x" * most}))["code"] == 200
    refused = send(simulator, "", type=6, body=dumped(body | {"name": "x" * (most + 1)}))
    assert (refused["code"], refused["desc"]) == (414, "attach is longer than 4096")


# -- RongCloud

HOME = "https://files.example.com/1"
SMALL = b64encode(PICTURE.thumbnail).decode()
AMR = b64encode(VOICE.content).decode()
CONTENTS: dict[str, dict[str, Any]] = {
    "RC:ImgMsg": {"content": SMALL, "imageUri": HOME},
    "RC:GIFMsg": {"remoteUrl": HOME, "gifDataSize": 2837, "width": 160, "height": 120},
    "RC:VcMsg": {"content": AMR, "duration": 2},
    "RC:HQVCMsg": {"remoteUrl": HOME, "duration": 2},
    "RC:SightMsg": {"sightUrl": HOME, "content": SMALL, "duration": 2, "size": 17_046, "name": "clip.mp4"},
    "RC:FileMsg": {"name": "plan.pdf", "size": "4000", "type": "pdf", "fileUrl": HOME},
}


@pytest.fixture(scope="module")
def rongcloud() -> Iterator[SimulatorClient]:
    with running("rongcloud") as simulator:
        yield simulator


def publish(simulator: SimulatorClient, name: str, content: dict[str, Any]) -> httpx.Response:
    return post(simulator, "message/private/publish", HELLO | {"objectName": name, "content": dumped(content)})


@pytest.mark.parametrize("name", CONTENTS)
def test_what_a_rongcloud_message_has_is_in_the_journal(rongcloud: SimulatorClient, name: str) -> None:
    assert publish(rongcloud, name, CONTENTS[name]).status_code == 200
    media = rongcloud.journal("accepted")[-1]["media"]
    kinds = {"RC:ImgMsg": "image", "RC:GIFMsg": "gif", "RC:SightMsg": "video", "RC:FileMsg": "file"}
    assert media["kind"] == kinds.get(name, "voice")
    assert media.get("url") == (None if name == "RC:VcMsg" else HOME)
    assert media.get("duration", 2000) == 2000
    if name in ("RC:ImgMsg", "RC:SightMsg"):
        assert rongcloud.fetch(media["thumbnail"]) == PICTURE.thumbnail
    if name == "RC:VcMsg":
        assert (rongcloud.fetch(media), media["sha256"]) == (VOICE.content, VOICE.sha256)


@pytest.mark.parametrize(
    ("name", "change", "why"),
    [
        ("RC:ImgMsg", {"imageUri": ""}, "imageUri is required"),
        ("RC:ImgMsg", {"imageUri": "cat.jpg"}, "imageUri must be a URL"),
        ("RC:ImgMsg", {"content": "A" * 10_244}, "content must be at most 10240"),
        ("RC:ImgMsg", {"content": SMALL[:76] + "\n" + SMALL[76:]}, "content must be base64 without line breaks"),
        ("RC:GIFMsg", {"width": None}, "width is required"),
        ("RC:GIFMsg", {"gifDataSize": "much"}, "gifDataSize must be a number"),
        ("RC:VcMsg", {"duration": 61}, "duration must be at most 60"),
        ("RC:VcMsg", {"duration": 0}, "duration must be a number"),
        ("RC:VcMsg", {"content": b64encode(b"#!AMR\n" + bytes(46_080)).decode()}, "content must be at most 61440"),
        ("RC:VcMsg", {"content": b64encode(attachments.voice(2, "aac").content).decode()}, "content must be AMR"),
        ("RC:HQVCMsg", {"remoteUrl": None}, "remoteUrl is required"),
        ("RC:HQVCMsg", {"duration": 61}, "duration must be at most 60"),
        ("RC:SightMsg", {"size": None}, "size is required"),
        ("RC:FileMsg", {"type": ""}, "type is required"),
    ],
)
def test_what_rongclouds_clients_could_not_show_is_refused(rongcloud: SimulatorClient, name: str, change: dict[str, Any], why: str) -> None:
    answer = publish(rongcloud, name, CONTENTS[name] | change)
    assert (answer.status_code, answer.json()) == (400, {"code": 1002, "errorMessage": why})


# -- the own server


def bring(simulator: SimulatorClient, body: dict[str, Any], key: str = "k-1") -> httpx.Response:
    event = {
        "id": key,
        "conversation": {"kind": "direct", "users": ["alice", "bob"]},
        "sender": "alice",
        "at": 1_700_000_000_000,
        "operation": {"op": "post", "body": body},
        "relay": {"id": key, "app": "new", "platform": "easemob"},
    }
    raw = orjson.dumps(event)
    headers = {"Content-Type": "application/json", "Idempotency-Key": key} | sign("demo-own-secret", raw, int(time.time()))
    return httpx.post(f"{simulator.url}/events", content=raw, headers=headers, trust_env=False)


def test_what_an_event_has_of_a_file_is_in_the_journal(start: Start) -> None:
    simulator = start("own")
    lies = {"inline": AMR, "name": "note.amr", "mime": "audio/amr", "md5": md5(VOICE.content).hexdigest()}
    assert bring(simulator, {"kind": "voice", "file": lies, "duration": 2000}).status_code == 200
    assert bring(simulator, {"kind": "image", "file": {"url": HOME}, "thumbnail": {"inline": SMALL}}, "k-2").status_code == 200
    voice, picture = (entry["media"] for entry in simulator.journal("accepted"))
    assert (voice["kind"], voice["duration"], voice["sha256"], voice["right"]) == ("voice", 2000, VOICE.sha256, True)
    assert simulator.fetch(voice) == VOICE.content
    assert (picture["url"], simulator.fetch(picture["thumbnail"])) == (HOME, PICTURE.thumbnail)


@pytest.mark.parametrize(
    ("body", "why"),
    [
        ({"kind": "voice"}, "event.operation.body.file is missing"),
        ({"kind": "voice", "file": {"name": "note.amr"}}, "file has neither url nor inline"),
        ({"kind": "voice", "file": {"inline": "no base64!"}}, "file.inline is no base64"),
        ({"kind": "image", "file": {"url": HOME}, "thumbnail": {"name": "x"}}, "thumbnail has neither url nor inline"),
    ],
)
def test_an_event_with_a_file_that_cannot_be_had_is_refused(start: Start, body: dict[str, Any], why: str) -> None:
    answer = bring(start("own"), body)
    assert (answer.status_code, answer.json()) == (400, {"error": why})
