"""Names, keys, signatures: laws, over whatever a stranger may send."""

import re
from urllib.parse import unquote, urlsplit

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from streams.files.naming import KEY, LONGEST, disposition, extension_of, key_of, plain_mime, plain_name
from streams.files.signed import FRESH, ROOT, SignedLink, SignedUpload, asked, headers, link, taken, upload

SECRET, OTHER, NOW = b"a secret of sixteen", b"another, as long as it", 1_800_000_000.0
DIGEST = "ab" * 32
names = st.text(max_size=300)
digests = st.binary(min_size=32, max_size=32).map(bytes.hex)


@given(names)
def test_a_plain_name_is_one_harmless_part_of_a_path_and_stays_what_it_is(name: str) -> None:
    plain = plain_name(name)
    assert 0 < len(plain) <= LONGEST
    assert plain not in (".", "..")
    assert not re.search(r'[/\\\x00-\x1f\x7f"<>|:*?\u202a-\u202e\u2066-\u2069\u2028]', plain)
    assert plain_name(plain) == plain


def test_a_plain_name_keeps_what_people_read_and_how_it_ends() -> None:
    assert plain_name("小猫 photo.PNG") == "小猫 photo.PNG"
    assert plain_name("../../etc/passwd") == "_.._etc_passwd"
    assert plain_name("gpj.\u202eexe.jpg") == "gpj.exe.jpg"
    long = plain_name("x" * 500 + ".docx")
    assert long.endswith("x.docx")
    assert len(long) == LONGEST
    assert plain_name("\n..") == "file"


@given(names, st.text(max_size=60))
def test_a_disposition_is_one_line_of_ascii_that_gives_the_name_back(name: str, mime: str) -> None:
    plain = plain_name(name)
    head = disposition(plain, plain_mime(mime))
    assert re.fullmatch(r"(inline|attachment); filename=\"[ -!#-\[\]-~]*\"; filename\*=UTF-8''[A-Za-z0-9%._~-]+", head)
    assert unquote(head.rpartition("''")[2]) == plain


@pytest.mark.parametrize(
    "mime", ["text/html", "image/svg+xml", "application/xhtml+xml", "text/xml", "application/javascript", "", "a/b\r\nc: d"]
)
def test_no_type_that_a_browser_would_run_is_served(mime: str) -> None:
    assert plain_mime(mime) == "application/octet-stream"
    assert disposition("a", plain_mime(mime)).startswith("attachment")


def test_known_types_are_served_as_they_are() -> None:
    assert plain_mime("Audio/AMR; rate=8000") == "audio/amr"
    assert disposition("a", "audio/amr").startswith("inline")
    assert disposition("a", "application/pdf").startswith("attachment")
    assert (extension_of("audio/amr", "x.html"), extension_of("", "x.DOCX"), extension_of("", "x.a/b")) == ("amr", "docx", "")


@given(st.text(max_size=50), digests, st.text(max_size=30))
def test_a_key_has_the_form_of_keys_and_is_the_same_each_time(app: str, digest: str, name: str) -> None:
    extension = extension_of("", name)
    key = key_of(SECRET, app, digest, extension)
    assert KEY.fullmatch(key)
    assert key == key_of(SECRET, app, digest, extension)
    assert key != key_of(OTHER, app, digest, extension)
    assert digest[:16] not in key


@given(digests, digests)
def test_other_content_has_another_key_and_other_fields_too(one: str, two: str) -> None:
    keys = {key_of(SECRET, app, digest, "", also) for app in ("a", "b") for digest in (one, two) for also in ((), ("x", "y"), ("xy",))}
    assert len(keys) == 6 * len({one, two})


@settings(max_examples=50)
@given(names, st.text(max_size=40), st.integers(0, 10**12))
def test_an_upload_that_we_signed_is_taken(name: str, mime: str, length: int) -> None:
    one = upload(SECRET, "new", digest=DIGEST, length=length, name=name, mime=mime, now=NOW)
    head = headers(SECRET, one)
    assert all(value.isascii() and value.isprintable() for value in head.values())
    assert taken(SECRET, ROOT + one.key, head, NOW + FRESH) == one


def signed_upload() -> SignedUpload:
    return upload(SECRET, "new", digest=DIGEST, length=10, name="a.png", mime="image/png", now=NOW)


@pytest.mark.parametrize(
    "change",
    [
        {"content-length": "11"},
        {"content-length": "010 "},
        {"content-type": "text/html"},
        {"x-im-relay-name": "b.png"},
        {"x-im-relay-sha256": "cd" * 32},
        {"x-im-relay-time": str(int(NOW) + 1)},
        {"authorization": "IM-Relay " + "0" * 64},
        {"authorization": "IM-Relay é"},
        {"authorization": ""},
    ],
)
def test_an_upload_of_which_anything_was_changed_is_not_taken(change: dict[str, str]) -> None:
    one = signed_upload()
    assert taken(SECRET, ROOT + one.key, headers(SECRET, one), NOW) == one
    assert taken(SECRET, ROOT + one.key, headers(SECRET, one) | change, NOW) is None


def test_an_upload_is_taken_for_its_path_and_time_and_with_its_secret_only() -> None:
    one = signed_upload()
    path, head = ROOT + one.key, headers(SECRET, one)
    assert taken(SECRET, path.replace("/new/", "/old/"), head, NOW) is None
    assert taken(SECRET, path, head, NOW + FRESH + 1) is None
    assert taken(SECRET, path, head, NOW - FRESH - 1) is None
    assert taken(OTHER, path, head, NOW) is None


def test_who_knows_the_secret_cannot_name_content_otherwise_either() -> None:
    one = signed_upload()
    free = SignedUpload(key="new/" + "0" * 40 + ".png", digest=one.digest, length=10, name="a", mime="image/png", time=int(NOW))
    assert taken(SECRET, ROOT + free.key, headers(SECRET, free), NOW) is None


@given(names, st.sampled_from(["image/png", "audio/amr", "application/octet-stream"]), st.integers(0, 10**11))
def test_a_link_is_read_as_it_was_made(name: str, mime: str, until: int) -> None:
    one = SignedLink(key=signed_upload().key, name=plain_name(name), mime=mime, until=until)
    path, query = urlsplit(link(SECRET, one))[2:4]
    assert path.isascii()
    assert asked(SECRET, unquote(path), query) == one
    assert asked(OTHER, unquote(path), query) is None


@settings(max_examples=300)
@given(st.data())
def test_a_link_with_one_character_changed_is_no_link(data: st.DataObject) -> None:
    one = SignedLink(key=signed_upload().key, name="cat.png", mime="image/png", until=int(NOW))
    whole = link(SECRET, one)
    place = data.draw(st.integers(0, len(whole) - 1))
    char = data.draw(st.characters(codec="ascii", categories=("L", "N", "P")))
    changed = whole[:place] + char + whole[place + 1 :]
    path, _, query = changed.partition("?")
    read = asked(SECRET, unquote(path), query)
    assert read is None or (read == one and unquote(changed) == unquote(whole))


@pytest.mark.parametrize("more", ["&until=9999999999", "&sig=x", "&type=text/html", "&x=1", "&" * 50])
def test_a_link_with_more_or_doubled_parts_is_no_other_link(more: str) -> None:
    one = SignedLink(key=signed_upload().key, name="cat.png", mime="image/png", until=int(NOW))
    path, _, query = link(SECRET, one).partition("?")
    assert asked(SECRET, path, query + more) in (None, one)
    assert asked(SECRET, path, more.lstrip("&") + "&" + query) in (None, one)
    assert asked(SECRET, path, "") is None
