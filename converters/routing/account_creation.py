"""An account at the target for somebody who has none there yet: made before the first message, by the same protocol.

It is an event of its own in the same conversation, so that the message waits for it, and its parts and echoes stay its own.
"""

from msgspec import structs

from converters.core.event_id import beside
from converters.core.model import NOTHING, Delivery, TargetContext
from converters.core.operations import Presence
from converters.platform import A, Encoded, Platform


def account_before(delivery: Delivery) -> Delivery:
    """What makes the account of the sender of *delivery*. A worker that does not know of it yet sees a presence, and sends nothing."""
    event = delivery.event
    made = structs.replace(event, id=beside(event.id, "account"), client_id="", operation=Presence(online=True))
    return structs.replace(delivery, event=made, receiver=delivery.sender, people={}, newcomer=True)


def with_account_creation(platform: Platform[A]) -> Platform[A]:
    """*platform*, whose `encode` knows what `account_before` has made."""
    register, encode = platform.register, platform.encode
    if register is None:
        return platform

    def encoded(delivery: Delivery, account: A, there: TargetContext = NOTHING) -> Encoded:
        if not delivery.newcomer:
            return encode(delivery, account, there)
        name = delivery.event.sender_name or delivery.event.sender
        return Encoded((register(delivery.sender, name, account),))

    return structs.replace(platform, encode=encoded)
