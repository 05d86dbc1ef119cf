"""What a receiver reads in place of what cannot be carried, in the language that the app's settings name."""

from typing import Literal

from converters.core.bodies import (
    Body,
    Call,
    Card,
    Command,
    Custom,
    Document,
    File,
    Forwarded,
    Gif,
    Image,
    Link,
    Location,
    Notice,
    Sticker,
    Text,
    Unknown,
    Video,
    Voice,
)
from converters.core.operations import Quote

Language = Literal["zh", "en"]

_WITHIN = str.maketrans("「」", "『』")

_WORDS: dict[Language, dict[str, str]] = {
    "zh": {
        "image": "图片",
        "gif": "动图",
        "voice": "语音",
        "video": "视频",
        "file": "文件",
        "location": "位置",
        "custom": "自定义消息",
        "command": "指令",
        "forwarded": "聊天记录",
        "card": "名片",
        "link": "链接",
        "sticker": "表情",
        "call-audio": "语音通话",
        "call-video": "视频通话",
        "seconds": "{} 秒",
        "unsupported": "暂不支持的消息",
        "completed": "已接通",
        "cancelled": "已取消",
        "rejected": "已拒绝",
        "missed": "未接听",
        "busy": "对方忙",
        "edited": "已编辑",
        "quoted": "回复",
        "recalled": "撤回了一条消息",
        "closed": "此处无法打开",
        "withheld": "未通过安全检查",
        "colon": "\uff1a",
    },
    "en": {
        "image": "picture",
        "gif": "moving picture",
        "voice": "voice",
        "video": "video",
        "file": "file",
        "location": "place",
        "custom": "custom message",
        "command": "command",
        "forwarded": "forwarded messages",
        "card": "contact",
        "link": "link",
        "sticker": "sticker",
        "call-audio": "voice call",
        "call-video": "video call",
        "seconds": "{} s",
        "unsupported": "message kind not supported",
        "completed": "answered",
        "cancelled": "cancelled",
        "rejected": "declined",
        "missed": "missed",
        "busy": "busy",
        "closed": "cannot be opened here",
        "withheld": "withheld by the virus scan",
        "edited": "edited",
        "quoted": "in reply to",
        "recalled": "took a message back",
        "colon": ": ",
    },
}

SHORT = 80
"""Characters of a quoted message that an answer shows."""


def shown(body: Body, language: Language, *, links: bool = True) -> str:
    """*body* as a text; what is a text already stays as it is, a file is shown by its name and, with *links*, where it lies."""
    words = _WORDS[language]
    match body:
        case Text(text=text) | Notice(text=text):
            return text
        case Image(file=file):
            return _file(words["image"], file, words, links)
        case Gif(file=file):
            return _file(words["gif"], file, words, links)
        case Voice(file=file, duration=duration):
            return _file(_lasting(words["voice"], duration, words), file, words, links)
        case Video(file=file, duration=duration):
            return _file(_lasting(words["video"], duration, words), file, words, links)
        case Document(file=file):
            return _file(words["file"], file, words, links)
        case Location(latitude=latitude, longitude=longitude, title=title, address=address):
            place = " ".join(dict.fromkeys(part for part in (title, address) if part))
            return _bracketed(words["location"], f"{place} ({latitude:.6f}, {longitude:.6f})".strip())
        case Custom(name=name):
            return _bracketed(words["custom"], name)
        case Command(name=name):
            return _bracketed(words["command"], name)
        case Forwarded(title=title, summary=summary, text=text):
            return "\n".join([_bracketed(words["forwarded"], title), *(summary or ([text] if text else []))])
        case Card(user=user, name=name):
            return _bracketed(words["card"], f"{name} ({user})" if name and name != user else user)
        case Link(url=url, title=title, text=text):
            return "\n".join(part for part in (_bracketed(words["link"], title), text, url) if part)
        case Sticker(name=name, file=file):
            return _file(words["sticker"] + (f" {name}" if name else ""), file or File(), words, links)
        case Call(video=video, state=state, duration=duration):
            what = _lasting(words["call-video" if video else "call-audio"], duration, words)
            return _bracketed(what, words.get(state, ""))
        case Unknown(vendor_kind=kind):
            return unsupported(kind, language)


def unsupported(vendor_kind: str, language: Language) -> str:
    return f"[{vendor_kind}: {_WORDS[language]['unsupported']}]"


def withheld(kind: str, name: str, language: Language) -> str:
    """In place of a file of *kind* that must reach nobody."""
    words = _WORDS[language]
    return f"{_bracketed(words[kind], name)} ({words['withheld']})"


def edited(text: str, language: Language) -> str:
    """*text* in place of a message that cannot be changed any more, or is not there."""
    return f"[{_WORDS[language]['edited']}] {text}"


def recalled(language: Language) -> str:
    return f"[{_WORDS[language]['recalled']}]"


def quoted(quote: Quote, text: str, language: Language) -> str:
    """*text* with the message that it answers before it, for a target that has no quotes or not that message."""
    words = _WORDS[language]
    # Quotes within quotes are written so, and whoever answers cannot end what he quotes early, and speak on as the relay.
    said = " ".join(quote.text.split()).translate(_WITHIN)
    if len(said) > SHORT:
        said = said[: SHORT - 1] + "…"
    said = said or f"[{words.get(quote.kind, words['unsupported'])}]"
    return f"「{words['quoted']}{words['colon']}{said}」\n{text}"


def _lasting(what: str, duration: int, words: dict[str, str]) -> str:
    seconds = (duration + 500) // 1000  # never a float, which a mad number would not fit into
    if seconds < 60:
        return f"{what} {words['seconds'].format(seconds)}" if seconds else what
    minutes, rest = divmod(seconds, 60)
    hours, minutes = divmod(minutes, 60)
    return f"{what} {hours}:{minutes:02}:{rest:02}" if hours else f"{what} {minutes}:{rest:02}"


def _file(what: str, file: File, words: dict[str, str], links: bool) -> str:  # noqa: FBT001
    """A link that wants a secret is no use to a reader, and the secret must not be shown."""
    said = _bracketed(what, file.name)
    if links and file.url.startswith(("http://", "https://")) and not file.secret:
        return f"{said}\n{file.url}"
    return f"{said} ({words['closed']})" if file.url or file.inline else said


def _bracketed(what: str, detail: str) -> str:
    return f"[{what}: {detail}]" if detail else f"[{what}]"
