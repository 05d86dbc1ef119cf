"""Pictures in the terminal, where it can show them: kitty's protocol, and iTerm2's, which others have too."""

import io
import os
from base64 import b64encode
from collections.abc import Mapping

from PIL import Image

SIDE = 96
PART = 4096
"""Characters of one of kitty's commands."""
ITERM = frozenset(("iTerm.app", "WezTerm", "mintty"))


def shown(content: bytes, environment: Mapping[str, str] = os.environ) -> str:
    """What makes the terminal show the picture; empty where it cannot. Sources: "Terminal graphics protocol" of kitty, "Inline Images
    Protocol" of iTerm2."""
    kitty = "KITTY_WINDOW_ID" in environment or environment.get("TERM_PROGRAM") == "ghostty"
    if not kitty and environment.get("TERM_PROGRAM") not in ITERM:
        return ""
    small = _small(content)
    text = b64encode(small).decode()
    if not kitty:
        return f"\x1b]1337;File=inline=1;size={len(small)}:{text}\a\n"
    parts = [text[start : start + PART] for start in range(0, len(text), PART)]
    commands = (
        f"\x1b_G{'a=T,f=100,' if number == 0 else ''}m={int(number < len(parts) - 1)};{part}\x1b\\" for number, part in enumerate(parts)
    )
    return "".join(commands) + "\n"


def _small(content: bytes) -> bytes:
    """As a PNG, which both know."""
    with Image.open(io.BytesIO(content)) as image:
        picture = image.convert("RGB")
    picture.thumbnail((SIDE, SIDE))
    out = io.BytesIO()
    picture.save(out, "png")
    return out.getvalue()
