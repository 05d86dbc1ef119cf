"""In Grafana's place: reads its provisioning where Grafana does, serves the boards, and passes queries on to the source that they name.

Draws nothing. `/api/health`, `/api/search`, `/api/dashboards/uid/UID` and `/api/datasources/proxy/uid/UID/…` are Grafana's own paths.
"""

import json
import signal
import sys
import urllib.error
import urllib.request
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import yaml

PROVISIONING = Path("/etc/grafana/provisioning")


def provisioned(kind: str, key: str) -> list[dict[str, Any]]:
    return [one for path in sorted((PROVISIONING / kind).glob("*.y*ml")) for one in yaml.safe_load(path.read_text())[key]]


SOURCES = {one["uid"]: one["url"] for one in provisioned("datasources", "datasources")}
BOARDS: dict[str, dict[str, Any]] = {}
for provider in provisioned("dashboards", "providers"):
    for path in sorted(Path(provider["options"]["path"]).glob("**/*.json")):
        board = json.loads(path.read_text())
        BOARDS[board["uid"]] = board


class Answer(BaseHTTPRequestHandler):
    def do_GET(self) -> None:
        if self.path == "/api/health":
            self.give(200, {"database": "ok"})
        elif self.path == "/api/search":
            self.give(200, [{"uid": uid, "title": board["title"]} for uid, board in BOARDS.items()])
        elif self.path.startswith("/api/dashboards/uid/") and self.path.rsplit("/", 1)[1] in BOARDS:
            self.give(200, {"dashboard": BOARDS[self.path.rsplit("/", 1)[1]]})
        else:
            self.pass_on()

    def do_POST(self) -> None:
        self.pass_on(self.rfile.read(int(self.headers.get("Content-Length", 0))))

    def pass_on(self, body: bytes | None = None) -> None:
        before, _, path = self.path.partition("/api/datasources/proxy/uid/")
        uid, _, rest = path.partition("/")
        if before or uid not in SOURCES:
            self.give(404, {"message": "not found"})
            return
        asked = urllib.request.Request(f"{SOURCES[uid]}/{rest}", body)
        try:
            with urllib.request.urlopen(asked, timeout=30) as answer:
                self.give(answer.status, json.load(answer))
        except urllib.error.HTTPError as error:
            self.give(error.code, {"message": error.read().decode()})
        except OSError as error:
            self.give(502, {"message": str(error)})

    def give(self, status: int, content: object) -> None:
        body = json.dumps(content).encode()
        self.send_response(status)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *_: object) -> None:
        pass


signal.signal(signal.SIGTERM, lambda *_: sys.exit())  # which the first process of a container is not ended by, unless it asks for it
ThreadingHTTPServer(("", 3000), Answer).serve_forever()
