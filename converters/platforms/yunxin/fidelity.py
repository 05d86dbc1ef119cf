"""What Yunxin can carry, and what it cannot."""

from converters.core.fidelity import full, partial, refused, shown
from converters.text.fallback_text import Language

FIDELITY = {
    "text": full("over about 5,000 characters, in a room 4,096, as several messages"),
    "image": full("JPEG, PNG or GIF; Yunxin makes the thumbnail"),
    "gif": full(known="guess"),
    "voice": full("as AAC"),
    "video": full("as MP4; in H.264 and AAC, where phones do not play it otherwise; what takes too long as a file"),
    "file": full("as every file up to 15 MB"),
    "location": full("title and address shown in one line"),
    "custom": full('as type 100: the object itself, or `{"type": name, "data": …}`; over 5,000 characters as a text'),
    "command": full("as a custom notification, up to 4,096 characters; not in rooms, where people would see it"),
    "forwarded": shown("title and first lines", "sdk"),
    "card": full("as type 100 `userCard`, which the app must know", "guess"),
    "link": shown("title, text and address"),
    "sticker": partial("shown as a picture; without one, by its name"),
    "notice": full("as a tip"),
    "call": shown("that there was one, and how long"),
    "unknown": shown("its name"),
    "quote": full("as the UI kit does, with v2 as a thread as well; in rooms, and of a message that is not there, within the text", "sdk"),
    "recall": full("up to 30 days; with a text of its own, not in rooms"),
    "edit": full("for 7 days; in rooms, and of a text in several parts, as a new message"),
    "read": partial("of a message, not of a whole conversation; not in superteams and rooms"),
    "received": refused("no call sends it", "guess"),
    "reaction": partial(
        "as a quick comment, by the table `reactions` of the settings; not in rooms, with `api` v1 not to what the relay sent; what clients of Yunxin react with is not told",
        "sdk",
    ),
    "typing": full("where the setting `typing` is on; not in rooms", "sdk"),
    "group-created": full("up to 199 members besides the owner"),
    "group-dismissed": full("a room is closed"),
    "group-changed": full("in a room name and announcement alone"),
    "members-added": partial("who joined reads as added, by the setting `operator`; not in rooms"),
    "members-removed": full("in rooms only who is put out"),
    "owner-changed": full("not in rooms"),
    "admins-changed": full(),
    "muted": partial("for ever: without an end"),
    "friend-changed": full("who accepts is added at once"),
    "block-changed": full(),
    "presence": refused("no call sets it", "guess"),
}

_CUSTOM: dict[Language, dict[str, str]] = {
    "en": {
        "101": "messages passed on as one: their title and first lines",
        "102": "a text with a title: both, the title first",
        "3": "a sticker: its name",
        "userCard": "a contact",
    },
    "zh": {"101": "合并转发：标题和前几行", "102": "带标题的文本：标题在前，正文在后", "3": "贴图：其名称", "userCard": "名片"},
}
_ABOUT: dict[Language, str] = {
    "en": (
        "Within `CUSTOM`, by its `type`, as the vendor's UI kit has it; any other is the customer's own kind. Without an attachment the words in `body` are a text; beside "
        "one they are the loss `caption`, as those beside a picture, video, file or place.\n\n| type | read as |\n| --- | --- |\n{}\n"
        "Never seen in a published copy: thread replies and quick comments. Where a copy names the message that it answers as client SDKs do (`replyMsgIdServer`, "
        "`replyMsgIdClient`, `replyMsgFromAccount`, `replyMsgTime`, or `threadReply`), it is read as an answer.\n"
    ),
    "zh": (
        "`CUSTOM` 消息按厂商 UIKit 的 `type` 读取；其他值是客户自己的类型。没有附件时，`body` 中的文字作为文本；有附件时，以及图片、视频、文件、位置旁边的文字，计为损失 `caption`。\n\n"
        "| type | 读作 |\n| --- | --- |\n{}\n"
        "从未在公开的抄送中见过：话题回复和快捷评论。抄送若像客户端 SDK 那样指明被回复的消息（`replyMsgIdServer`、`replyMsgIdClient`、`replyMsgFromAccount`、`replyMsgTime` 或 "
        "`threadReply`），则读作回复。\n"
    ),
}


def kinds(language: Language) -> str:
    """What is read of conventions within the vendor's own kinds, and what was never seen."""
    return _ABOUT[language].format("".join(f"| {kind} | {fate} |\n" for kind, fate in _CUSTOM[language].items()))
