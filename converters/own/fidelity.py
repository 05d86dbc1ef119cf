"""What the own server is told: everything, in the relay's own words."""

import typing

from converters.bodies import Body
from converters.fidelity import Level, full
from converters.operations import Operation, Post

FIDELITY: dict[str, Level] = {
    **{body.__struct_config__.tag: full() for body in typing.get_args(Body)},
    "quote": full(),
    **{each.__struct_config__.tag: full() for each in typing.get_args(Operation) if each is not Post},
    "edit": full("of a message that is not there, as a new message"),
}
