"""The vendor's storage. It turns a voice message into an mp3 when asked; here that is a stand-in which begins as one does."""

from starlette.requests import Request

from tests.simulators.shelf import Shelf, Stored

MP3 = b"ID3\x03\x00\x00\x00\x00\x00\x00"


class Nos(Shelf):
    def shown(self, stored: Stored, request: Request) -> tuple[bytes, str]:
        if "audioTrans" in request.query_params and request.query_params.get("type") == "mp3":
            return MP3 + stored.content, "audio/mpeg"
        return stored.content, stored.type
