"""What a file on this machine is, and what it is called where it goes."""

from pathlib import Path

from converters.files.media import MediaJob
from converters.files.media_formats import FORMATS, HEAD, sniff
from streams.media.transcode.request import Transcoded


def form_of(path: Path) -> str:
    """A name of `converters.files.media_formats`, by the first bytes."""
    with path.open("rb") as file:
        return sniff(file.read(HEAD)).name


def named(job: MediaJob, made: Transcoded) -> str:
    """The name it had, its extension that of what it is now."""
    known = FORMATS[made.format].extension
    stem, dot, extension = job.file.name.rpartition(".")
    if not job.file.name:
        return f"{job.role}.{known}" if known else job.role
    has_one = bool(dot) and 0 < len(extension) <= 5
    if not known or (has_one and made.format == made.source_format):
        return job.file.name
    return f"{stem if has_one else job.file.name}.{known}"
