"""A bucket: what is put there, under which name, and who may fetch it."""

import asyncio
import os
import re
from collections.abc import AsyncIterator
from hashlib import sha256
from pathlib import Path
from typing import Any

import httpx
import pytest
from pydantic import ValidationError

from converters.core.model import StoredFile
from converters.files.media import MediaResult
from streams.erase.media_copies import keys_of, remove
from streams.http_server.listener import Listener
from streams.kafka.local.ports import free_port
from streams.media.store import StoredObject, StoreFailed, opened, s3
from streams.media.store.s3 import PART
from streams.media.store.settings import MediaStoreSettings
from streams.settings.root import MediaSettings, Settings
from tests.media.store.bucket import ACCESS, NAME, SECRET, Bucket

CONTENT = b"\x89PNG\r\n\x1a\n" + bytes(range(256)) * 40


class At:
    """A store on a simulated bucket."""

    def __init__(self, port: int, bucket: Bucket) -> None:
        self.port, self.bucket = port, bucket

    def settings(self, **more: Any) -> MediaStoreSettings:
        given: dict[str, Any] = {
            "kind": "s3",
            "endpoint": f"http://127.0.0.1:{self.port}",
            "allow_http": True,
            "bucket": NAME,
            "access_key_id": ACCESS,
            "secret_access_key": SECRET,
            "timeout": 20,
        }
        return MediaStoreSettings(**(given | more))

    async def put(
        self, path: Path, content: bytes = CONTENT, name: str = "cat.png", mime: str = "image/png", app: str = "new", **more: Any
    ) -> StoredObject | StoreFailed:
        path = path / "file" if path.is_dir() else path
        path.write_bytes(content)
        store = opened(self.settings(**more), MediaSettings())
        assert store is not None
        try:
            return await store.put(path, name=name, mime=mime, digest=sha256(content).hexdigest(), app=app)
        finally:
            await store.close()

    def methods(self, method: str) -> list[str]:
        return [key for seen, key, _ in self.bucket.seen if seen == method]


@pytest.fixture
async def at() -> AsyncIterator[At]:
    bucket = Bucket()
    listener = Listener(bucket, "127.0.0.1", 0, "bucket")
    await listener.start()
    try:
        yield At(listener.port, bucket)
    finally:
        await listener.stop(1)


async def fetched(url: str) -> httpx.Response:
    async with httpx.AsyncClient(trust_env=False) as client:
        return await client.get(url)


async def kept(at: At, path: Path, **more: Any) -> StoredObject:
    found = await at.put(path, **more)
    assert isinstance(found, StoredObject), found
    return found


async def test_the_link_gives_the_bytes_their_type_and_their_name(at: At, tmp_path: Path) -> None:
    found = await kept(at, tmp_path, name="小猫.png")
    answer = await fetched(found.url)
    assert (answer.status_code, answer.content) == (200, CONTENT)
    assert answer.headers["content-type"] == "image/png"
    assert answer.headers["content-disposition"] == "inline; filename=\"__.png\"; filename*=UTF-8''%E5%B0%8F%E7%8C%AB.png"
    assert found.lives == 7 * 86_400
    (key,) = at.bucket.objects
    assert re.fullmatch(r"new/[0-9a-f]{40}\.png", key)


async def test_a_link_that_was_changed_or_is_over_gives_nothing(at: At, tmp_path: Path) -> None:
    url = (await kept(at, tmp_path, link_days=1)).url
    assert (await fetched(url)).status_code == 200
    for changed in (
        url.replace("X-Amz-Expires=86400", "X-Amz-Expires=604800"),
        url[:-1] + ("0" if url[-1] != "0" else "1"),
        url.partition("?")[0],
    ):
        assert (await fetched(changed)).status_code == 403
    assert (await fetched(url.replace("/new/", "/other/"))).status_code == 403
    at.bucket.ahead = 86_401
    assert (await fetched(url)).status_code == 403


