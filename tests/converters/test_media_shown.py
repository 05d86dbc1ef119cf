"""What people read of a file that could not be brought over, and what is counted of those that could."""

from typing import Any

import msgspec
import pytest

from converters import PLATFORMS
from converters.core import wire
from converters.core.bodies import Body, Document, File, Gif, Image, Sticker, Video, Voice, files_of
from converters.core.model import Loss, StoredFile, TargetContext
from converters.core.operations import Edit, Post
from converters.files.dry_run_files import assume_transferred
from converters.files.media import jobs, losses, sent_as, wanted
from converters.files.withheld import placeholder
from converters.platform import Callback
from converters.routing.identity_table import IdentityTable
from converters.routing.preview import PreviewIdentities, preview
from converters.routing.route import App
from converters.routing.traffic_report import TrafficReport
from converters.text.extension_payload import left_out, put_back
from converters.text.fallback_text import Language
from tests.converters.examples import BODIES, EARLIER, account_of, delivery_of
from tests.converters.shapes import NOW, text_of
from tests.narrowed import of_kind, required

CLIENTS = ["easemob", "rongcloud", "yunxin"]
URL = "https://files.example.com/where-it-lies"


def bodies(**more: Any) -> dict[str, Body]:
    file = File(URL, name="its name", size=5_000, mime="image/png", **more)
    small = File(f"{URL}-small", **more)
    return {
        "image": Image(file, 8, 6, small),
        "gif": Gif(file),
        "voice": Voice(file, 75_000),
        "video": Video(file, 9_000, thumbnail=small),
        "file": Document(file),
        "sticker": Sticker("a", "b", file),
    }


@pytest.mark.parametrize("files", [(), (None,), (None, None), (None, StoredFile("https://files.example.org/small"))], ids=str)
@pytest.mark.parametrize("kind", bodies())
@pytest.mark.parametrize("name", CLIENTS)
def test_what_was_left_is_named_and_said_where_it_lies(name: str, kind: str, files: tuple[StoredFile | None, ...]) -> None:
    delivery = delivery_of(Post(bodies()[kind]))
    shown = PLATFORMS[name].encode(delivery, account_of(name), TargetContext(files=files))
    (request,) = shown.requests
    said = text_of(name, request)
    assert said.splitlines()[-1] == URL
    assert kind == "sticker" or "its name" in said
    assert shown.losses
    hidden = PLATFORMS[name].encode(delivery, account_of(name, file_links=False), TargetContext(files=files))
    (request,) = hidden.requests
    assert URL.encode() not in request.body
    assert "files.example.com" not in text_of(name, request)
    assert "此处无法打开" in text_of(name, request)


AS_FILE = {"easemob": b'"type":"file"', "rongcloud": b"objectName=RC%3AFileMsg", "yunxin": b"type=6&"}


@pytest.mark.parametrize("kind", [kind for kind in bodies() if kind != "file"])
@pytest.mark.parametrize("name", CLIENTS)
def test_what_could_not_be_made_into_its_kind_goes_as_a_file_and_is_known_again(name: str, kind: str) -> None:
    body = bodies()[kind]
    carried = StoredFile("https://files.example.org/it", name="its name", size=9, mime="audio/silk", as_file=True)
    (request,) = PLATFORMS[name].encode(delivery_of(Post(body)), account_of(name), TargetContext(files=(carried,))).requests
    assert AS_FILE[name] in request.body
    assert losses((carried,)) == (Loss("as-file"),)
    read = Document(required(files_of(body)[0]))
    assert type(put_back(read, left_out(body, read))) is type(body)


def test_what_was_lost_on_the_way_of_files_is_told() -> None:
    assert losses((None, StoredFile(URL, lost="colours"), StoredFile(URL))) == (Loss("colours"),)
    assert sent_as(bodies()["image"], (StoredFile(URL),)) == bodies()["image"]
    assert sent_as(bodies()["voice"], (StoredFile(URL, as_file=True),)) == Document(of_kind(Voice, bodies()["voice"]).file)


WITHHELD: tuple[tuple[Language, str], ...] = (("zh", "未通过安全检查"), ("en", "withheld by the virus scan"))


@pytest.mark.parametrize("operation", ["post", "edit"])
@pytest.mark.parametrize("kind", bodies())
@pytest.mark.parametrize("name", sorted(PLATFORMS))
def test_what_must_reach_nobody_is_named_and_leads_nowhere(name: str, kind: str, operation: str) -> None:
    body = bodies()[kind]
    delivery = delivery_of(Post(body) if operation == "post" else Edit(EARLIER, body))
    for language, said in WITHHELD:
        text = placeholder(delivery, language)
        assert text.event.id == delivery.event.id
        encoded = PLATFORMS[name].encode(text, account_of(name), TargetContext(withheld=True))
        (request,) = encoded.requests
        whole = request.body + request.path.encode()
        assert b"files.example.com" not in whole
        shown = text.event.operation.body.text  # type: ignore[union-attr]
        assert said in shown
        assert "its name" in shown
        if name in CLIENTS:
            assert said in text_of(name, request)


