"""`im-relay files` as a process: how it starts, ends, and is killed."""

import asyncio
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from hashlib import sha256
from pathlib import Path

import httpx
import pytest

from streams.files.disk import FileDirectory
from streams.files.signed import headers, upload
from streams.kafka.local.ports import free_port
from streams.media.store import StoredObject
from streams.media.store.files import FileStore
from streams.media.store.settings import MediaStoreSettings
from tests.children import dies_with_parent
from tests.files.conftest import SECRET
from tests.waiting import until

CONTENT = bytes(range(256)) * 20_000


class Process:
    def __init__(self, root: Path) -> None:
        self.root, self.port, self.observe = root, free_port(), free_port()
        (root / "secret").write_text(SECRET)
        self.config = root / "relay.toml"
        self.config.write_text(
            f"""
            [files]
            host = "127.0.0.1"
            port = {self.port}
            directory = "{root / "files"}"
            public_url = "http://127.0.0.1:{self.port}"
            secret_file = "{root / "secret"}"
            [observe]
            host = "127.0.0.1"
            port = {self.observe}
            """
        )

    @contextmanager
    def running(self) -> "Iterator[subprocess.Popen[bytes]]":
        arguments = [sys.executable, "-m", "streams", "files", "--config", str(self.config)]
        with subprocess.Popen(arguments, preexec_fn=dies_with_parent()) as process:  # noqa: PLW1509 - no threads are started between
            try:
                until(self.ready)
                yield process
            finally:
                process.kill()

    def ready(self) -> bool:
        try:
            return httpx.get(f"http://127.0.0.1:{self.observe}/readyz", trust_env=False).status_code == 200
        except httpx.HTTPError:
            return False

    async def put(self) -> str:
        (self.root / "to-put").write_bytes(CONTENT)
        store = FileStore(MediaStoreSettings(kind="files", endpoint=f"http://127.0.0.1:{self.port}", secret=SECRET))
        found = await store.put(self.root / "to-put", name="a.mp4", mime="video/mp4", digest=sha256(CONTENT).hexdigest(), app="new")
        await store.close()
        assert isinstance(found, StoredObject)
        return found.url

    def lying(self, part: str) -> list[int]:
        """Sizes of what lies in a part of the directory."""
        return [path.stat().st_size for path in (self.root / "files" / part).rglob("*") if path.is_file()]


def get(url: str) -> httpx.Response:
    return httpx.get(url, trust_env=False)


async def test_killed_in_the_middle_of_an_upload_it_has_no_file_and_after_its_start_no_rest_of_it(tmp_path: Path) -> None:
    one = Process(tmp_path)
    with one.running() as process:
        digest = sha256(CONTENT).hexdigest()
        half = upload(SECRET.encode(), "new", digest=digest, length=len(CONTENT), name="a", mime="video/mp4", now=time.time())
        _, writer = await asyncio.open_connection("127.0.0.1", one.port)
        lines = [
            f"PUT /files/{half.key} HTTP/1.1",
            "host: x",
            *(f"{name}: {value}" for name, value in headers(SECRET.encode(), half).items()),
        ]
        writer.write("\r\n".join([*lines, "", ""]).encode() + CONTENT[: 3 << 20])
        await writer.drain()
        await asyncio.to_thread(until, lambda: sum(one.lying("coming")) >= 2 << 20)
        process.kill()
        process.wait()
        writer.transport.abort()
    assert one.lying("coming")
    assert one.lying("kept") == []
    with one.running():
        assert one.lying("coming") == []
        url = await one.put()
        assert get(url).content == CONTENT
        assert one.lying("kept") == [len(CONTENT)]


async def test_what_was_answered_is_there_after_a_kill_and_links_still_hold(tmp_path: Path) -> None:
    one = Process(tmp_path)
    with one.running() as process:
        url = await one.put()
        process.kill()
        process.wait()
    with one.running() as process:
        assert get(url).content == CONTENT
        page = get(f"http://127.0.0.1:{one.observe}/metrics").text
        assert 'im_relay_files_requests_total{method="GET",status="2xx"} 1.0' in page
        until(lambda: "im_relay_files_kept 1.0" in get(f"http://127.0.0.1:{one.observe}/metrics").text)
        assert get(f"http://127.0.0.1:{one.observe}/livez").status_code == 200
        process.terminate()
        assert process.wait(40) == 0


def refused(tmp_path: Path, text: str) -> str:
    (tmp_path / "relay.toml").write_text(text)
    arguments = [sys.executable, "-m", "streams", "files", "--config", str(tmp_path / "relay.toml")]
    done = subprocess.run(arguments, capture_output=True, text=True, check=False, timeout=60)
    assert done.returncode == 2
    return done.stderr


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ('[files]\npublic_url = "http://x"', "files.secret is missing"),
        ('[files]\npublic_url = "http://x"\nsecret = "15characters..."', "secret has 15 characters: give 16 or more"),
        ('[files]\nsecret = "sixteen characters"', "files.public_url is missing"),
        ('[files]\npublic_url = "x"', "files.public_url"),
        ('[files]\nsecret_file = "/nowhere/secret"', "cannot read /nowhere/secret"),
        ("[files]\nkept_days = 2", "less than link_days"),
    ],
)
def test_it_does_not_start_with_wrong_settings_and_says_why(tmp_path: Path, text: str, said: str) -> None:
    found = refused(tmp_path, text)
    assert said in found
    assert "15characters" not in found


def test_two_processes_do_not_share_a_directory(tmp_path: Path) -> None:
    one = Process(tmp_path)
    disk = FileDirectory(tmp_path / "files", kept=1)
    disk.open()
    assert "another process uses it" in refused(tmp_path, one.config.read_text())
    disk.close()
