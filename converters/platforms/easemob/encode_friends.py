"""Friends and block lists. Source: "Easemob: Contact management"."""

from converters.core.model import Delivery, Loss
from converters.core.operations import BlockChanged, FriendChanged
from converters.platform import Encoded
from converters.platforms.easemob.account import EasemobAccount
from converters.platforms.easemob.requests import call, escaped


def friend(changed: FriendChanged, delivery: Delivery, account: EasemobAccount) -> Encoded:
    """The REST API makes and ends friendships; it cannot ask for one."""
    owner, user = delivery.sender, delivery.named(changed.user)
    if changed.what in {"requested", "refused"}:
        return Encoded((), (Loss(f"friend-{changed.what}"),))
    if not owner:
        return Encoded((), (Loss("nobody"),))
    method, api = ("POST", "contacts/add") if changed.what == "added" else ("DELETE", "contacts/remove")
    lost = (Loss("message"),) if changed.message else ()
    return Encoded((call(account, method, f"users/{escaped(owner)}/contacts/users/{escaped(user)}", api),), lost)


def block(changed: BlockChanged, delivery: Delivery, account: EasemobAccount) -> Encoded:
    owner, user = delivery.sender, delivery.named(changed.user)
    if not owner:
        return Encoded((), (Loss("nobody"),))
    path = f"users/{escaped(owner)}/blocks/users"
    if changed.blocked:
        return Encoded((call(account, "POST", path, "blocks/add", {"usernames": [user]}),))
    return Encoded((call(account, "DELETE", f"{path}/{escaped(user)}", "blocks/remove"),))
