"""What people say and do in the demo: on either app, to one person or to the group, in Chinese, English and emoji."""

from collections.abc import Iterator
from itertools import count
from typing import Literal, NamedTuple

Side = Literal["old", "new"]


class Line(NamedTuple):
    side: Side
    sender: str
    receiver: str
    """A user, or `team`."""
    text: str
    """What is said; of a picture its name, of an edit the new words."""
    does: Literal["say", "picture", "answer", "edit", "recall"] = "say"
    """An answer quotes what came last from the other one; an edit and a recall are of the sender's last words to the receiver."""


_LINES = (
    Line("old", "alice", "bob", "你好,Bob!新版 App 装好了吗? 📱"),
    Line("new", "bob", "alice", "装好了 👍 我在新 App 里,你在旧的里,照样能聊"),
    Line("old", "alice", "team", "@所有人 明天 10:00 开会 🕙"),
    Line("new", "carol", "team", "收到 ✅"),
    Line("new", "dave", "alice", "See you tomorrow 👋"),
    Line("old", "alice", "bob", "cat.jpg", "picture"),
    Line("old", "dave", "carol", "带上 PPT,谢谢 🙏"),
    Line("new", "carol", "dave", "没问题,𠮷田也来", "answer"),
    Line("old", "bob", "team", '👨‍👩‍👧‍👦 + 🇨🇳 + "quotes" & <tags> \\ ok'),
    Line("new", "bob", "team", "第一行\n第二行\t🎉"),
    Line("old", "alice", "team", "改到 11:00", "edit"),
    Line("old", "carol", "bob", "ok"),
    Line("old", "carol", "bob", "", "recall"),
)


def lines(*, edits: bool = True) -> Iterator[Line]:
    """Without end; numbered, so that no two texts are alike and order can be checked. Without *edits* where nobody can."""
    script = [line for line in _LINES if edits or line.does != "edit"]
    for number in count(1):
        line = script[(number - 1) % len(script)]
        yield line._replace(text=f"{line.text} #{number}") if line.does in ("say", "answer", "edit") else line
