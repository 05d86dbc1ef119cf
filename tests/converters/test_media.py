"""How each platform keeps files: what it takes, how it is asked for one and given one, and what becomes of its answers."""

import json
from base64 import b64decode
from email import policy
from email.message import MIMEPart
from email.parser import BytesParser
from hashlib import md5
from typing import Any, get_args
from urllib.parse import parse_qs

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from converters import PLATFORMS
from converters.core import multipart, wire
from converters.core.bodies import File
from converters.core.model import StoredFile
from converters.core.outcome import NotSent, Refused
from converters.files.media import FileUpload, MediaSupport, Role, Shape
from converters.files.media_formats import FORMATS
from converters.platform import OTHERS, Reply, Request
from tests.converters.examples import account_of
from tests.converters.strategies import values

NAMES = sorted(PLATFORMS)
ROLES: tuple[Role, ...] = get_args(Role)
UPLOADS = [("easemob", {}), ("easemob", {"restrict_access": True}), ("yunxin", {}), ("yunxin", {"upload": "base64", "file_days": 3})]
ID = "7d3c1f90-aaaa-11f0-9b01-000000000001"
HOME = "https://a1.easemob.com/demo/relay/chatfiles"
ADDRESS = {"easemob": f"{HOME}/{ID}", "yunxin": "https://nim-nosdn.netease.im/t4"}
ANSWERS: dict[str, Any] = {
    "easemob": {"action": "post", "path": "/chatfiles", "entities": [{"uuid": ID, "type": "chatfile", "share-secret": "s3cr3t"}]},
    "yunxin": {"code": 200, "url": ADDRESS["yunxin"]},
}
PICTURE = FileUpload(
    content=b"\xff\xd8\xff\r\n--\r\n\xfb\xef\xbe\xff\xff\xff\0", name="cat.jpg", mime="image/jpeg", role="image", width=800, height=600
)


def media_of(name: str) -> MediaSupport[Any]:
    media = PLATFORMS[name].media
    assert media is not None
    return media


def put(name: str, file: FileUpload = PICTURE, **settings: Any) -> tuple[Request, Any]:
    account, media = account_of(name, **settings), media_of(name)
    assert media.upload is not None
    return media.upload(file, account), account


def became(name: str, status: int, body: bytes, file: FileUpload = PICTURE, headers: dict[str, str] | None = None, **settings: Any) -> Any:
    request, account = put(name, file, **settings)
    media = media_of(name)
    assert media.uploaded is not None
    return media.uploaded(file, request, Reply(status, headers or {}, body), account)


def parts_of(request: Request) -> dict[str, MIMEPart]:
    head = f"Content-Type: {request.headers['Content-Type']}\r\n\r\n".encode()
    whole = BytesParser(policy=policy.HTTP).parsebytes(head + request.body)
    return {str(part.get_param("name", header="content-disposition")): part for part in whole.iter_parts()}


def content_of(request: Request) -> tuple[bytes, dict[str, str]]:
    """The file and the fields beside it, as a server reads them."""
    if not request.headers["Content-Type"].startswith("multipart/"):
        fields = {name: one for name, (one,) in parse_qs(request.body.decode(), strict_parsing=True).items()}
        return b64decode(fields.pop("content"), validate=True), fields
    parts = parts_of(request)
    (file,) = [part for part in parts.values() if part.get_filename() is not None]
    fields = {name: part.get_content().strip() for name, part in parts.items() if part is not file}
    return _between(request), fields


def _between(request: Request) -> bytes:
    """The last part's bytes by the boundary alone: a parser of mail would mend ends of lines."""
    boundary = request.headers["Content-Type"].partition("boundary=")[2].encode()
    *_, last, end = request.body.split(b"--" + boundary)
    assert end == b"--\r\n"
    return last.partition(b"\r\n\r\n")[2].removesuffix(b"\r\n")


@pytest.mark.parametrize("role", ROLES)
@pytest.mark.parametrize("name", NAMES)
def test_every_role_has_forms_that_there_are(name: str, role: Role) -> None:
    shape = media_of(name).shape(role, account_of(name))
    if shape is None:
        assert role == "forwarded"
        assert name != "own"
        return
    for each in (shape, *([shape.thumbnail] if shape.thumbnail else [])):
        assert set(each.formats) <= set(FORMATS)
        assert len(set(each.formats)) == len(each.formats)
    if shape.thumbnail is not None:
        assert shape.thumbnail.box != (0, 0)
        assert shape.thumbnail.formats == ("jpeg",)


