"""What the own server is told: everything, in the relay's own words."""

import typing

from converters.core.bodies import Body
from converters.core.fidelity import Level, full
from converters.core.operations import Operation, Post

_FILES = ("image", "gif", "voice", "video", "file", "sticker", "forwarded")

FIDELITY: dict[str, Level] = {
    **{body.__struct_config__.tag: full() for body in typing.get_args(Body)},
    **dict.fromkeys(_FILES, full("in the store of the settings; by the setting `files` where it lies at the source")),
    "quote": full(),
    **{each.__struct_config__.tag: full() for each in typing.get_args(Operation) if each is not Post},
    "edit": full("of a message that is not there, as a new message"),
}
