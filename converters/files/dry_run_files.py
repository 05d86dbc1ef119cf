"""Files as they would lie at the target, if all of them could be had: for who only looks what would be sent."""

from converters.core.bodies import File, files_of
from converters.core.model import Delivery, StoredFile
from converters.core.operations import Edit, Post
from converters.files.media import MediaSupport, Role, Shape, wanted
from converters.files.media_formats import FORMATS, Format
from converters.platform import A

STAND_IN = "AA=="
"""In place of bytes that would lie in the message."""

_KNOWN = {known.mime: known for known in FORMATS.values()} | {known.extension: known for known in FORMATS.values() if known.extension}


def assume_transferred(delivery: Delivery, media: MediaSupport[A] | None, account: A) -> tuple[StoredFile | None, ...]:
    """One for each of the files of *delivery*, under the address that it has now; None where the target takes no such file, or none
    of its size.
    """
    operation = delivery.event.operation
    files = files_of(operation.body) if isinstance(operation, Post | Edit) else ()
    found: list[StoredFile | None] = [None] * len(files)
    for place, role, file in wanted(delivery, media, account):
        shape = media.shape(role, account) if media is not None else None
        if shape is not None:
            found[place] = _made(file, role, shape)
    return tuple(found)


def _made(file: File, role: Role, shape: Shape) -> StoredFile | None:
    is_now = form_of(file)
    becomes = FORMATS[shape.formats[0]] if shape.formats and (is_now is None or is_now.name not in shape.formats) else is_now
    if becomes is is_now and 0 < shape.largest < file.size:
        return None
    return StoredFile(
        file.url or f"inline:{role}",
        inline=(file.inline or STAND_IN) if shape.inline else "",
        name=file.name,
        size=file.size,
        mime=becomes.mime if becomes is not None else file.mime,
        md5=file.md5 if becomes is is_now else "",
    )


def form_of(file: File) -> Format | None:
    """What the source says that *file* is, by its type or its name."""
    said = file.mime.partition(";")[0].strip().lower()
    return _KNOWN.get(said) or _KNOWN.get(file.name.rpartition(".")[2].lower())
