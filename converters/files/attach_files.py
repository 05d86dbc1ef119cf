"""A body whose files have been brought over."""

from collections.abc import Sequence
from typing import Any

from msgspec import structs

from converters.core.bodies import Body, Document, File, Forwarded, Gif, Image, Sticker, Video, Voice, files_of
from converters.core.model import StoredFile
from converters.files.media import thumbnail_of


def attach_files(body: Body, carried: Sequence[StoredFile | None]) -> tuple[Body, bool]:
    """*body* with its files where they lie now, and whether any of them was left where it was."""
    files = files_of(body)
    if not files:
        return body, False
    found = [carried[number] if number < len(carried) else None for number in range(len(files))]
    first, large = _file(files[0], found[0]), found[0]
    left = any(one is None and not file.inline for one, file in zip(found, files, strict=True))
    match body:
        case Image() | Gif() | Video():
            changes = {"file": first, **_measured(large, "width", "height", *(["duration"] if isinstance(body, Video) else []))}
            if (made := thumbnail_of(tuple(found))) is not None or body.thumbnail is not None:
                changes["thumbnail"] = _file(body.thumbnail or File(), made)
        case Voice():
            changes = {"file": first, **_measured(large, "duration")}
        case Document() | Sticker() | Forwarded():
            changes = {"file": first}
        case _:
            raise AssertionError(body)
    return structs.replace(body, **changes), left


def _file(file: File, carried: StoredFile | None) -> File:
    if carried is None:
        return file
    return File(
        url=carried.url,
        secret=carried.secret,
        inline=carried.inline,
        name=carried.name or file.name,
        size=carried.size or file.size,
        mime=carried.mime or file.mime,
        md5=carried.md5 or file.md5,
    )


def _measured(carried: StoredFile | None, *names: str) -> dict[str, Any]:
    """What is known better than the message said it."""
    return {name: value for name in names if carried is not None and (value := getattr(carried, name))}
