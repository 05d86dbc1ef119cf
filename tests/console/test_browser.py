"""The page in a real browser, on a desk and on a phone."""

import time
from collections.abc import Iterator

import pytest

from streams.console.frame import PAGES
from tests.console.browser import DRIVER, Browser, browser
from tests.console.conftest import PASSWORD, Site
from tests.operate.conftest import callback, delivery

pytestmark = pytest.mark.skipif(DRIVER is None, reason="no browser: apt-get install chromium chromium-driver")


@pytest.fixture(scope="module")
def chromium() -> Iterator[Browser]:
    with browser() as one:
        yield one


def logged_in(chromium: Browser, site: Site) -> None:
    chromium.open(f"{site.url}/login?lang=en")
    if chromium.texts("input[name=password]"):
        chromium.fill("name", "ann")
        chromium.fill("password", PASSWORD)
        chromium.follow("button.main")


@pytest.mark.parametrize("width", [1280, 375, 320])
def test_every_page_fits_its_screen_in_both_languages(chromium: Browser, site: Site, width: int) -> None:
    chromium.size(width, 800)
    logged_in(chromium, site)
    site.ground.bury(delivery(91000 + width), cause="rejected-9")
    for path in [*PAGES.values(), f"/message?id=yunxin:old:direct:{91000 + width}:post&since=1h"]:
        for language, title in (("en", "im-relay console"), ("zh", "im-relay 控制台")):
            chromium.open(f"{site.url}{path}{'&' if '?' in path else '?'}lang={language}")
            assert chromium.texts("header strong") == [title], path
            assert chromium.asked("document.documentElement.scrollWidth") <= width, f"{path} in {language} has to be moved sideways"
    assert chromium.problems() == []


def test_a_person_replays_a_letter_with_the_mouse_on_a_phone(chromium: Browser, site: Site) -> None:
    site.ground.bury(delivery(92001), cause="rejected-92")
    chromium.size(375, 800)
    logged_in(chromium, site)
    chromium.open(f"{site.url}/letters?cause=rejected-92&lang=en")
    chromium.click("input[name=place]")
    chromium.follow("button[value=replay]")
    assert "Replay 1 letters?" in chromium.text()
    chromium.follow("form[action='/letters/resolve'] button.main")
    assert "1 replayed." in chromium.text()
    assert "No letter matches." in chromium.text()


def test_words_of_strangers_run_nothing_in_a_browser(chromium: Browser, site: Site) -> None:
    hostile = "</td><script>document.title='owned'</script><img src=x onerror=\"document.title='owned'\">"
    site.ground.called(callback(93001, sender=hostile), at=int(time.time() * 1000))
    site.ground.bury(delivery(93002, sender=hostile), cause="rejected-93", detail=hostile)
    chromium.size(1280, 800)
    logged_in(chromium, site)
    for path in ("/letters?cause=rejected-93", "/message?id=93001&since=1h", "/"):
        chromium.open(f"{site.url}{path}")
        assert "owned" not in chromium.asked("document.title")
        assert chromium.texts("script, img") == []
    chromium.open(f"{site.url}/letters?cause=rejected-93")
    assert "document.title='owned'" in chromium.text(), "it is there, as text"
