"""Who speaks TLS has to be who they say, and it is not left again."""

import asyncio
import ssl
from collections.abc import AsyncIterator
from pathlib import Path

import pytest
import trustme

from converters.files.media import Download
from streams.media.fetch import Fetched, Fetcher, FetchFailed
from streams.media.ssrf_guard import AddressPolicy
from tests.media.origin import Names, Origin, answer


@pytest.fixture(scope="module")
def certificate(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Of files.example, with its key; the authority's is beside it."""
    folder = tmp_path_factory.mktemp("tls")
    authority = trustme.CA()
    authority.cert_pem.write_to_path(folder / "authority.pem")
    authority.issue_cert("files.example").private_key_and_cert_chain_pem.write_to_path(folder / "cert.pem")
    return folder / "cert.pem"


@pytest.fixture
async def secure(certificate: Path) -> AsyncIterator[Origin]:
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(certificate)
    async with Origin(tls=context) as one:
        yield one


def asking(**more: Path) -> Fetcher:
    names = Names(files_example=[["127.0.0.1"]], other_example=[["127.0.0.1"]])
    return Fetcher(AddressPolicy(["127.0.0.1/32"]), resolver=names, connect=20.0, **more)  # type: ignore[arg-type]


async def test_a_certificate_counts_by_its_authority_and_its_name(secure: Origin, certificate: Path, into: Path) -> None:
    secure.paths["/"] = answer("200 OK", b"hello")
    strict, ours = asking(), asking(authorities=certificate.with_name("authority.pem"))
    unknown = await strict.fetch(Download(secure.url("/", "files.example")), into, largest=9)
    assert unknown == FetchFailed(reason="tls", again=False)
    assert isinstance(await ours.fetch(Download(secure.url("/", "files.example")), into, largest=9), Fetched)
    another = await ours.fetch(Download(secure.url("/", "other.example")), into, largest=9)
    assert another == FetchFailed(reason="tls", again=False)
    assert len(secure.heads) == 1
    await strict.close()
    await ours.close()


async def test_there_is_no_way_back_from_https(secure: Origin, origin: Origin, certificate: Path, into: Path) -> None:
    fetcher = asking(authorities=certificate.with_name("authority.pem"))
    secure.paths["/"] = answer("302 Found", Location=origin.url("/plain", "files.example"))
    origin.paths["/plain"] = answer("200 OK", b"hello")
    got = await fetcher.fetch(Download(secure.url("/", "files.example"), {"share-secret": "s3cret"}), into, largest=9)
    assert got == FetchFailed(reason="downgrade", again=False)
    assert origin.heads == []
    origin.paths["/up"] = answer("302 Found", Location=secure.url("/file", "files.example"))
    secure.paths["/file"] = answer("200 OK", b"hello")
    up = await fetcher.fetch(Download(origin.url("/up", "files.example"), {"share-secret": "s3cret"}), into, largest=9)
    assert isinstance(up, Fetched)
    assert "s3cret" not in secure.heads[-1]
    await fetcher.close()


async def test_what_speaks_no_tls_is_told(fetcher: Fetcher, into: Path) -> None:
    async def plain(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        writer.write(answer("400 Bad Request"))
        await writer.drain()
        writer.close()

    async with await asyncio.start_server(plain, "127.0.0.1", 0) as server:
        url = f"https://127.0.0.1:{server.sockets[0].getsockname()[1]}/"
        assert await fetcher.fetch(Download(url), into, largest=9) == FetchFailed(reason="tls", again=False)
