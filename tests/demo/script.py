"""What people say in the demo: on either app, to one person or to the group, in Chinese, English and emoji."""

from collections.abc import Iterator
from itertools import count
from typing import NamedTuple


class Line(NamedTuple):
    platform: str
    sender: str
    receiver: str
    """A user, or `team`."""
    text: str


_LINES = (
    Line("yunxin", "alice", "bob", "你好,Bob!新版 App 装好了吗? 📱"),
    Line("easemob", "bob", "alice", "装好了 👍 我在新 App 里,你在旧的里,照样能聊"),
    Line("yunxin", "alice", "team", "@所有人 明天 10:00 开会 🕙"),
    Line("easemob", "carol", "team", "收到 ✅"),
    Line("easemob", "dave", "alice", "See you tomorrow 👋"),
    Line("yunxin", "dave", "carol", "带上 PPT,谢谢 🙏"),
    Line("easemob", "carol", "dave", "没问题,𠮷田也来"),
    Line("yunxin", "bob", "team", '👨‍👩‍👧‍👦 + 🇨🇳 + "quotes" & <tags> \\ ok'),
    Line("easemob", "bob", "team", "第一行\n第二行\t🎉"),
    Line("yunxin", "carol", "bob", "ok"),
)


def lines() -> Iterator[Line]:
    """Without end; numbered, so that no two texts are alike and order can be checked."""
    for number in count(1):
        line = _LINES[(number - 1) % len(_LINES)]
        yield line._replace(text=f"{line.text} #{number}")
