"""Looks at one message of a history: what of it is not moved, and the message as it will be."""

from msgspec import structs

from converters.core.bodies import Command, File, Text, files_of
from converters.core.operations import Post
from converters.examine import Finding, without_control

_OPEN = ("https://", "http://")


def examine_post(said: Post) -> tuple[Post | None, tuple[Finding, ...]]:
    """None: it is not moved at all."""
    body = said.body
    if isinstance(body, Text):
        if not body.text and said.quote is None:
            return None, (Finding("nothing", "an empty text"),)
        plain = without_control(body.text)
        if plain is body.text:
            return said, ()
        return structs.replace(said, body=structs.replace(body, text=plain)), (Finding("control", "the text has control characters"),)
    if isinstance(body, Command):  # an app would obey it once more
        return None, (Finding("operation", "a command"),)
    files = files_of(body)
    why = _closed(files[0]) if files else ""
    return said, (Finding("no-file", why),) if why else ()


def _closed(file: File) -> str:
    """Why nobody but the source can fetch *file*; empty where anybody can."""
    if not file.url:
        return "its bytes are in the export itself" if file.inline else "it has no address"
    if not file.url.startswith(_OPEN):
        return "its address begins with neither https:// nor http://"
    return "its address needs a secret" if file.secret else ""
