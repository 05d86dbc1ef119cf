"""Kinds of messages that come from RongCloud's plug-ins, kits and wrappers, and what people read of them.

Source: RongCloud's client SDKs (web engine 5.38; iOS frameworks and kits of 2026; Android kits of 2026): RCCombineV2Message,
RCCallSummaryMessage and RCCallCommonDefine, StickerMessage, RichContentItem, CallSTerminateMessage.
"""

from collections.abc import Callable
from typing import Any

from converters.core.bodies import Body, Call, Command, Custom, File, Forwarded, Link, Notice, Sticker, Text
from converters.core.lenient import words
from converters.platforms.rongcloud.content import Content, listed, number, read, text
from converters.text.fallback_text import Language

_WORDS: dict[Language, dict[str, str]] = {
    "zh": {"location": "发起了位置共享", "call-summary": "通话智能总结已完成", "red-packet": "红包", "and": "、", "colon": ": "},
    "en": {
        "location": "Started to share their location",
        "call-summary": "The summary of the call is ready",
        "red-packet": "Red packet",
        "and": ", ",
        "colon": ": ",
    },
}
_LABELS: dict[Language, dict[str, str]] = {
    "zh": {
        "RC:ImgMsg": "图片",
        "RC:GIFMsg": "动图",
        "RC:VcMsg": "语音",
        "RC:HQVCMsg": "语音",
        "RC:SightMsg": "视频",
        "RC:FileMsg": "文件",
        "RC:LBSMsg": "位置",
        "RC:CardMsg": "名片",
        "RC:StkMsg": "表情",
        "RC:ImgTextMsg": "图文",
        "RC:CombineMsg": "聊天记录",
        "RC:CombineV2Msg": "聊天记录",
        "RC:VCSummary": "通话",
    },
    "en": {
        "RC:ImgMsg": "picture",
        "RC:GIFMsg": "moving picture",
        "RC:VcMsg": "voice",
        "RC:HQVCMsg": "voice",
        "RC:SightMsg": "video",
        "RC:FileMsg": "file",
        "RC:LBSMsg": "place",
        "RC:CardMsg": "contact",
        "RC:StkMsg": "sticker",
        "RC:ImgTextMsg": "link",
        "RC:CombineMsg": "forwarded messages",
        "RC:CombineV2Msg": "forwarded messages",
        "RC:VCSummary": "call",
    },
}

_REASONS = {"1": "cancelled", "2": "rejected", "3": "completed", "4": "busy", "5": "missed", "22": "busy"}
"""Why a call ended, as who hung up has it; ten more is the other side's view of it."""
_REASON_NAMES = {
    "cancel": "1",
    "reject": "2",
    "hangup": "3",
    "busy_line": "4",
    "busyline": "4",
    "no_response": "5",
    "noresponse": "5",
    "in_other_call": "22",
}
_MOST_LINES = 100


def forwarded(held: Content, language: Language, *, kind: str) -> Forwarded | None:
    """Both versions of the merged forward: a page in HTML, or the messages themselves, in the message or in a file of JSON."""
    shown = (_line(one, language) for one in _lines_of(held.get("summaryList"))[:_MOST_LINES])
    lines = tuple(line for line in shown if line)
    if not lines:
        lines = tuple(line for one in listed(held.get("msgList"))[:_MOST_LINES] if (line := _line(one, language)))
    names = (words(name) for name in listed(held.get("nameList"))[:2])
    title = text(held.get("title")) or (_WORDS[language]["and"].join(name for name in names if name) if kind == "RC:CombineV2Msg" else "")
    url = held.get("remoteUrl")
    page = "text/html" if kind == "RC:CombineMsg" else "application/json"
    file = File(url, name=text(held.get("name")), mime=page) if isinstance(url, str) and url else None
    return Forwarded(title, lines, file=file) if title or lines or file or "msgNum" in held else None


def _lines_of(value: object) -> list[Any]:
    """What is no list is one line."""
    return listed(value) or ([value] if value and not isinstance(value, list) and value != "[]" else [])


def _line(one: object, language: Language) -> str:
    """A line of the summary, or one of the messages that were passed on."""
    if not isinstance(one, dict) or not one.keys() & {"content", "objectName", "fromUserId", "fromUserName"}:
        return words(one) or ""
    who = text(one.get("fromUserName")) or text(one.get("fromUserId"))
    name, content = text(one.get("objectName")), one.get("content")
    inner = read(content)
    said = words(content) if inner is None else words(inner.get("content") if name not in _LABELS[language] else None)
    said = said or f"[{_LABELS[language].get(name, name)}]"
    return f"{who}{_WORDS[language]['colon']}{said}" if who else said