def test_settings_say_which_form_a_voice_has_and_what_an_own_server_takes() -> None:
    assert media_of("easemob").shape("voice", account_of("easemob")) == Shape(formats=("amr",), largest=10 << 20)
    assert media_of("easemob").shape("voice", account_of("easemob", voice="mp3", file_limit=9)) == Shape(formats=("mp3",), largest=9)
    assert media_of("rongcloud").shape("voice", account_of("rongcloud")) == Shape(formats=("aac",))
    assert media_of("rongcloud").shape("voice", account_of("rongcloud", voice="inline")) == Shape(
        formats=("amr",), inline=61_440, inline_longest=60_499
    )
    assert {media_of("own").shape(role, account_of("own", files="link")) for role in ROLES} == {None}
    assert {media_of("own").shape(role, account_of("own")) for role in ROLES} == {Shape()}
    lives = {name: media_of(name).lives(account_of(name)) for name in NAMES}
    assert lives == {"easemob": 604_800.0, "yunxin": 0.0, "rongcloud": 0.0, "own": 0.0}
    assert media_of("yunxin").lives(account_of("yunxin", file_days=3)) == 259_200.0


@pytest.mark.parametrize(("name", "settings"), UPLOADS)
def test_what_is_put_there_and_answered_as_documented_is_carried(name: str, settings: dict[str, Any]) -> None:
    request, account = put(name, **settings)
    content, fields = content_of(request)
    assert content == PICTURE.content
    assert (
        fields
        == {
            "easemob": {},
            "yunxin": {"type": "image/jpeg", "ishttps": "true"}
            | ({"expireSec": "259200"} if account_of(name, **settings).file_days == 3 else {}),
        }[name]
    )
    assert request.headers.get("restrict-access") == ("true" if settings.get("restrict_access") else None)
    found = became(name, 200, wire.dump_any(ANSWERS[name]), **settings)
    secret = "s3cr3t" if name == "easemob" else ""
    digest = md5(PICTURE.content).hexdigest()
    assert found == StoredFile(ADDRESS[name], secret, "", "cat.jpg", len(PICTURE.content), "image/jpeg", digest, 800, 600)
    if secret:
        download = media_of(name).download(File(found.url, found.secret), account)
        assert (download.authorised, download.headers["share-secret"]) == (True, secret)


def test_easemob_is_told_how_large_a_thumbnail_to_make() -> None:
    headers = put("easemob")[0].headers
    assert (headers["thumbnail-width"], headers["thumbnail-height"]) == ("320", "240")
    for other in (msgspec.structs.replace(PICTURE, role="voice"), msgspec.structs.replace(PICTURE, width=0)):
        assert "thumbnail-width" not in put("easemob", other)[0].headers
    thin = put("easemob", msgspec.structs.replace(PICTURE, width=9000, height=1))[0].headers
    assert (thin["thumbnail-width"], thin["thumbnail-height"]) == ("320", "1")


@pytest.mark.parametrize("name", ["easemob", "yunxin"])
@given(
    content=st.binary(max_size=200), filename=st.text(), mime=st.text(max_size=20) | st.sampled_from(["audio/amr", "image/svg+xml; x=1"])
)
def test_nothing_but_the_file_is_put_there_whatever_it_holds_and_is_called(name: str, content: bytes, filename: str, mime: str) -> None:
    file = FileUpload(content=content, name=filename, mime=mime, role="file")
    request, _ = put(name, file)
    again, _ = put(name, file)
    assert request == again
    assert all(value.isprintable() for value in request.headers.values())
    boundary = request.headers["Content-Type"].partition("boundary=")[2]
    assert boundary.encode() not in content
    assert _between(request) == content
    heads = [part.partition(b"\r\n\r\n")[0] for part in request.body.split(b"--" + boundary.encode())]
    assert len(heads) == (3 if name == "easemob" else 5)
    (disposition, kind) = heads[-2].removeprefix(b"\r\n").split(b"\r\n")
    part = {"easemob": b"file", "yunxin": b"content"}[name]
    assert disposition.startswith(b'Content-Disposition: form-data; name="' + part + b'"; filename="')
    assert disposition.count(b'"') == 4
    assert not any(byte < 32 or byte in b"\\/" for byte in disposition.partition(b"filename=")[2])
    assert kind.partition(b": ")[2].decode().count("/") == 1
    assert len(disposition) < 300


def test_a_name_keeps_its_suffix_and_its_language() -> None:
    assert multipart.filename('图 "1".jpg') == "图 %221%22.jpg"
    assert multipart.filename("../../etc/passwd\r\nX: y") == ".._.._etc_passwd%0D%0AX: y"
    long = multipart.filename("图" * 300 + ".jpg")
    assert long.endswith("图.jpg")
    assert len(long.encode()) <= multipart.LONGEST_NAME
    assert multipart.filename("") == "file"