@pytest.mark.parametrize("kind", bodies())
@pytest.mark.parametrize("name", CLIENTS)
def test_no_secret_is_shown_nor_an_address_that_wants_one(name: str, kind: str) -> None:
    for operation in (Post(bodies(secret="s3cr3t")[kind]), Edit(EARLIER, bodies(secret="s3cr3t")[kind])):
        for request in PLATFORMS[name].encode(delivery_of(operation), account_of(name), TargetContext()).requests:
            assert b"s3cr3t" not in request.body
            assert "files.example.com" not in text_of(name, request)


@pytest.mark.parametrize("name", sorted(PLATFORMS))
def test_files_of_a_message_are_jobs_of_their_own_with_their_place(name: str) -> None:
    delivery, media, account = delivery_of(Post(BODIES["image"])), PLATFORMS[name].media, account_of(name)
    found = [job for _, job in jobs(delivery, media, account, b"k", 3)]
    makes_its_own = name in {"easemob", "yunxin"}
    assert [(job.place, job.role, job.alone) for job in found] == (
        [(0, "image", True)] if makes_its_own else [(0, "image", False), (1, "thumbnail", False)]
    )
    assert [(role, file) for _, role, file in wanted(delivery, media, account)] == [(job.role, job.file) for job in found]
    assert [job.alone for _, job in jobs(delivery_of(Post(BODIES["voice"])), media, account, b"k", 3)] == [True]
    assert jobs(delivery_of(Post(BODIES["text"])), media, account, b"k", 3) == ()
    assert len(jobs(delivery_of(Edit(EARLIER, BODIES["file"])), media, account, b"k", 3)) == 1


def test_an_own_server_that_fetches_by_itself_waits_for_nothing() -> None:
    platform, account = PLATFORMS["own"], account_of("own", files="link")
    delivery = delivery_of(Post(BODIES["image"]))
    assert wanted(delivery, platform.media, account) == ()
    assert platform.encode(delivery, account, TargetContext()).losses == ()


def test_what_is_supposed_has_the_form_and_the_size_that_the_target_takes() -> None:
    def would(name: str, body: Body, **settings: Any) -> tuple[StoredFile | None, ...]:
        return assume_transferred(delivery_of(Post(body)), PLATFORMS[name].media, account_of(name, **settings))

    large = Document(File(URL, name="a.pdf", size=11 << 20))
    assert would("easemob", large) == (None,)
    assert would("easemob", large, file_limit=20 << 20) == (StoredFile(URL, name="a.pdf", size=11 << 20, mime="application/pdf"),)
    (voice,) = would("yunxin", Voice(File(URL, name="a.amr", mime="amr"), 1_000))
    assert voice is not None
    assert voice.mime == "audio/aac"
    inline = would("rongcloud", Voice(File(inline="IyFBTVIK", mime="audio/amr"), 1_000), voice="inline")
    assert [one.inline for one in inline if one] == ["IyFBTVIK"]
    assert would("rongcloud", BODIES["forwarded"]) == ()


def said(body: Body) -> bytes:
    event = {"id": "m-1", "conversation": {"kind": "direct", "users": ["alice", "bob"]}, "sender": "alice", "at": NOW}
    return wire.dump_any(event | {"operation": msgspec.to_builtins(Post(body))})


def test_a_survey_counts_files_as_carried_and_too_large_ones_as_shown() -> None:
    apps = {
        "own": App("own", PLATFORMS["own"], account_of("own"), "there"),
        "there": App("there", PLATFORMS["easemob"], account_of("easemob"), "own"),
    }
    survey = TrafficReport(apps, PreviewIdentities(IdentityTable()))
    for number, body in enumerate((*bodies().values(), Document(File(URL, size=11 << 20)))):
        survey.take(Callback("own", said(body), NOW), str(number))
    assert {(row.verdict, row.kind): row.count for row in survey.rows()} == {
        ("carried", "image"): 1,
        ("carried", "gif"): 1,
        ("carried", "voice"): 1,
        ("carried", "video"): 1,
        ("carried", "file"): 1,
        ("changed", "sticker"): 1,
        ("shown", "file"): 1,
    }


def test_a_preview_shows_files_as_if_they_were_there_and_says_so() -> None:
    accounts = {name: account_of(name) for name in ("own", "easemob")}
    shown = preview(said(bodies()["file"]), {}, "own", "easemob", accounts, IdentityTable())
    assert [request["body"]["type"] for request in shown["requests"]] == ["file"]
    assert any("as if they had been brought over" in note for note in shown["notes"])
