"""Who is shown our token when a file is fetched: the app's own file service, and nobody else, whatever the address looks like."""

import pytest
import yarl
from hypothesis import given
from hypothesis import strategies as st

from converters.core.bodies import File
from tests.converters.examples import account_of
from tests.converters.test_media import HOME, ID, NAMES, media_of

PIECES = st.sampled_from(
    [
        "https:",
        "http:",
        "HTTPS:",
        "//",
        "/",
        "\\",
        "@",
        ":",
        ":443",
        ":8443",
        "?",
        "#",
        "..",
        ".",
        "%2e%2e",
        "%2F",
        ";",
        " ",
        "\t",
        "\n",
        "a1.easemob.com",
        "A1.EASEMOB.COM",
        "a1.easemob.com.",
        "evil.example",
        "user:pw",
        "demo",
        "relay",
        "chatfiles",
        ID,
        "x",
        "/demo/relay/chatfiles/",
        HOME,
        "\u3002",
        "127.1",
        "[::1]",
    ]
)
HOSTILE = [
    f"https://evil.example/demo/relay/chatfiles/{ID}",
    f"https://a1.easemob.com@evil.example/demo/relay/chatfiles/{ID}",
    f"https://user@a1.easemob.com/demo/relay/chatfiles/{ID}",
    f"http://a1.easemob.com/demo/relay/chatfiles/{ID}",
    f"https://a1.easemob.com:8443/demo/relay/chatfiles/{ID}",
    f"https://a1.easemob.com.evil.example/demo/relay/chatfiles/{ID}",
    f"https://a1.easemob.com\\@evil.example/demo/relay/chatfiles/{ID}",
    f"{HOME}/../users",
    f"{HOME}/..",
    f"{HOME}/%2e%2e",
    f"{HOME}/",
    f"{HOME}/{ID}/../../users",
    f"{HOME}/{ID}?x=1",
    f"{HOME}/{ID}#x",
    f"{HOME}/{ID} ",
    f" {HOME}/{ID}",
    f"{HOME}//{ID}",
    f"{HOME}\\{ID}",
    f"https://a1.easemob.com/other/app/chatfiles/{ID}",
    f"https://a1.easemob.com/demo/relay/users/{ID}",
    HOME,
    "",
    "x",
    f"{HOME}/{ID}\n",
]


def test_our_token_goes_to_our_own_file_service() -> None:
    download = media_of("easemob").download(File(f"{HOME}/{ID}"), account_of("easemob"))
    assert download.authorised
    assert download.headers == {"Accept": "application/octet-stream"}
    elsewhere = account_of("easemob", base_url="https://a31.easemob.com/")
    assert not media_of("easemob").download(File(f"{HOME}/{ID}"), elsewhere).authorised
    assert media_of("easemob").download(File(f"{HOME.replace('a1', 'a31')}/{ID}"), elsewhere).authorised


@pytest.mark.parametrize("url", HOSTILE)
@pytest.mark.parametrize("name", NAMES)
def test_our_token_goes_nowhere_else(name: str, url: str) -> None:
    assert not media_of(name).download(File(url, "s"), account_of(name)).authorised


@given(pieces=st.lists(PIECES, max_size=8), text=st.text(max_size=8), home=st.booleans())
def test_no_address_that_is_dialled_elsewhere_gets_our_token(pieces: list[str], text: str, home: bool) -> None:
    url = (f"{HOME}/" if home else "") + "".join(pieces) + text
    for name in NAMES:
        if not media_of(name).download(File(url, "s"), account_of(name)).authorised:
            continue
        dialled = yarl.URL(url)
        assert name == "easemob"
        assert (dialled.scheme, dialled.host, dialled.port, dialled.user) == ("https", "a1.easemob.com", 443, None)
        assert dialled.raw_path.startswith("/demo/relay/chatfiles/")
        assert dialled.raw_path.count("/") == 4
        assert (dialled.query_string, dialled.fragment) == ("", "")


@given(secret=st.text(max_size=20))
def test_a_secret_that_is_no_header_is_not_sent_as_one(secret: str) -> None:
    for name in NAMES:
        headers = media_of(name).download(File("https://x.example/a", secret), account_of(name)).headers
        assert all(value.isprintable() and value.isascii() for value in headers.values())
        assert ("share-secret" in headers) == (
            name == "easemob" and secret.isascii() and secret.isprintable() and bool(secret) and " " not in secret
        )
