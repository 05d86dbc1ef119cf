"""What a file is, in words for people: told by its first bytes."""

from tests.demo.crossing import Media

FORMS = (
    (b"\xff\xd8\xff", "JPEG", "image/jpeg"),
    (b"\x89PNG", "PNG", "image/png"),
    (b"GIF8", "GIF", "image/gif"),
    (b"#!AMR\n", "AMR", "audio/amr"),
    (b"#!AMR-WB\n", "AMR-WB", "audio/amr-wb"),
    (b"ID3", "MP3", "audio/mpeg"),
    (b"\xff\xfb", "MP3", "audio/mpeg"),
    (b"\xff\xf3", "MP3", "audio/mpeg"),
    (b"\xff\xf1", "AAC", "audio/aac"),
    (b"\xff\xf9", "AAC", "audio/aac"),
    (b"%PDF", "PDF", "application/pdf"),
)
MP4 = ("MP4", "video/mp4")
OTHER = ("?", "application/octet-stream")


def form(content: bytes) -> tuple[str, str]:
    """Name and MIME type."""
    if content[4:8] == b"ftyp":
        return MP4
    return next(((name, mime) for start, name, mime in FORMS if content.startswith(start)), OTHER)


def told(media: Media, before: bytes, after: bytes) -> str:
    """As in `voice 3.0 s, AAC 12.1 kB → AMR 4.8 kB`."""
    seconds = f" {media['duration'] / 1000:.1f} s" if media.get("duration") else ""
    sides = f" {media['width']}×{media['height']}" if media.get("width") else ""
    first, second = (f"{form(each)[0]} {size(len(each))}" for each in (before, after))
    return f"{media['kind']}{seconds}{sides}, {first}" + (" → the same" if before == after else f" → {second}")


def size(count: int) -> str:
    return f"{count} B" if count < 1000 else f"{count / 1000:.1f} kB"
