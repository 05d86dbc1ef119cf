"""That `relay` on an event is the relay's own: what a mark is elsewhere. Source: docs/own.md, "Echoes"."""

from converters import mark
from converters.ids import fold
from converters.model import Conversation, Direct
from converters.operations import GroupCreated, Operation
from converters.own import public
from converters.own.account import Account


def place_of(app: str, conversation: Conversation, sender: str, operation: Operation) -> mark.On:
    """Of an event of this form, whichever way it goes."""
    if isinstance(operation, GroupCreated):
        return mark.On(app, mark.NEW_GROUP, sender, "")  # it comes without an id, and goes back with one
    if isinstance(conversation, Direct):
        return mark.on(app, conversation, sender, "\x1f".join(sorted(map(fold, conversation.users))))
    return mark.on(app, conversation, sender, conversation.id)


def proof(event: str, where: mark.On, account: Account) -> str:
    """Raises mark.NoSecretError."""
    return str(mark.make(event, where, account)["k"])


def proven(relay: public.Relay, where: mark.On, account: Account, at: int) -> mark.Mark | str:
    """As of `mark.read`; without a proof it is as of a release without keys."""
    if not relay.proof:
        believed = not account.proof or at < account.mark_unkeyed_until
        return mark.Mark(relay.id, more=False, part=0, keyed=not account.proof) if believed else mark.UNKEYED
    return mark.read({"id": relay.id, "k": relay.proof}, where, account, at) or mark.UNFIT
