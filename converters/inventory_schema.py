"""docs/migrating.schema.json: what a line of an export may be, printed from the items themselves."""

from typing import Any

import msgspec

from converters.inventory import Given

PASSWORD = {"type": "string", "default": "", "description": "Never stored: it is read from the export again when the account is made."}


def schema() -> str:
    """One line, whatever its kind. `item` may be left out where the file or folder is named after the kind."""
    said: dict[str, Any] = msgspec.json.schema(Given)
    definitions = said["$defs"]
    for name, definition in definitions.items():
        if name.rpartition(".")[2] in ("Direct", "Group", "Room"):
            definition["properties"].pop("origin", None)  # the relay's own affair
    user = definitions["User"]["properties"]
    user["password"] = PASSWORD
    del user["password_given"]
    said = {"$schema": "https://json-schema.org/draft/2020-12/schema", "title": "Lines of an export", **said}
    return msgspec.json.format(msgspec.json.encode(said), indent=2).decode() + "\n"
