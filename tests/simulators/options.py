"""Options from the command line: each field of an options record is one, ``limit_messages`` as ``--limit-messages``."""

import argparse
from collections.abc import Sequence
from typing import Any, TypeVar

import msgspec
from msgspec import Struct

Chosen = TypeVar("Chosen", bound=Struct)


def parse(kind: type[Chosen], arguments: Sequence[str], program: str) -> tuple[Chosen, int]:
    """The options and ``--port``; exits with a message when they are wrong.

    Tuples are separated by commas, mappings are repeated ``NAME=VALUE``.
    """
    parser = argparse.ArgumentParser(program, description=kind.__doc__)
    parser.add_argument("--port", type=int, default=0, help="0 takes a free one")
    fields = msgspec.structs.fields(kind)
    for field in fields:
        repeated = "append" if isinstance(field.default_factory, type) else "store"
        parser.add_argument(flag(field.name), action=repeated, dest=field.name, help=f"default: {field.default}")
    given = vars(parser.parse_args(arguments))
    port = given.pop("port")
    values: dict[str, Any] = {name: value for name, value in given.items() if value is not None}
    for name, value in values.items():
        if isinstance(value, list):
            values[name] = dict(item.split("=", 1) for item in value)
    for field in fields:
        if field.name in values and isinstance(field.default, tuple):
            values[field.name] = [item for item in values[field.name].split(",") if item]
        if field.name in values and field.type == dict[str, list[str]]:
            values[field.name] = {name: members.split(",") for name, members in values[field.name].items()}
    try:
        return msgspec.convert(values, kind, strict=False), port
    except msgspec.ValidationError as error:
        parser.error(str(error))


def flag(name: str) -> str:
    return "--" + name.replace("_", "-")
