"""Files of Parley: messages name any address. Source: "Content"."""

from converters.core.bodies import File
from converters.files.media import Download, MediaSupport, Role, Shape
from tests.example_platform.parley.account import ParleyAccount


def shape(role: Role, account: ParleyAccount) -> Shape | None:
    del account
    match role:
        case "image":
            return Shape(formats=("jpeg", "png", "gif"), own_thumbnails=True)
        case "voice":
            return Shape(formats=("mp3",))
        case _:
            return None


def download(file: File, account: ParleyAccount) -> Download:
    del account
    return Download(file.url)


MEDIA = MediaSupport(shape=shape, download=download)
