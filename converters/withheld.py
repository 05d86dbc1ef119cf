"""A message whose file must reach nobody."""

from msgspec import structs

from converters.bodies import Text, files_of
from converters.media import role_of
from converters.model import Delivery
from converters.operations import Edit, Post
from converters.readable import Language, withheld


def instead(delivery: Delivery, language: Language) -> Delivery:
    """*delivery* with a text in place of its body: what it was, its name, and that it was withheld. Nothing of the file's address is left."""
    event, operation = delivery.event, delivery.event.operation
    assert isinstance(operation, Post | Edit), "nothing else has files"
    name = files_of(operation.body)[0].name
    body = Text(withheld(role_of(operation.body), name, language))
    return structs.replace(delivery, event=structs.replace(event, operation=structs.replace(operation, body=body)))
