"""A real browser, driven as the W3C's "WebDriver" says, without a client of its own: Debian's `chromium` and `chromium-driver`.

`python -m tests.console.pictures` uses it to make the pictures of docs/console.md.
"""

import base64
import json
import shutil
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import httpx

from streams.kafka.local.ports import free_port
from tests.children import dies_with_parent
from tests.waiting import until

DRIVER = shutil.which("chromedriver")
_ELEMENT = "element-6066-11e4-a52e-4f735466cecf"


class Browser:
    def __init__(self, url: str) -> None:
        self._http = httpx.Client(base_url=url, trust_env=False, timeout=120)
        options = {"args": ["--headless=new", "--no-sandbox", "--disable-gpu", "--disable-dev-shm-usage", "--hide-scrollbars"]}
        made = self._send(
            "post", "/session", {"capabilities": {"alwaysMatch": {"goog:chromeOptions": options, "goog:loggingPrefs": {"browser": "ALL"}}}}
        )
        self._session = f"/session/{made['sessionId']}"

    def size(self, width: int, height: int) -> None:
        """Of the page, in CSS pixels."""
        given = {"width": width, "height": height, "deviceScaleFactor": 1, "mobile": width < 500}
        self._post("/goog/cdp/execute", cmd="Emulation.setDeviceMetricsOverride", params=given)

    def open(self, url: str) -> None:
        self._post("/url", url=url)

    def fill(self, name: str, text: str) -> None:
        self._post(f"/element/{self._one(f'[name={name}]')}/value", text=text)

    def click(self, selector: str) -> None:
        self._post(f"/element/{self._one(selector)}/click")

    def follow(self, selector: str) -> None:
        """Click what leads to another page, and wait until that is there: the driver comes back before it."""
        self.asked("document.left = true")
        self.click(selector)
        until(lambda: self.asked("document.left !== true && document.readyState === 'complete'"))

    def texts(self, selector: str) -> list[str]:
        """As shown; all of one moment, in one call: elements go stale with their page."""
        texts: list[str] = self.asked(f"[...document.querySelectorAll({json.dumps(selector)})].map(each => each.innerText)")
        return texts

    def text(self) -> str:
        return "\n".join(self.texts("body"))

    def asked(self, expression: str) -> Any:
        """By the driver: the page's own policy lets nobody else run script."""
        return self._post("/execute/sync", script=f"return {expression}", args=[])

    def problems(self) -> list[str]:
        """What the browser's console says: a breach of the policy, a file that is missing."""
        return [entry["message"] for entry in self._post("/se/log", type="browser")]

    def picture(self) -> bytes:
        """Of the whole page, as PNG."""
        height = int(self.asked("document.documentElement.scrollHeight"))
        given = {
            "captureBeyondViewport": True,
            "clip": {"x": 0, "y": 0, "width": self.asked("innerWidth"), "height": min(height, 2400), "scale": 1},
        }
        return base64.b64decode(self._post("/goog/cdp/execute", cmd="Page.captureScreenshot", params=given)["data"])

    def close(self) -> None:
        self._send("delete", self._session)

    def _each(self, selector: str) -> list[str]:
        return [each[_ELEMENT] for each in self._post("/elements", using="css selector", value=selector)]

    def _one(self, selector: str) -> str:
        found = self._each(selector)
        assert found, f"the page has no {selector}"
        return found[0]

    def _post(self, path: str, **body: Any) -> Any:
        return self._send("post", self._session + path, body)

    def _send(self, method: str, path: str, body: Any = None) -> Any:
        answer = self._http.request(method, path, json=body) if body is not None else self._http.request(method, path)
        value = answer.json()["value"]
        assert answer.status_code == 200, value
        return value


@contextmanager
def browser() -> Iterator[Browser]:
    assert DRIVER is not None, "apt-get install chromium chromium-driver"
    port = free_port()
    with subprocess.Popen(
        [DRIVER, f"--port={port}"],
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
        preexec_fn=dies_with_parent(),  # noqa: PLW1509 - no threads are started between
    ) as driver:
        try:
            until(lambda: _up(port))
            one = Browser(f"http://127.0.0.1:{port}")
            try:
                yield one
            finally:
                one.close()
        finally:
            driver.terminate()


def _up(port: int) -> bool:
    try:
        return bool(httpx.get(f"http://127.0.0.1:{port}/status", trust_env=False).json()["value"]["ready"])
    except httpx.HTTPError:
        return False
