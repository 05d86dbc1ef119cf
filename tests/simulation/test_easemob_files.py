"""Files of messages and of history, against "Easemob: upload and download files" and "download message history files"."""

import struct
from datetime import UTC, datetime, timedelta
from gzip import decompress

import httpx
import orjson
import pytest

from tests.simulation.conftest import Start
from tests.simulation.easemob_api import Api
from tests.simulation.receiver import Receiver
from tests.simulators.easemob.files import grey

PICTURE = b"\xff\xd8\xff\xe0" + bytes(range(256)) * 41
"""Of more than 10 KB, with line ends in it."""


def upload(api: Api, content: bytes = PICTURE, name: str = "cat.jpg", **headers: str) -> dict[str, str]:
    """The entity that the answer has."""
    form = {"file": (name, content)}
    answer = api.call("POST", "chatfiles", files=form, data={"filename": name}, headers=underscored(headers))
    assert answer.status_code == 200, answer.text
    (entity,) = answer.json()["entities"]
    return dict(entity)


def underscored(headers: dict[str, str]) -> dict[str, str]:
    return {name.replace("_", "-"): value for name, value in headers.items()}


def test_a_file_comes_back_byte_for_byte(api: Api) -> None:
    entity = upload(api)
    assert entity.keys() == {"uuid", "type", "share-secret"}
    assert entity["type"] == "chatfile"
    answer = api.call("GET", f"chatfiles/{entity['uuid']}")
    assert (answer.content, answer.headers["content-type"]) == (PICTURE, "image/jpeg")
    assert [entry["api"] for entry in api.accepted()] == ["file.upload", "file.download"]
    assert api.accepted()[0]["size"] == len(PICTURE)


def test_the_secret_opens_what_is_restricted_by_header_and_query(api: Api) -> None:
    entity = upload(api, restrict_access="true")
    path, secret = f"chatfiles/{entity['uuid']}", entity["share-secret"]
    url = f"{api.base}/{path}"
    assert api.call("GET", path, headers={"share-secret": secret}).content == PICTURE
    assert httpx.get(url, params={"share-secret": secret}).content == PICTURE
    assert api.refused("GET", path)[0] == 401
    assert api.refused("GET", path, headers={"share-secret": "wrong"})[0] == 401
    assert httpx.get(url).status_code == 401
    assert httpx.get(url, params={"share-secret": secret}, headers={"Authorization": "Bearer x"}).status_code == 401
    free = upload(api)
    assert httpx.get(f"{api.base}/chatfiles/{free['uuid']}").status_code == 401
    assert httpx.get(f"{api.base}/chatfiles/{free['uuid']}?share-secret={free['share-secret']}").is_success


def test_what_an_upload_refuses(api: Api) -> None:
    limit = 10 * 1024 * 1024
    too_large = (413, "file exceeding maximum limit", "the file size exceeds the maximum limit.")
    assert api.refused("POST", "chatfiles", files={"file": ("a.bin", bytes(limit + 1))}) == too_large
    assert upload(api, bytes(limit), "a.bin")["uuid"]
    missing = (400, "illegal_argument", "file must be provided.")
    assert api.refused("POST", "chatfiles", files={"picture": ("a.bin", b"x")}) == missing
    assert api.refused("POST", "chatfiles", {"file": "x"}) == missing
    anonymous = httpx.post(f"{api.base}/chatfiles", files={"file": ("a.bin", b"x")})
    assert anonymous.status_code == 200


def test_a_file_expires(start: Start) -> None:
    api = Api(start("easemob", file_life=0))
    entity = upload(api)
    expired = (404, "file_expired", f"file {entity['uuid']} is expired")
    assert api.refused("GET", f"chatfiles/{entity['uuid']}") == expired
    assert api.refused("GET", "chatfiles/nothing") == (404, "entity_not_found", "file may not exists")


