"""What people say and do in the demo: on either app, to one person or to the group, in Chinese, English and emoji."""

from collections.abc import Iterator
from itertools import count
from typing import Literal, NamedTuple, get_args

Side = Literal["old", "new"]
Sends = Literal["picture", "gif", "voice", "video", "file"]


class Line(NamedTuple):
    side: Side
    sender: str
    receiver: str
    """A user, or `team`."""
    text: str
    """What is said; of an edit the new words."""
    does: Literal["say", "answer", "edit", "recall"] | Sends = "say"
    """An answer quotes what came last from the other one; an edit and a recall are of the sender's last words to the receiver."""
    number: int = 0
    """Which picture or voice it is."""


SENDS = frozenset(get_args(Sends))
_LINES = (
    Line("old", "alice", "bob", "你好,Bob!新版 App 装好了吗? 📱"),
    Line("new", "bob", "alice", "装好了 👍 我在新 App 里,你在旧的里,照样能聊"),
    Line("old", "alice", "team", "@所有人 明天 10:00 开会 🕙"),
    Line("new", "carol", "team", "收到 ✅"),
    Line("new", "dave", "alice", "See you tomorrow 👋"),
    Line("old", "alice", "bob", "", "picture"),
    Line("new", "bob", "alice", "", "voice"),
    Line("old", "dave", "carol", "带上 PPT,谢谢 🙏"),
    Line("new", "carol", "dave", "没问题,𠮷田也来", "answer"),
    Line("new", "carol", "dave", "", "file"),
    Line("old", "dave", "carol", "", "voice"),
    Line("old", "bob", "team", '👨‍👩‍👧‍👦 + 🇨🇳 + "quotes" & <tags> \\ ok'),
    Line("new", "bob", "team", "第一行\n第二行\t🎉"),
    Line("old", "alice", "team", "改到 11:00", "edit"),
    Line("new", "carol", "team", "", "picture"),
    Line("old", "dave", "team", "", "gif"),
    Line("new", "dave", "team", "", "video"),
    Line("old", "carol", "bob", "ok"),
    Line("old", "carol", "bob", "", "recall"),
)
ROUNDS = 5
"""Of a checked run."""


def script(*, lacks: frozenset[str] = frozenset(), files: bool = True) -> list[Line]:
    """One round; without what one of the platforms *lacks*, without *files* where none are brought over."""
    left = lacks | (frozenset() if files else SENDS)
    return [line for line in _LINES if line.does not in left]


def lines(round_: list[Line]) -> Iterator[Line]:
    """Without end; numbered, so that no two texts, and no two pictures for a long time, are alike and order can be checked."""
    for number in count(1):
        line = round_[(number - 1) % len(round_)]
        line = line._replace(number=number)
        yield line._replace(text=f"{line.text} #{number}") if line.does in ("say", "answer", "edit") else line
