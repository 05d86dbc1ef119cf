"""Files of RongCloud: its servers take none, its messages name any address. Source: "RongCloud: Built-in message types"."""

from converters.core.bodies import File
from converters.files.media import Download, MediaSupport, Role, Shape
from converters.platforms.rongcloud.account import RongcloudAccount

LARGEST_THUMBNAIL = 10 << 10
LARGEST_VOICE = 60 << 10
"""Both are of base64, which lies in the message."""
LONGEST_VOICE = 60_499
"""Milliseconds that are 60 seconds, rounded."""

THUMBNAIL = Shape(formats=("jpeg",), inline=LARGEST_THUMBNAIL, box=(240, 240))


def shape(role: Role, account: RongcloudAccount) -> Shape | None:
    """What its clients show. A voice of more than 60 seconds is brought over as well: it goes as a file."""
    match role:
        case "image" | "sticker":
            return Shape(formats=("jpeg", "png", "gif"), thumbnail=THUMBNAIL)
        case "gif":
            return Shape(formats=("gif", "jpeg", "png"), thumbnail=THUMBNAIL)
        case "voice" if account.voice == "inline":
            return Shape(formats=("amr",), inline=LARGEST_VOICE, inline_longest=LONGEST_VOICE)
        case "voice":
            return Shape(formats=("aac",))
        case "video":
            return Shape(formats=("mp4",), thumbnail=THUMBNAIL)
        case "thumbnail":
            return THUMBNAIL
        case "file":
            return Shape()
        case "forwarded":
            return None


def download(file: File, account: RongcloudAccount) -> Download:
    """RongCloud's file service asks for nothing; the bytes of an old voice came with the message."""
    del account
    return Download(file.url)


MEDIA = MediaSupport(shape=shape, download=download)