async def test_a_file_larger_than_a_part_goes_up_in_parts_and_is_whole(at: At, tmp_path: Path) -> None:
    content = os.urandom(2 * PART + 12_345)
    found = await kept(at, tmp_path, content=content, name="film.mp4", mime="video/mp4")
    assert [names for method, _, names in at.bucket.seen if method == "PUT"] == [("partNumber", "uploadId")] * 3
    answer = await fetched(found.url)
    assert answer.content == content
    assert answer.headers["content-type"] == "video/mp4"


async def test_the_same_file_is_put_once_for_an_app_and_name(at: At, tmp_path: Path) -> None:
    first, again = [await kept(at, tmp_path) for _ in range(2)]
    assert len(at.methods("PUT")) == 1
    assert first.url.partition("?")[0] == again.url.partition("?")[0]
    await kept(at, tmp_path, app="old")
    await kept(at, tmp_path, name="dog.png")
    await kept(at, tmp_path, content=CONTENT + b"1")
    assert len(set(at.methods("PUT"))) == 4
    assert len(at.bucket.objects) == 4


async def test_what_the_bucket_will_soon_delete_is_put_anew(at: At, tmp_path: Path) -> None:
    await kept(at, tmp_path, kept_days=10)
    await kept(at, tmp_path, kept_days=10)
    assert len(at.methods("PUT")) == 1
    (one,) = at.bucket.objects.values()
    one.at = one.at.replace(year=one.at.year - 1)
    found = await kept(at, tmp_path, kept_days=10)
    assert len(at.methods("PUT")) == 2
    assert (await fetched(found.url)).content == CONTENT


async def test_who_may_not_look_may_still_put(at: At, tmp_path: Path) -> None:
    at.bucket.may_look = False
    found = await kept(at, tmp_path)
    assert (await fetched(found.url)).content == CONTENT


async def test_what_is_erased_is_gone_by_the_key_that_its_link_names(at: At, tmp_path: Path) -> None:
    for folder in ("", "a/b"):
        await kept(at, tmp_path, prefix=folder, name="other.png")
        result = MediaResult(event="e", place=0, target="new", carried=StoredFile((await kept(at, tmp_path, prefix=folder)).url))
        before = set(at.bucket.objects)
        gone = await remove(Settings(media=MediaSettings(store=at.settings(prefix=folder))), keys_of(result))
        assert (len(gone.removed), gone.left) == (1, [])
        assert len(before - set(at.bucket.objects)) == 1
        assert (await remove(Settings(media=MediaSettings(store=at.settings(prefix=folder))), keys_of(result))).left == [], (
            "again is no error"
        )
    at.bucket.faults = [403]
    refused = await remove(Settings(media=MediaSettings(store=at.settings())), ["new/" + "a" * 40])
    assert (refused.removed, refused.left) == ([], ["new/" + "a" * 40])


async def test_a_public_folder_has_links_without_a_signature_that_do_not_end(at: At, tmp_path: Path) -> None:
    at.bucket.public = True
    found = await kept(at, tmp_path, prefix="a/b", public_url=f"http://127.0.0.1:{at.port}/{NAME}/a/b", link_days=365)
    assert "?" not in found.url
    assert found.lives == 0
    assert (await fetched(found.url)).content == CONTENT


@pytest.mark.parametrize(
    ("name", "mime", "said"),
    [
        ("page.html", "text/html", "application/octet-stream"),
        ("drawing.svg", "image/svg+xml", "application/octet-stream"),
        ("a\r\nX-Evil: 1.pdf", "application/pdf\r\nX-Evil: 1", "application/octet-stream"),
        (
            "talk.docx",
            "application/vnd.openxmlformats-officedocument.wordprocessingml.document; charset=x",
            "application/vnd.openxmlformats-officedocument.wordprocessingml.document",
        ),
    ],
)
async def test_what_a_browser_would_run_is_saved_as_bytes(at: At, tmp_path: Path, name: str, mime: str, said: str) -> None:
    answer = await fetched((await kept(at, tmp_path, name=name, mime=mime)).url)
    assert answer.headers["content-type"] == said
    assert answer.headers["content-disposition"].startswith("attachment; ")
    assert "x-evil" not in answer.headers


