"""Forms of files, told by their first bytes: what a file is called or said to be decides nothing."""

from msgspec import Struct


class Format(Struct, frozen=True):
    name: str
    mime: str
    extension: str
    kind: str
    """`image`, `audio`, `video` or `other`."""


FORMATS = {
    one.name: one
    for one in (
        Format("jpeg", "image/jpeg", "jpg", "image"),
        Format("png", "image/png", "png", "image"),
        Format("gif", "image/gif", "gif", "image"),
        Format("webp", "image/webp", "webp", "image"),
        Format("heic", "image/heic", "heic", "image"),
        Format("bmp", "image/bmp", "bmp", "image"),
        Format("amr", "audio/amr", "amr", "audio"),
        Format("amr-wb", "audio/amr-wb", "awb", "audio"),
        Format("mp3", "audio/mpeg", "mp3", "audio"),
        Format("aac", "audio/aac", "aac", "audio"),
        Format("m4a", "audio/mp4", "m4a", "audio"),
        Format("wav", "audio/wav", "wav", "audio"),
        Format("ogg", "audio/ogg", "ogg", "audio"),
        Format("mp4", "video/mp4", "mp4", "video"),
        Format("mov", "video/quicktime", "mov", "video"),
        Format("webm", "video/webm", "webm", "video"),
        Format("pdf", "application/pdf", "pdf", "other"),
        Format("zip", "application/zip", "zip", "other"),
        Format("bin", "application/octet-stream", "", "other"),
    )
}
"""`ogg` holds Opus or Vorbis; `aac` is ADTS; `amr` is narrow-band."""
