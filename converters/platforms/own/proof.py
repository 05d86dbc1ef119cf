"""That `relay` on an event is the relay's own: what a mark is elsewhere. Source: docs/own.md, "Echoes"."""

from converters.core.model import Conversation, Direct
from converters.core.operations import GroupCreated, Operation
from converters.platforms.own import public
from converters.platforms.own.account import OwnAccount
from converters.routing.user_ids import fold
from converters.text import echo_mark


def place_of(app: str, conversation: Conversation, sender: str, operation: Operation) -> echo_mark.MarkedMessage:
    """Of an event of this form, whichever way it goes."""
    if isinstance(operation, GroupCreated):
        return echo_mark.MarkedMessage(app, echo_mark.NEW_GROUP, sender, "")  # it comes without an id, and goes back with one
    if isinstance(conversation, Direct):
        return echo_mark.on(app, conversation, sender, "\x1f".join(sorted(map(fold, conversation.users))))
    return echo_mark.on(app, conversation, sender, conversation.id)


def proof(event: str, where: echo_mark.MarkedMessage, account: OwnAccount) -> str:
    """Raises mark.NoSecretError."""
    return str(echo_mark.make(event, where, account)["k"])


def proven(relay: public.RelayProof, where: echo_mark.MarkedMessage, account: OwnAccount, at: int) -> echo_mark.EchoMark | str:
    """As of `mark.read`; without a proof it is as of a release without keys."""
    if not relay.proof:
        believed = not account.proof or at < account.mark_unkeyed_until
        return echo_mark.EchoMark(relay.id, more=False, part=0, keyed=not account.proof) if believed else echo_mark.UNKEYED
    return echo_mark.read({"id": relay.id, "k": relay.proof}, where, account, at) or echo_mark.UNFIT
