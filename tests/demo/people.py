"""Carries out the script: each platform has its own words for an edit and a recall."""

import time
from itertools import count
from typing import Any

from tests import attachments
from tests.apps import APPS
from tests.attachments import Sample
from tests.deeds import EDIT, RECALL, recalled
from tests.demo.crossing import Arrived
from tests.demo.journals import Journals
from tests.demo.script import SENDS, Line
from tests.stack import NAMES, Stack

READING = 500
"""Milliseconds that a message is there before anybody answers it."""
RECORDS = {"yunxin": "aac", "easemob": "amr", "rongcloud": "aac"}
"""How the apps of a platform record voices; as MP3 where nothing is said."""


class People:
    def __init__(self, stack: Stack, journals: Journals) -> None:
        self._stack = stack
        self._journals = journals
        self._last: dict[tuple[str, str, str], str] = {}
        """By side, sender and receiver: the number of what was said last."""
        self._voices = {side: count() for side in NAMES}
        """Every other one of a side lies in the message itself, where the platform has that."""

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
        if line.does == "edit":
            EDIT[platform](side, place, self._last[line[:3]], line.text)
            return
        if line.does == "recall":
            RECALL.get(platform, recalled)(side, place, self._last[line[:3]])
            return
        if line.does in SENDS:
            inline = line.does == "voice" and next(self._voices[line.side]) % 2 == 1
            media = sample(platform, line, inline=inline).media(inline=inline)
            said = side.send(place[0], place[1], media, type=kind)
        else:
            more = {"ext": quoting(self._answered(line))} if line.does == "answer" else {}
            said = side.say(place[0], place[1], line.text, type=kind, **more)
        self._last[line[:3]] = said["id"]

    def _platform(self, line: Line) -> str:
        return self._stack.platforms[NAMES.index(line.side)]

    def _answered(self, line: Line) -> Arrived | None:
        """The words that came last from the one that is spoken to."""
        here, found = self._platform(line), (one for one in reversed(self._journals.arrives) if one.media is None)
        seen = time.time() * 1000 - READING
        return next((one for one in found if (one.platform, one.sender) == (here, line.receiver) and one.at < seen), None)


def sample(platform: str, line: Line, *, inline: bool) -> Sample:
    match line.does:
        case "picture":
            return attachments.picture(line.number)
        case "gif":
            return attachments.gif(line.number)
        case "voice":
            codec = "amr" if platform == "rongcloud" and inline else RECORDS.get(platform, "mp3")
            return attachments.voice(line.number, codec, 1.0 + line.number % 4)
        case "video":
            return attachments.video(line.number)
        case _:
            return attachments.document(line.number)


def quoting(one: Arrived | None) -> dict[str, Any]:
    """Easemob's, as its UI kits write it."""
    if one is None:
        return {}
    return {"msgQuote": {"msgID": one.id, "msgPreview": one.text, "msgSender": one.sender, "msgType": "txt"}}