def test_a_file_goes_with_its_message(api: Api) -> None:
    entity = upload(api)
    body = {"url": f"{api.base}/chatfiles/{entity['uuid']}", "secret": entity["share-secret"]}
    sent = api.send(type="img", body=body)
    recall = {"msg_id": sent, "to": "bob", "chat_type": "chat", "force": True}
    assert api.data("POST", "messages/msg_recall", recall)["recalled"] == "yes"
    assert api.refused("GET", f"chatfiles/{entity['uuid']}")[1] == "entity_not_found"


def test_thumbnails_are_of_pictures_and_of_the_size_that_was_asked_for(api: Api) -> None:
    def thumbnail(entity: dict[str, str]) -> bytes:
        return api.call("GET", f"chatfiles/{entity['uuid']}", headers={"thumbnail": "true"}).content

    def size(picture: bytes) -> tuple[int, ...]:
        assert picture.startswith(b"\x89PNG")
        return struct.unpack(">II", picture[16:24])

    assert size(thumbnail(upload(api))) == (170, 170)
    assert size(thumbnail(upload(api, thumbnail_width="40", thumbnail_height="30"))) == (40, 30)
    own = grey(5, 5)
    assert thumbnail(upload(api, own, "dot.png")) == own
    video = upload(api, b"moving", "clip.mp4")
    assert api.refused("GET", f"chatfiles/{video['uuid']}", headers={"thumbnail": "true"})[0] == 404
    wrong = api.refused("POST", "chatfiles", files={"file": ("a.png", own)}, headers={"thumbnail-width": "wide"})
    assert wrong[0] == 400


def hour(ago: int, zone: int = 8) -> str:
    return (datetime.now(UTC) + timedelta(hours=zone - ago)).strftime("%Y%m%d%H")


def test_a_history_file_has_what_was_sent_and_said_in_its_hour(start: Start, receiver: Receiver) -> None:
    api = Api(start("easemob", history_delay=-3600))
    before = hour(0)
    sent = api.send("sent", ext={"k": "v"})
    said = api.simulator.say("alice", "6001", "said", type="group")["id"]
    api.send("unkept", routetype="ROUTE_ONLINE")
    for name in (before, hour(0)):  # The hour may have passed meanwhile.
        answer = api.call("GET", f"chatmessages/{name}")
        if answer.is_success:
            break
    (file,) = answer.json()["data"]
    assert {"Expires", "OSSAccessKeyId", "Signature"} == set(httpx.URL(file["url"]).params)
    records = [orjson.loads(line) for line in decompress(httpx.get(file["url"]).content).splitlines()]
    assert [record["msg_id"] for record in records] == [sent, said]
    first = records[0]
    timestamp = first.pop("timestamp")
    assert first == {
        "msg_id": sent,
        "direction": "outgoing",
        "to": "bob",
        "from": "alice",
        "chat_type": "chat",
        "payload": {"bodies": [{"msg": "sent", "type": "txt"}], "ext": {"k": "v"}, "from": "alice", "to": "bob"},
    }
    assert timestamp == receiver.wait(1)[0].body["timestamp"]
    assert records[1]["chat_type"] == "groupchat"
    forged = httpx.URL(file["url"]).copy_merge_params({"Expires": "99999999999"})
    assert httpx.get(forged).status_code == 403
    assert api.accepted()[-1]["hour"] == name


@pytest.mark.parametrize(
    ("name", "expected"),
    [
        ("20251321", (400, "illegal_argument")),
        ("2025132108", (400, "illegal_argument")),
        (-1, (400, "illegal_argument")),
        (24 * 4, (400, "illegal_argument")),
        (24, (404, "storage_object_not_found")),
    ],
)
def test_hours_of_which_there_is_no_file(api: Api, name: str | int, expected: tuple[int, str]) -> None:
    """A number is of hours ago."""
    name = hour(name) if isinstance(name, int) else name
    assert api.refused("GET", f"chatmessages/{name}")[:2] == expected


def test_ten_history_files_a_minute(start: Start) -> None:
    api = Api(start("easemob"))
    statuses = [api.call("GET", "chatmessages/2025102108").status_code for _ in range(12)]
    assert statuses[:10] == [400] * 10
    assert 429 in statuses[10:]
