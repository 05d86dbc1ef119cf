"""Friends and blocked people. Source: "Yunxin: friend/add.action", "Yunxin: user/setSpecialRelation.action"."""

from converters.core.model import Delivery, Loss
from converters.core.operations import BlockChanged, FriendChanged
from converters.platform import Encoded
from converters.platforms.yunxin.account import YunxinAccount
from converters.platforms.yunxin.calls import call, own_id

_WORDS = 256
_TYPES = {"added": "1", "requested": "2", "refused": "4"}


def friend(delivery: Delivery, account: YunxinAccount, changed: FriendChanged) -> Encoded:
    """Who accepts a request is added at once: the request itself may never have come over."""
    del account
    if not delivery.sender:
        return Encoded((), (Loss("nobody"),))
    fields = {"accid": delivery.sender, "faccid": delivery.named(changed.user)}
    if changed.what == "removed":
        lost = (Loss("message"),) if changed.message else ()
        return Encoded((call("friend/delete", fields, own_id(delivery), repeatable=True),), lost)
    fields["type"] = _TYPES[changed.what]
    if changed.message:
        fields["msg"] = changed.message[:_WORDS]
    lost = (Loss("length"),) if len(changed.message) > _WORDS else ()
    return Encoded((call("friend/add", fields, own_id(delivery), repeatable=changed.what != "requested"),), lost)


def block(delivery: Delivery, account: YunxinAccount, changed: BlockChanged) -> Encoded:
    del account
    if not delivery.sender:
        return Encoded((), (Loss("nobody"),))
    fields = {"accid": delivery.sender, "targetAcc": delivery.named(changed.user), "relationType": "1"}
    fields["value"] = "1" if changed.blocked else "0"
    return Encoded((call("user/setSpecialRelation", fields, own_id(delivery), repeatable=True),))
