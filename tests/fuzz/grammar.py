"""Callbacks as each platform's pages describe them, one of each kind that people write, with every word of theirs a token of its own.

Source: "Easemob: Post-delivery callback", "Easemob: Message types", "Easemob: Message modification callback"; "Yunxin: Message copy (抄送)", its table
of attach by msgType; "RongCloud: Full message routing", "RongCloud: User content message types". Values that are JSON as text are `Inner`: they are
changed as JSON, and written as text.
"""

from collections.abc import Iterator
from itertools import count
from typing import Any

from msgspec import Struct

from tests.converters.shapes import message

URL = "https://files.example.com/a"


class Inner(Struct, frozen=True):
    """JSON within a text of JSON."""

    value: Any


class Production(Struct, frozen=True):
    """*words* are the tokens that a person wrote in it."""

    name: str
    said: dict[str, Any]
    words: tuple[str, ...]


class _Words:
    """Gives tokens, and remembers them."""

    def __init__(self) -> None:
        self.given: list[str] = []
        self._number = count()

    def __call__(self, of: str) -> str:
        token = f"zq{of}{next(self._number)}qz"
        self.given.append(token)
        return token


PLACES = {"direct": "bob", "group": "1101"}


def productions(platform: str) -> Iterator[Production]:
    make = {"easemob": _easemob, "yunxin": _yunxin, "rongcloud": _rongcloud}[platform]
    for kind, to in PLACES.items():
        words = _Words()
        for name, said in make(kind, to, words):
            yield Production(f"{kind} {name}", said, tuple(words.given))
            words.given.clear()


def _easemob(kind: str, to: str, words: _Words) -> Iterator[tuple[str, dict[str, Any]]]:
    def one(body: dict[str, Any], ext: dict[str, Any] | None = None) -> dict[str, Any]:
        said = message("easemob", "x", sender="alice", to=to, kind=kind, native=body["type"], ext=ext)
        said["payload"] |= {"bodies": [body], "from": "alice", "to": to, "type": said["chat_type"]}
        return said

    file = {"url": f"{URL}/6f1a7b10", "secret": "s", "file_length": 1000}
    size = {"size": {"width": 80, "height": 60}}
    yield "text", one({"type": "txt", "msg": words("text")})
    yield "text with ext", one({"type": "txt", "msg": words("text")}, {"order": words("ext"), "number": 17})
    yield (
        "quote",
        one(
            {"type": "txt", "msg": words("text")},
            {"msgQuote": {"msgID": "1389", "msgPreview": "before", "msgSender": "bob", "msgType": "txt"}},
        ),
    )
    yield "picture", one({"type": "img", "filename": "a.jpg", **file, **size}, {"order": words("ext")})
    yield "voice", one({"type": "audio", "filename": "a.amr", "length": 3, **file}, {"order": words("ext")})
    yield "video", one({"type": "video", "filename": "a.mp4", "length": 3, "thumb": f"{URL}/t", "thumb_secret": "t", **file, **size})
    yield "file", one({"type": "file", "filename": f"{words('name')}.pdf", **file})
    yield "place", one({"type": "loc", "addr": words("address"), "lat": 39.9, "lng": 116.3, "buildingName": words("building")})
    yield "custom", one({"type": "custom", "customEvent": "order", "customExts": [{"note": words("custom")}]})
    yield "newer custom", one({"type": "custom", "customEvent": "order", "v2:customExts": {"note": words("custom")}})
    yield "command", one({"type": "cmd", "action": words("action")})
    yield (
        "forwarded",
        one(
            {
                "type": "txt",
                "subType": "sub_combine",
                "msg": "[history]",
                "title": words("title"),
                "summary": f"{words('line')}\n{words('line')}",
                "compatibleText": "[history]",
                "combineLevel": 1,
                "filename": "a",
                **file,
            }
        ),
    )
    yield (
        "two bodies",
        {
            **(said := one({"type": "txt", "msg": words("first")})),
            "payload": said["payload"] | {"bodies": [*said["payload"]["bodies"], {"type": "txt", "msg": words("second")}]},
        },
    )
    edit = message("easemob", "x", sender="alice", to=to, kind=kind)
    edit |= {
        "chat_type": "edit",
        "payload": {
            "bodies": [{"type": "txt", "msg": words("edit")}],
            "edit_message_id": "1388",
            "type": "edit",
            "meta": {
                "edit_msg": {
                    "count": 1,
                    "edit_time": edit["timestamp"],
                    "operator": "alice",
                    "send_time": edit["timestamp"],
                    "sender": "alice",
                    "chat_type": "chat:user" if kind == "direct" else "chat:group",
                }
            },
        },
    }
    yield "edit", edit


