"""The bytes of what was said and of what arrived, got from where they lie as the receiver's app gets them, and compared."""

import threading
from collections.abc import Mapping, Sequence
from typing import Any

from tests import attachments
from tests.demo.crossing import Arrived, Media, Said, source_key
from tests.simulators.client import SimulatorClient

KEPT = 500
"""Files that are remembered; older ones are got anew."""


class Fetched:
    """*sides* are the simulators by platform; several threads may ask."""

    def __init__(self, sides: Mapping[str, SimulatorClient]) -> None:
        self._sides = sides
        self._kept: dict[tuple[str, str], bytes] = {}
        self._lock = threading.Lock()

    def content(self, platform: str, lies: Media) -> bytes:
        """Raises ValueError when it is not given, and httpx.HTTPError when nobody answers."""
        name = platform, str(lies.get("inline") or lies.get("url"))
        found = self._kept.get(name)
        if found is None:
            found = self._sides[platform].fetch(lies)
            with self._lock:
                while len(self._kept) >= KEPT:
                    del self._kept[next(iter(self._kept))]
                self._kept[name] = found
        return found

    def complaint(self, one: Said, other: Arrived) -> str:
        """What is wrong with the file that *one* became, if it has one; empty when nothing is."""
        if one.media is None:
            return ""
        if other.media is None:
            return f"{source_key(one)}: arrived without its file"
        kind = one.media["kind"]
        before, after = self.content(one.platform, one.media), self.content(other.platform, other.media)
        if not attachments.same(kind, before, after):
            return f"{source_key(one)}: {kind} arrived as another one"
        if other.media.get("right") is False:
            return f"{source_key(one)}: {kind} arrived with another's MD5"
        said, told = one.media.get("duration", 0), other.media.get("duration", 0)
        if said and abs(said - told) >= 1000:
            return f"{source_key(one)}: {kind} of {said} ms is said to be of {told} ms"
        small: dict[str, Any] = other.media.get("thumbnail") or {}
        if small and kind in ("image", "video"):
            seen = self.content(other.platform, small)
            whole = attachments.picture_of(after) if kind == "image" else attachments.watched(after).first
            if not attachments.alike(attachments.picture_of(seen), whole):
                return f"{source_key(one)}: {kind} has the thumbnail of another one"
        return ""

    def complaints(self, says: Sequence[Said], arrives: Sequence[Arrived]) -> list[str]:
        """Of all that has arrived."""
        origins = {source_key(one): one for one in says}
        found = (self.complaint(origins[one.source], one) for one in arrives if one.source in origins)
        return [each for each in found if each]
