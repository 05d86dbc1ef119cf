"""The page as a process of its own on the real broker; and in this process, over readings that a test makes up."""

import re
import subprocess
import sys
import threading
from collections import Counter
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager, contextmanager, suppress
from html import unescape
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import httpx
import pytest

from streams.console.access import Access
from streams.console.app import ConsoleApp
from streams.console.passwords import line
from streams.console.scrape import Scraped
from streams.console.settings import ConsoleSettings
from streams.dead_letters.dead_letter import DeadLetter
from streams.kafka.local.ports import free_port
from streams.operate.dead_letter_reader import FoundLetters, LetterSummary
from streams.operate.filters import RecordSubjects
from streams.operate.resolve_dead_letters import ResolvedCounts
from tests.children import dies_with_parent
from tests.operate.conftest import Ground
from tests.waiting import until

PASSWORD = "of the page and of no other"
ORIGIN = "http://localhost:8070"
PROXY = "10.1.0.7"
PROXY_SECRET = "of-the-proxy-and-no-other"
QUICK = 2**14
"""The least that is taken: tests log in often."""
USERS = "\n".join(line(name, role, PASSWORD, name.ljust(16).encode(), QUICK) for name, role in (("ann", "operator"), ("vic", "viewer")))


def settings(**more: Any) -> ConsoleSettings:
    given = {
        "public_url": ORIGIN,
        "users": USERS,
        "proxies": ["10.1.0.0/24"],
        "proxy_secret": PROXY_SECRET,
        "operators": ["olga@example.com", "group:relay-operators"],
        "viewers": ["*"],
    }
    return ConsoleSettings(**(given | more))


def letter(
    key: str = "yunxin:old:direct:1:post", detail: str = "said no", cause: Any = "refused", offset: int = 0, **about: Any
) -> LetterSummary:
    one = DeadLetter(
        stage="deliver",
        cause=cause,
        detail=detail,
        whose="theirs",
        attempts=2,
        at=4_000_000_000_000,
        topic="deliveries.easemob",
        partition=0,
        offset=offset,
        key=b"k",
        value=b"",
    )
    return LetterSummary(
        partition=0, offset=offset, key=key.encode("utf-8", "surrogatepass"), size=1, letter=one, about=RecordSubjects(**about)
    )


class MadeUp:
    """In the place of `Readings`: what is here is what there is; *resolved* is what was done to it."""

    def __init__(self) -> None:
        self.settings = SimpleNamespace(deliver=SimpleNamespace(max_age=3600.0))
        self.apps = {"old": SimpleNamespace(platform=SimpleNamespace(name="yunxin"), target="new")}
        self.platforms = ["easemob", "yunxin"]
        self.found: list[LetterSummary] = [letter()]
        self.ways: list[Any] = []
        self.side: Any = None
        self.scraped = Scraped([], 0, [])
        self.resolved: list[Any] = []

    async def stages(self) -> list[Any]:
        return []

    async def metrics(self) -> Scraped:
        return self.scraped

    async def causes(self) -> "Counter[tuple[str, str, str]]":
        return Counter((one.letter.whose, one.letter.stage, one.letter.cause) for one in self.found)

    async def letters(self, choice: Any) -> FoundLetters:
        return FoundLetters(self.found, 0)

    async def message(self, message: str, since: int) -> list[Any]:
        return self.ways

    async def sides(self, kind: str, given: str, platform: str = "") -> Any:
        return self.side

    async def migrations(self) -> list[Any]:
        return []

    async def acts(self) -> list[Any]:
        return []

    async def resolve(self, letters: Any, mark: Any) -> ResolvedCounts:
        self.resolved.append((letters, mark))
        return ResolvedCounts(len(letters), 0, 0)


class Remembering:
    """In the place of `AuditLog`."""

    def __init__(self) -> None:
        self.acts: list[tuple[Any, ...]] = []

    async def begin(self, what: str, name: str, role: str, source: str, **more: Any) -> Any:
        self.acts.append(("begun", name, what, more))
        return what

    async def end(self, act: Any, outcome: str, count: int = 0) -> None:
        self.acts.append((outcome, act, count))

    async def note(self, what: str, name: str, role: str, source: str, outcome: str) -> None:
        self.acts.append((what, name, role, source, outcome))