def call(held: Content) -> Call:
    """A call that is over. Older SDKs call the reason otherwise, and write how long it was as 1:35."""
    reason = words(held.get("hangupReason")) or words(held.get("reason")) or ""
    reason = _REASON_NAMES.get(reason.lower().removeprefix("remote_").removeprefix("remote"), reason)
    lasted = _lasted(held.get("duration")) or _lasted(held.get("content"), clock_only=True)
    state = _REASONS.get(reason) or _REASONS.get(
        str(int(reason) - 10) if reason.isascii() and reason.isdecimal() and len(reason) < 9 else "", ""
    )
    if lasted:
        state = "completed"
    elif state == "completed" and held.get("connectedTime") in {0, "0"}:
        state = "cancelled"
    return Call((words(held.get("mediaType")) or "").lower() in {"2", "video"}, state, lasted)


def _lasted(value: object, *, clock_only: bool = False) -> int:
    """Milliseconds: of a number of them, or of hours, minutes and seconds."""
    if isinstance(value, str) and ":" in value:
        parts = value.strip().split(":")
        if len(parts) > 3 or not all(part.isascii() and part.isdecimal() and len(part) < 6 for part in parts):
            return 0
        seconds = 0
        for part in parts:
            seconds = seconds * 60 + int(part)
        return seconds * 1000
    found = None if clock_only else number(value)
    return int(found) if found is not None and 0 < found < 1 << 53 else 0


def article(held: Content) -> Link | None:
    """What a public account sends: one article, or several, of which the first is the link and the others are named in its text."""
    found = [one for one in listed(held.get("articles")) if isinstance(one, dict)] or [
        one for name in ("article", "richMedia") if (one := read(held.get(name)))
    ]
    if not found:
        found = [held]
    first, *others = found
    url, title = text(first.get("url")), text(first.get("title"))
    if not url and not title:
        return None
    said = [_first(first, "digest", "content", "description")]
    said += [" ".join(part for part in (text(one.get("title")), text(one.get("url"))) if part) for one in others[:_MOST_LINES]]
    return Link(url, title, "\n".join(line for line in said if line), _first(first, "picurl", "picUrl", "imageUrl", "imageUri"))


def _first(held: Content, *names: str) -> str:
    return next((found for name in names if (found := text(held.get(name)))), "")


def wrapped(name: str, held: Content) -> Body:
    """The customer's own kind, as the wrappers for Flutter, Unity and uni-app send it: its name and its fields lie within."""
    own = _first(held, "messageType", "mType", "identifier", "objectName")
    fields = next((held[key] for key in ("messageFields", "fields", "mFields") if key in held), None)
    inner = read(fields)
    data = held if not own else fields if inner is None else inner
    return Command(own or name, data) if name in {"RC:IWCmdMsg", "RC:IWStatusMsg"} else Custom(own or name, data)


def _started(held: Content, language: Language, key: str) -> Notice:
    """A grey line has no sender beside it."""
    user = held.get("user")
    who = text(user.get("name")) if isinstance(user, dict) else ""
    said = _WORDS[language][key]
    return Notice(f"{who} {said[:1].lower()}{said[1:]}" if who else said)


def _red_packet(held: Content, language: Language) -> Text:
    said = _first(held, "Bribery_Message", "message", "content")
    label = _WORDS[language]["red-packet"]
    return Text(f"[{label}{_WORDS[language]['colon']}{said}]" if said else f"[{label}]")


def _sticker(held: Content) -> Sticker:
    return Sticker(_first(held, "packageId", "category"), _first(held, "digest", "name", "stickerId"))


def _drawn(held: Content) -> Text | None:
    """A text with emoticons of a plug-in between its words."""
    said = _first(held, "bqmmContent", "content")
    return Text(said) if said else None


READ: dict[str, Callable[[Content, Language], Body | None]] = {
    "RC:CombineMsg": lambda held, language: forwarded(held, language, kind="RC:CombineMsg"),
    "RC:CombineV2Msg": lambda held, language: forwarded(held, language, kind="RC:CombineV2Msg"),
    "RC:VCSummary": lambda held, _: call(held),
    "RC:VSTMsg": lambda held, _: call(held),
    "RC:VideoSummary": lambda held, _: call(held),
    "RC:CallAISummary": lambda _, language: _started({}, language, "call-summary"),
    "RC:RLStart": lambda held, language: _started(held, language, "location"),
    "RC:StkMsg": lambda held, _: _sticker(held),
    "RC:PSImgTxtMsg": lambda held, _: article(held),
    "RC:PSMultiImgTxtMsg": lambda held, _: article(held),
    "RC:IWNormalMsg": lambda held, _: wrapped("RC:IWNormalMsg", held),
    "RC:IWStorageMsg": lambda held, _: wrapped("RC:IWStorageMsg", held),
    "RC:IWCmdMsg": lambda held, _: wrapped("RC:IWCmdMsg", held),
    "RC:IWStatusMsg": lambda held, _: wrapped("RC:IWStatusMsg", held),
    "RCJrmf:RpMsg": _red_packet,
    "RCBQMM:EmojiMsg": lambda held, _: _drawn(held),
    "RCBQMM:GifMsg": lambda held, _: Sticker("bqmm", _first(held, "content", "bqmmContent")),
}
"""Each by its object name; None where what the kind needs is not there."""