def test_another_boundary_is_taken_where_the_first_occurs(monkeypatch: pytest.MonkeyPatch) -> None:
    class Digest:
        def __init__(self, data: bytes = b"") -> None:
            self.data = data

        def update(self, data: bytes) -> None:
            del data  # the same for every file, so that one can hold its boundary

        def digest(self) -> bytes:
            return b""

        def hexdigest(self) -> str:
            return f"{int.from_bytes(self.data):040}"

    monkeypatch.setattr(multipart, "sha256", Digest)
    kind, body = multipart.write({}, "file", "a", "a/b", b"x" + b"0" * 40 + b"0" * 39 + b"1")
    assert kind.endswith("=" + "0" * 39 + "2")
    assert body.count(b"0" * 39 + b"2") == 2


@pytest.mark.parametrize(("name", "settings"), UPLOADS)
@given(status=st.sampled_from([200, 201, 204, 301, 400, 401, 403, 404, 408, 409, 413, 415, 429, 500, 502, 599]), said=st.data())
def test_no_answer_is_a_defect_and_none_is_taken_for_a_file_that_names_none(
    name: str, settings: dict[str, Any], status: int, said: st.DataObject
) -> None:
    text = st.text(max_size=30)
    like = st.fixed_dictionaries(
        {},
        optional={
            "entities": values | st.lists(st.fixed_dictionaries({}, optional={"uuid": values | text, "share-secret": values}), max_size=2),
            "code": values | st.sampled_from([200, "200", 403, 414, 415, 416, 431, 500]),
            "url": values | text,
            "desc": values,
            "error": values | text,
            "error_description": values | text,
            "data": values,
        },
    )
    raw = said.draw(st.binary(max_size=40) | values.map(wire.dump_any) | like.map(wire.dump_any))
    found = became(name, status, raw, **settings)
    assert isinstance(found, StoredFile | NotSent | Refused)
    if isinstance(found, StoredFile):
        assert status == 200
        assert found.url.startswith(f"{HOME}/" if name == "easemob" else "http")
        assert found.url.isprintable()
    else:
        assert found.reason
        assert len(found.reason) < 120


ODD_ENTITIES: tuple[object, ...] = ({"uuid": "../../users"}, {"uuid": ""}, {"uuid": "a b"}, {"uuid": 7}, {}, None, "x")
LATER = [
    ("easemob", 500, "{}", False),
    ("easemob", 502, "<html>", False),
    ("easemob", 408, "", False),
    ("easemob", 401, "{}", False),
    ("easemob", 429, '{"error":"reach_limit"}', True),
    ("easemob", 200, "", False),
    ("easemob", 201, "{}", False),
    ("easemob", 403, '{"error_description":"message send reach limit"}', True),
    ("easemob", 301, "", False),
    *(("easemob", 200, json.dumps({"entities": [one]}), False) for one in ODD_ENTITIES),
    ("yunxin", 500, "", False),
    ("yunxin", 429, "", True),
    ("yunxin", 200, '{"code":416}', True),
    ("yunxin", 200, '{"code":500}', False),
    ("yunxin", 200, '{"code":415}', False),
    ("yunxin", 200, '{"code":503}', False),
    ("yunxin", 200, '{"code":431}', False),
    ("yunxin", 200, '{"code":200}', False),
    ("yunxin", 200, '{"code":200,"url":"ftp://x/y"}', False),
    ("yunxin", 401, "", False),
]


@pytest.mark.parametrize(("name", "status", "body", "throttled"), LATER)
def test_what_may_yet_go_well_is_tried_again(name: str, status: int, body: str, throttled: bool) -> None:
    found = became(name, status, body.encode(), headers={"retry-after": "7"})
    assert isinstance(found, NotSent)
    assert found.throttled is throttled
    if name == "easemob" and status == 429:
        assert found.retry_after == 7


@pytest.mark.parametrize(
    ("name", "status", "body", "reason"),
    [
        ("easemob", 413, '{"error":"file exceeding maximum limit"}', "too-large"),
        ("easemob", 413, "<html>", "too-large"),
        ("easemob", 400, '{"error":"illegal_argument"}', "400 illegal_argument"),
        ("yunxin", 413, "", "too-large"),
        ("yunxin", 200, '{"code":414,"desc":"content is too large"}', "code 414: bad parameter"),
        ("yunxin", 404, "", "http 404"),
    ],
)
def test_what_never_will_is_refused(name: str, status: int, body: str, reason: str) -> None:
    assert became(name, status, body.encode()) == Refused(reason)


@pytest.mark.parametrize(("name", "settings"), UPLOADS)
def test_uploads_are_counted_and_may_be_repeated(name: str, settings: dict[str, Any]) -> None:
    request, _ = put(name, **settings)
    assert request.repeatable
    assert request.method == "POST"
    named = {api for limit in PLATFORMS[name].limits for api in limit.apis}
    assert named & {request.api, OTHERS}
    assert name != "easemob" or request.api in named
