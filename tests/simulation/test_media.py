"""People send files: what the callback says of them, where they lie, and what the journal tells, on each platform."""

from typing import Any
from urllib.parse import parse_qs

import orjson
import pytest

from tests import attachments
from tests.simulation.conftest import Start
from tests.simulation.receiver import Got, Receiver
from tests.simulation.samples import form, sample

PLATFORMS = ("easemob", "yunxin", "rongcloud", "own")
SAMPLES = {
    "image": attachments.picture(3),
    "gif": attachments.gif(4),
    "voice": attachments.voice(5),
    "video": attachments.video(6),
    "file": attachments.document(7),
}


def told(platform: str, got: Got) -> tuple[str, dict[str, Any]]:
    """Kind and body of the message in a callback."""
    if platform == "rongcloud":
        fields = {name: values[0] for name, values in parse_qs(got.raw.decode()).items()}
        return fields["objectName"], orjson.loads(fields["content"])
    body = got.body
    match platform:
        case "easemob":
            (inner,) = body["payload"]["bodies"]
            return inner["type"], inner
        case "yunxin":
            return body["msgType"], orjson.loads(body["attach"])
        case _:
            return body["operation"]["body"]["kind"], body["operation"]["body"]


@pytest.mark.parametrize("platform", PLATFORMS)
@pytest.mark.parametrize("kind", SAMPLES)
def test_what_a_person_sends_can_be_fetched_and_is_in_the_journal(start: Start, receiver: Receiver, platform: str, kind: str) -> None:
    simulator, sent = start(platform), SAMPLES[kind]
    simulator.send("alice", "bob", sent.media())
    simulator.send("alice", "6001", sent.media(), type="group")
    first, second = receiver.wait(2)
    assert form(told(platform, first)[1]) == form(told(platform, second)[1])
    for entry in simulator.journal("said"):
        media = entry["media"]
        assert (media["kind"], media["sha256"], media["size"]) == (kind, sent.sha256, len(sent.content))
        assert (media["name"], media["mime"]) == (sent.name, sent.mime)
        assert media.get("duration", 0) == sent.duration
        assert simulator.fetch(media) == sent.content
        if kind in ("image", "video") and platform == "rongcloud":
            assert simulator.fetch(media["thumbnail"]) == sent.thumbnail
    downloads = simulator.journal("file")
    assert [(one["what"], one["outcome"], one["size"]) for one in downloads] == [("download", "given", len(sent.content))] * 2


@pytest.mark.parametrize(("kind", "name"), [("image", "cb-img"), ("voice", "cb-audio"), ("video", "cb-video"), ("file", "cb-file")])
def test_easemobs_bodies_have_the_form_of_the_vendors_samples(start: Start, receiver: Receiver, kind: str, name: str) -> None:
    simulator = start("easemob")
    simulator.send("alice", "bob", SAMPLES[kind].media())
    event = receiver.wait(1)[0].body
    vendors = sample(name)
    assert form(event["payload"]["bodies"]) == form(vendors["payload"]["bodies"])
    (body,) = event["payload"]["bodies"]
    assert body["url"].startswith(f"{simulator.url}/demo/relay/chatfiles/")
    assert body["file_length"] == len(SAMPLES[kind].content)
    if kind == "video":
        assert body["size"] == {"width": 80, "height": 60}
        lies = simulator.journal("said")[0]["media"]["thumbnail"]
        assert simulator.fetch(lies) == SAMPLES["video"].thumbnail
    if kind == "voice":
        assert body["length"] == 2


def test_an_easemob_file_is_locked_unless_it_was_sent_open(start: Start) -> None:
    simulator = start("easemob")
    simulator.send("alice", "bob", SAMPLES["image"].media())
    simulator.send("alice", "bob", SAMPLES["image"].media(restricted=False))
    locked, free = (entry["media"] for entry in simulator.journal("said"))
    for lies in (locked, free):
        with pytest.raises(ValueError, match=r"^401"):
            simulator.fetch(lies | {"secret": "wrong"})
    assert simulator.fetch(free) == SAMPLES["image"].content