def _yunxin(kind: str, to: str, words: _Words) -> Iterator[tuple[str, dict[str, Any]]]:
    def one(native: str, attach: dict[str, Any] | None = None, body: str = "", **more: Any) -> dict[str, Any]:
        said = message("yunxin", body, sender="alice", to=to, kind=kind, native=native)
        return said | {"attach": Inner(attach) if attach is not None else ""} | more

    file = {"name": "a", "md5": "9e107d9d" * 4, "url": f"{URL}/nim", "size": 1000}
    yield "text", one("TEXT", body=words("text"))
    yield "text with ext", one("TEXT", body=words("text"), ext=Inner({"order": words("ext"), "number": 17}))
    yield "notice", one("TIPS", body=words("notice"))
    yield "notice in attach", one("TIPS", {"msg": words("notice")})
    yield "picture", one("PICTURE", file | {"ext": "jpg", "w": 80, "h": 60}, words("caption"))
    yield "voice", one("AUDIO", file | {"ext": "aac", "dur": 3000}, ext=Inner({"order": words("ext")}))
    yield "video", one("VIDEO", file | {"ext": "mp4", "dur": 3000, "w": 80, "h": 60}, words("caption"))
    yield "file", one("FILE", file | {"ext": "pdf", "name": f"{words('name')}.pdf"})
    yield "place", one("LOCATION", {"title": words("title"), "lat": 39.9, "lng": 116.3})
    yield "custom", one("CUSTOM", {"type": "order", "data": {"note": words("custom")}})
    yield "custom of a number", one("CUSTOM", {"type": 7, "data": {"note": words("custom")}})
    yield "custom without attach", one("CUSTOM", body=words("text"))
    yield "titled", one("CUSTOM", {"type": 102, "data": {"title": words("title"), "body": words("text")}})
    yield (
        "forwarded",
        one(
            "CUSTOM",
            {
                "type": 101,
                "data": {
                    "sessionName": words("title"),
                    "depth": 1,
                    "url": f"{URL}/m",
                    "md5": "9e107d9d" * 4,
                    "sessionID": "bob",
                    "abstracts": [{"senderNick": "bob", "content": words("line"), "userAccId": "bob"}],
                },
            },
        ),
    )


def _rongcloud(kind: str, to: str, words: _Words) -> Iterator[tuple[str, dict[str, Any]]]:
    def one(name: str, content: dict[str, Any]) -> dict[str, Any]:
        return message("rongcloud", "x", sender="alice", to=to, kind=kind) | {"objectName": name, "content": Inner(content)}

    yield "text", one("RC:TxtMsg", {"content": words("text"), "user": {"id": "alice", "name": "Alice"}})
    yield "text with extra", one("RC:TxtMsg", {"content": words("text"), "extra": words("extra")})
    yield "text with JSON extra", one("RC:TxtMsg", {"content": words("text"), "extra": Inner({"order": words("extra")})})
    yield (
        "quote",
        one(
            "RC:ReferenceMsg",
            {
                "content": words("text"),
                "referMsgUserId": "bob",
                "referMsg": {"content": "before"},
                "objName": "RC:TxtMsg",
                "referMsgUid": "C1",
            },
        ),
    )
    yield "picture", one("RC:ImgMsg", {"content": "/9j/4AAQ", "imageUri": f"{URL}.jpg", "extra": words("extra")})
    yield "voice", one("RC:HQVCMsg", {"remoteUrl": f"{URL}.aac", "duration": 3, "extra": words("extra")})
    yield (
        "video",
        one(
            "RC:SightMsg",
            {"sightUrl": f"{URL}.mp4", "content": "/9j/4AAQ", "duration": 3, "size": 1000, "name": "a.mp4", "extra": words("extra")},
        ),
    )
    yield "file", one("RC:FileMsg", {"name": f"{words('name')}.pdf", "size": "1000", "type": "pdf", "fileUrl": f"{URL}.pdf"})
    yield "place", one("RC:LBSMsg", {"content": "/9j/4AAQ", "latitude": 39.9, "longitude": 116.3, "poi": words("poi")})
    yield (
        "link",
        one("RC:ImgTextMsg", {"title": words("title"), "content": words("text"), "imageUri": f"{URL}.jpg", "url": "https://example.com/p"}),
    )
    yield (
        "forwarded",
        one(
            "RC:CombineMsg",
            {"remoteUrl": f"{URL}.html", "conversationType": 1, "nameList": ["Alice"], "summaryList": [words("line"), words("line")]},
        ),
    )
    yield (
        "forwarded, newer",
        one("RC:CombineV2Msg", {"conversationType": 1, "nameList": ["Alice"], "summaryList": [words("line")], "msgNum": 1, "msgList": []}),
    )
    yield "notice", one("RC:InfoNtf", {"message": words("notice"), "extra": ""})
    yield "custom", one("app:order", {"note": words("custom"), "number": 17})
    yield "edit", one("RC:TxtMsg", {"content": words("edit")}) | {"originalMsgUID": "CRER-DAJI-0000-KAPS"}