class Clock:
    def __init__(self) -> None:
        self.now = 1000.0

    def __call__(self) -> float:
        return self.now


class Page:
    """*asks* makes a client at an address."""

    def __init__(self, **more: Any) -> None:
        self.readings, self.audit, self.clock = MadeUp(), Remembering(), Clock()
        self.access = Access(settings(**more), self.clock)
        self.app = ConsoleApp(self.access, self.readings, self.audit)  # type: ignore[arg-type]

    def at(self, address: str = "192.0.2.9") -> httpx.AsyncClient:
        transport = httpx.ASGITransport(app=self.app, client=(address, 1))  # type: ignore[arg-type]
        return httpx.AsyncClient(transport=transport, base_url=ORIGIN)

    @asynccontextmanager
    async def logged_in(self, name: str = "ann") -> AsyncIterator[httpx.AsyncClient]:
        async with self.at() as client:
            answer = await client.post("/login", data={"name": name, "password": PASSWORD}, headers={"origin": ORIGIN})
            assert answer.status_code == 303
            yield client


def token_of(html: str) -> str:
    found = re.search(r'name="token" value="([0-9a-f]{64})"', html)
    assert found
    return found[1]


@pytest.fixture
def made_up() -> Page:
    return Page()


class Site:
    """`im-relay console` over the topics of a `Ground`."""

    def __init__(self, ground: Ground, metrics: tuple[str, ...] = ()) -> None:
        self.ground = ground
        self.port, observe = free_port(), free_port()
        self.url = f"http://localhost:{self.port}"
        (ground.directory / "users").write_text(USERS)
        more = f"""
[console]
host = "127.0.0.1"
port = {self.port}
public_url = "{self.url}"
users_file = "users"
metrics = {list(metrics)}

[observe]
host = "127.0.0.1"
port = {observe}
"""
        self.config = ground.directory / "console.toml"
        self.config.write_text(ground.config.read_text() + more)
        self._ready = f"http://127.0.0.1:{observe}/readyz"

    @contextmanager
    def running(self) -> Iterator[None]:
        arguments = [sys.executable, "-m", "streams", "console", "--config", str(self.config)]
        log = (self.ground.directory / "console.log").open("wb")
        with log, subprocess.Popen(arguments, stdout=log, stderr=log, preexec_fn=dies_with_parent()) as process:  # noqa: PLW1509 - no threads are started between
            try:
                until(self._is_ready, 120)
                yield
            finally:
                process.terminate()
                assert process.wait(20) == 0

    def _is_ready(self) -> bool:
        try:
            return httpx.get(self._ready, trust_env=False).status_code == 200
        except httpx.HTTPError:
            return False

    def client(self, name: str = "ann") -> httpx.Client:
        client = httpx.Client(base_url=self.url, trust_env=False, timeout=60, headers={"origin": self.url})
        answer = client.post("/login", data={"name": name, "password": PASSWORD})
        assert answer.status_code == 303, answer.text
        return client

    def log(self) -> str:
        return (self.ground.directory / "console.log").read_text()


def text_of(html: str) -> str:
    """What a person reads, tags as spaces."""
    return re.sub(r"\s+", " ", unescape(re.sub(r"<[^>]*>", " ", html)))


@pytest.fixture(scope="module")
def site(kafka: str, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Site]:
    one = Site(Ground(kafka, Path(tmp_path_factory.mktemp("console"))))
    with one.running():
        yield one


@contextmanager
def exposed(body: bytes, status: int = 200) -> Iterator[str]:
    """The address of a role's `/metrics`, which says *body*."""

    class Answer(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            self.send_response(status)
            self.send_header("content-length", str(len(body)))
            self.end_headers()
            with suppress(OSError):  # who asked has heard enough
                self.wfile.write(body)

        def log_message(self, *_: object) -> None:
            """Nobody reads it."""

    server = ThreadingHTTPServer(("127.0.0.1", 0), Answer)
    thread = threading.Thread(target=server.serve_forever, daemon=True)
    thread.start()
    try:
        yield f"http://127.0.0.1:{server.server_address[1]}/metrics"
    finally:
        server.shutdown()
        server.server_close()
