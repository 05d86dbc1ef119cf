"""Carries out the script: each platform has its own words for a picture, an edit, a recall."""

import time
from typing import Any

from tests.apps import APPS
from tests.deeds import EDIT, RECALL
from tests.demo.crossing import Arrived
from tests.demo.journals import Journals
from tests.demo.script import Line
from tests.stack import NAMES, Stack

PICTURES = "https://files.example.com/"
READING = 500
"""Milliseconds that a message is there before anybody answers it."""


class People:
    def __init__(self, stack: Stack, journals: Journals) -> None:
        self._stack = stack
        self._journals = journals
        self._last: dict[tuple[str, str, str], str] = {}
        """By side, sender and receiver: the number of what was said last."""

    def can(self, line: Line) -> bool:
        """Whether the message that *line* is about has arrived."""
        if line.does == "answer":
            return self._answered(line) is not None
        if line.does in ("edit", "recall"):
            kind = "group" if line.receiver == "team" else "direct"
            name = f"{self._platform(line)}:{kind}:{self._last[line[:3]]}"
            return any(one.source == name for one in self._journals.arrives)
        return True

    def do(self, line: Line) -> None:
        platform = self._platform(line)
        side, group = self._stack.sides[platform], line.receiver == "team"
        kind = "group" if group else "person"
        place = line.sender, APPS[platform].group if group else line.receiver, kind
        match line.does:
            case "edit":
                EDIT[platform](side, place, self._last[line[:3]], line.text)
                return
            case "recall":
                RECALL[platform](side, place, self._last[line[:3]])
                return
            case "picture":
                more = picture(platform, line.text)
            case "answer":
                more = {"text": line.text, "ext": quoting(self._answered(line))}
            case "say":
                more = {"text": line.text}
        self._last[line[:3]] = side.say(place[0], place[1], type=kind, **more)["id"]

    def _platform(self, line: Line) -> str:
        return self._stack.platforms[NAMES.index(line.side)]

    def _answered(self, line: Line) -> Arrived | None:
        """What came last from the one that is spoken to."""
        here, found = self._platform(line), self._journals.arrives
        seen = time.time() * 1000 - READING
        return next((one for one in reversed(found) if (one.platform, one.sender) == (here, line.receiver) and one.at < seen), None)


def picture(platform: str, name: str) -> dict[str, Any]:
    url = PICTURES + name
    match platform:
        case "yunxin":
            attach = {"url": url, "name": name, "ext": "jpg", "w": 800, "h": 600, "size": 48211, "md5": "0" * 32}
            return {"kind": "PICTURE", "attach": attach}
        case "rongcloud":
            return {"kind": "RC:ImgMsg", "body": {"content": "", "imageUri": url}}
        case _:
            return {"body": {"kind": "image", "file": {"url": url, "name": name}}}


def quoting(one: Arrived | None) -> dict[str, Any]:
    """Easemob's, as its UI kits write it."""
    if one is None:
        return {}
    return {"msgQuote": {"msgID": one.id, "msgPreview": one.text, "msgSender": one.sender, "msgType": "txt"}}