@pytest.mark.parametrize(
    ("faults", "reason", "again"),
    [
        ([403], "store-refused", False),
        ([404], "store-refused", False),
        ([400], "store-refused", False),
        ([503] * 3, "store-busy", True),
        ([500] * 3, "store-away", True),
    ],
)
async def test_a_fault_of_the_bucket_has_a_fixed_word(at: At, tmp_path: Path, faults: list[int], reason: str, again: bool) -> None:
    at.bucket.faults = list(faults)
    found = await at.put(tmp_path)
    assert isinstance(found, StoreFailed), found
    assert (found.reason, found.again) == (reason, again)
    assert not at.bucket.faults


async def test_one_fault_of_the_service_is_tried_again_at_once(at: At, tmp_path: Path) -> None:
    at.bucket.faults = [503]
    assert (await fetched((await kept(at, tmp_path)).url)).content == CONTENT
    assert len(at.methods("PUT")) == 2


async def test_wrong_keys_and_another_bucket_are_refused_and_nobody_there_is_away(at: At, tmp_path: Path) -> None:
    assert await at.put(tmp_path, secret_access_key="another-secret-of-a-bucket") == StoreFailed("store-refused", again=False)
    assert await at.put(tmp_path, bucket="nobodys") == StoreFailed("store-refused", again=False)
    found = await at.put(tmp_path, endpoint=f"http://127.0.0.1:{free_port()}")
    assert isinstance(found, StoreFailed)
    assert (found.reason, found.again) == ("store-away", True)


async def test_a_bucket_that_does_not_answer_is_away(tmp_path: Path) -> None:
    asked = asyncio.Event()

    async def silent(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        asked.set()
        await reader.read()
        writer.close()

    server = await asyncio.start_server(silent, "127.0.0.1", 0)
    async with server:
        one = At(server.sockets[0].getsockname()[1], Bucket())
        assert await one.put(tmp_path, timeout=0.5) == StoreFailed("store-away", again=True, after=1.0)
        assert asked.is_set()


async def test_the_environment_does_not_move_the_bucket(at: At, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("AWS_ENDPOINT_URL_S3", "http://127.0.0.1:1")
    monkeypatch.setenv("AWS_ENDPOINT_URL", "http://127.0.0.1:1")
    monkeypatch.setenv("AWS_SKIP_SIGNATURE", "true")
    monkeypatch.setenv("AWS_SESSION_TOKEN", "of-somebody-else")
    found = await kept(at, tmp_path)
    assert (await fetched(found.url)).content == CONTENT


@pytest.mark.parametrize(
    ("more", "said"),
    [
        ({"link_days": 8}, "7 days at most"),
        ({"secret_access_key": "hrtsc"}, "has 5 characters"),
        ({"secret_access_key": ""}, "secret_access_key is missing"),
        ({"bucket": ""}, "bucket is missing"),
        ({"allow_http": False}, "allow_http"),
        ({"kept_days": 3}, "less than link_days"),
        ({"kind": "files", "endpoint": ""}, "endpoint is missing"),
        ({"kind": "files", "secret": "x" * 15}, "has 15 characters"),
        ({"kind": "files"}, "secret is missing"),
    ],
)
def test_wrong_settings_are_refused_with_words_that_help(more: dict[str, Any], said: str) -> None:
    with pytest.raises(ValidationError, match=said) as raised:
        At(1, Bucket()).settings(**more)
    assert "hrtsc" not in str(raised.value.errors(include_input=False))


async def test_the_bucket_may_be_a_part_of_the_hosts_name() -> None:
    store = opened(At(1, Bucket()).settings(path_style=False, endpoint="https://oss.example.com", prefix="im"), MediaSettings())
    assert isinstance(store, s3.BucketStore)
    found = await store._link("new/key.png", 0.0)
    assert found.url.startswith("https://chat.oss.example.com/im/new/key.png?X-Amz-Algorithm=AWS4-HMAC-SHA256&")


def test_a_secret_may_lie_in_a_file(tmp_path: Path) -> None:
    (tmp_path / "secret").write_text(f"{SECRET}\n")
    one = At(1, Bucket()).settings(secret_access_key="", secret_access_key_file=str(tmp_path / "secret"))
    assert one.secret_access_key.get_secret_value() == SECRET
    assert SECRET not in repr(one)
    assert SECRET not in one.model_dump_json()
