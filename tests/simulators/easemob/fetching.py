"""Files that an import names and the platform fetches itself. Source: "Easemob: import messages" (need_download).

A source that gives nothing does not fail the call: the file is then there and empty.
"""

import threading

import httpx
from msgspec.structs import replace

from tests.simulators.easemob import attachments
from tests.simulators.easemob.state import Easemob

PATIENCE = 10.0
SIDE = 170


def fetch_later(easemob: Easemob, url: str, host: str) -> str:
    """The address at which the file of *url* will lie."""
    easemob.base = easemob.base or f"http://{host}"
    file = easemob.files.keep(b"", "application/octet-stream", (SIDE, SIDE), restricted=False)

    def fetch() -> None:
        try:
            answer = httpx.get(url, timeout=PATIENCE, trust_env=False, follow_redirects=False)
            good = answer.status_code == 200
        except httpx.HTTPError:
            good = False
        if good:
            kind = answer.headers.get("content-type", file.type)
            easemob.files.put(replace(file, content=answer.content, type=kind))
        easemob.journal.note("file", easemob.now(), what="fetched", url=url, id=file.id, good=good)

    threading.Thread(target=fetch, daemon=True).start()
    return f"{attachments.folder(easemob)}/{file.id}"
