"""Nothing becomes markup that was text."""

from html.parser import HTMLParser

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from streams.console.markup import document, h


class Read(HTMLParser):
    def __init__(self) -> None:
        super().__init__(convert_charrefs=True)
        self.tags: list[tuple[str, list[tuple[str, str | None]]]] = []
        self.text = ""

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append((tag, attrs))

    def handle_data(self, data: str) -> None:
        self.text += data


@settings(max_examples=50, deadline=None)
@given(
    st.text(alphabet=st.characters(exclude_categories=["Cs", "Cc", "Cf", "Zl", "Zp", "Zs", "Co", "Cn"])), st.text(alphabet="<>\"'&/ =`ab")
)
def test_whatever_text_says_a_browser_reads_it_as_text(text: str, value: str) -> None:
    read = Read()
    read.feed(document(h("p", text, h("input", name="id", value=value))).decode())
    assert [tag for tag, _ in read.tags] == ["p", "input"]
    assert dict(read.tags[1][1])["value"] == value
    assert read.text.strip() == text.strip()


@pytest.mark.parametrize("hidden", ["\u202eevil", "a\u200bb", "a\x00b", "a\x1b[31m", "\ud800"])
def test_what_turns_a_line_around_or_hides_is_written_out(hidden: str) -> None:
    made = document(h("p", hidden)).decode()
    assert "\\" in made
    assert all(char.isprintable() or char == "\n" for char in made)


@pytest.mark.parametrize(
    "wrong",
    [
        lambda: h("script", "alert(1)"),
        lambda: str(h("a", "x", href="javascript:alert(1)")),
        lambda: str(h("a", "x", href="//elsewhere.example")),
        lambda: str(h("a", "x", href="/\\elsewhere.example")),
        lambda: str(h("p", "x", onclick="alert(1)")),
        lambda: str(h("p", "x", style="color:red")),
    ],
)
def test_script_and_links_to_elsewhere_cannot_be_built(wrong: object) -> None:
    with pytest.raises(AssertionError):
        wrong()  # type: ignore[operator]


def test_an_object_is_no_part_of_a_page() -> None:
    with pytest.raises(TypeError, match="object is no part"):
        str(h("p", object()))
