"""A message whose file must reach nobody."""

from msgspec import structs

from converters.core.bodies import Text, files_of
from converters.core.model import Delivery
from converters.core.operations import Edit, Post
from converters.files.media import role_of
from converters.text.fallback_text import Language, withheld


def placeholder(delivery: Delivery, language: Language) -> Delivery:
    """*delivery* with a text in place of its body: what it was, its name, and that it was withheld. Nothing of the file's address is left."""
    event, operation = delivery.event, delivery.event.operation
    assert isinstance(operation, Post | Edit), "nothing else has files"
    name = files_of(operation.body)[0].name
    body = Text(withheld(role_of(operation.body), name, language))
    return structs.replace(delivery, event=structs.replace(event, operation=structs.replace(operation, body=body)))