@pytest.mark.parametrize(
    ("kind", "name", "keys"),
    [
        ("image", "PICTURE", {"name", "md5", "url", "ext", "w", "h", "size"}),
        ("gif", "PICTURE", {"name", "md5", "url", "ext", "w", "h", "size"}),
        ("voice", "AUDIO", {"md5", "url", "ext", "dur", "size"}),
        ("video", "VIDEO", {"name", "md5", "url", "ext", "w", "h", "dur", "size"}),
        ("file", "FILE", {"name", "md5", "url", "ext", "size"}),
    ],
)
def test_yunxins_attachments_have_what_the_page_lists(start: Start, receiver: Receiver, kind: str, name: str, keys: set[str]) -> None:
    simulator = start("yunxin")
    simulator.send("alice", "bob", SAMPLES[kind].media())
    shown, attach = told("yunxin", receiver.wait(1)[0])
    assert (shown, set(attach)) == (name, keys)
    assert (attach["size"], attach["ext"]) == (len(SAMPLES[kind].content), SAMPLES[kind].name.rpartition(".")[2])
    assert attach.get("dur") == (SAMPLES[kind].duration or None)
    assert simulator.journal("said")[0]["media"]["right"] is True


@pytest.mark.parametrize(
    ("kind", "name", "keys"),
    [
        ("image", "RC:ImgMsg", {"content", "imageUri"}),
        ("gif", "RC:GIFMsg", {"remoteUrl", "gifDataSize", "width", "height", "name"}),
        ("voice", "RC:HQVCMsg", {"remoteUrl", "duration", "name"}),
        ("video", "RC:SightMsg", {"sightUrl", "content", "duration", "size", "name"}),
        ("file", "RC:FileMsg", {"name", "size", "type", "fileUrl"}),
    ],
)
def test_rongclouds_contents_have_what_the_page_lists(start: Start, receiver: Receiver, kind: str, name: str, keys: set[str]) -> None:
    simulator = start("rongcloud")
    simulator.send("alice", "bob", SAMPLES[kind].media())
    shown, content = told("rongcloud", receiver.wait(1)[0])
    assert (shown, set(content)) == (name, keys)
    assert content.get("duration") == (SAMPLES[kind].duration // 1000 or None)


@pytest.mark.parametrize("platform", ["rongcloud", "own"])
def test_a_voice_can_lie_in_the_message_itself(start: Start, receiver: Receiver, platform: str) -> None:
    simulator = start(platform)
    simulator.send("alice", "bob", SAMPLES["voice"].media(inline=True))
    kind, body = told(platform, receiver.wait(1)[0])
    assert kind == {"rongcloud": "RC:VcMsg", "own": "voice"}[platform]
    assert "url" not in body.get("file", {})
    media = simulator.journal("said")[0]["media"]
    assert "url" not in media
    assert simulator.fetch(media) == SAMPLES["voice"].content
    assert media["sha256"] == SAMPLES["voice"].sha256


def test_pictures_are_sent_in_rooms(start: Start, receiver: Receiver) -> None:
    for platform in PLATFORMS:
        room = {"room": {"77": ["alice", "bob"]}} if platform in ("yunxin", "own") else {}
        simulator = start(platform, **room)
        simulator.send("alice", "77", SAMPLES["image"].media(), type="room")
        entry = simulator.journal("said")[0]
        assert (entry["type"], simulator.fetch(entry["media"])) == ("room", SAMPLES["image"].content)
        simulator.settled()
    kinds = [told(platform, got)[0] for platform, got in zip(PLATFORMS, receiver.wait(4), strict=True)]
    assert kinds == ["img", "PICTURE", "RC:ImgMsg", "image"]


@pytest.mark.parametrize("platform", PLATFORMS)
def test_a_message_can_say_what_is_not_so(start: Start, receiver: Receiver, platform: str) -> None:
    """The journal keeps to the truth."""
    simulator = start(platform)
    name = {"rongcloud": "imageUri"}.get(platform, "url")
    simulator.send("alice", "bob", SAMPLES["image"].media(claims={name: "http://169.254.169.254/", "size": {"width": 1, "height": 1}}))
    _, body = told(platform, receiver.wait(1)[0])
    assert body.get("file", body)[name] == "http://169.254.169.254/"
    media = simulator.journal("said")[0]["media"]
    assert (media["url"], media["sha256"]) == ("http://169.254.169.254/", SAMPLES["image"].sha256)


def test_media_that_are_none_are_refused_by_name(start: Start) -> None:
    simulator = start("easemob")
    with pytest.raises(ValueError, match="Invalid enum value 'hologram'"):
        simulator.send("alice", "bob", {"kind": "hologram", "content": b"x"})
    with pytest.raises(ValueError, match="colour"):
        simulator.send("alice", "bob", {"kind": "image", "content": b"x", "colour": "red"})
