"""What a server calls the file that it gives: its name and type, as far as they can be shown."""

import re
from collections.abc import Mapping
from email.message import Message
from urllib.parse import unquote

_MIME = re.compile(r"[a-z0-9][a-z0-9!#$&^_.+-]{0,63}/[a-z0-9][a-z0-9!#$&^_.+-]{0,63}")
_LONGEST = 200


def mime(headers: Mapping[str, str]) -> str:
    """Lower case, without parameters; empty where there is none that is one."""
    said = headers.get("Content-Type", "").partition(";")[0].strip().lower()
    return said if _MIME.fullmatch(said) else ""


def name(headers: Mapping[str, str], path: str) -> str:
    """From Content-Disposition, or from the (escaped) *path*; may be empty. Never a path, and nothing that does not print."""
    return _plain(_disposition(headers.get("Content-Disposition", ""))) or _plain(unquote(path))


def _disposition(said: str) -> str:
    if not said.isprintable():  # which bytes that are no UTF-8 are not, either
        return ""
    # aiohttp's own reader warns with the header's text, which is somebody's.
    message = Message()
    message["Content-Disposition"] = said
    return message.get_filename("") or ""


def _plain(written: str) -> str:
    last = re.split(r"[/\\]", written)[-1]
    return "".join(filter(str.isprintable, last)).strip(" .")[-_LONGEST:]
