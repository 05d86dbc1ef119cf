"""What the first day with a Yunxin app shows besides what all platforms have.

Source: "Yunxin: Server API, users" (user/block.action), "Yunxin: Add and delete a quick comment (v2)". An account cannot be deleted: it is disabled.
"""

from hashlib import blake2b

from msgspec import structs

from converters.core import wire
from converters.core.lenient import word
from converters.doctor.steps import DoctorPlan, Made, Names, Words
from converters.platform import Reply, Request
from converters.platforms.yunxin.account import YunxinAccount
from converters.platforms.yunxin.calls import call
from converters.platforms.yunxin.values import record


def remove(account: YunxinAccount, names: Names, made: Made) -> tuple[Request, ...]:
    del account, made
    people = () if names.users else names.people
    return tuple(_disable(one) for one in people)


def _disable(user: str) -> Request:
    own = blake2b(f"disable\x1f{user}".encode(), digest_size=16).hexdigest()
    return call("user/block", {"accid": user, "needkick": "true"}, own, repeatable=True)


def trying(account: YunxinAccount) -> YunxinAccount:
    """A reaction needs an index; that of the customer's own table, where there is one."""
    return structs.replace(account, receipts=True, reactions={"👍": 1} | account.reactions)


def unfit(reply: Reply) -> bool:
    try:
        held = record(wire.load_any(reply.body))
    except wire.Malformed:
        return True
    return held is None or not word(held.get("code"))


DOCTOR = DoctorPlan(
    console=Words(
        "console, message copy (消息抄送): this address; messages, recalls, edits, receipts and notifications",
        "控制台 - 消息抄送:本地址,勾选消息、撤回、编辑、已读回执与通知",
    ),
    remove=remove,
    trying=trying,
    settles={"reaction": "Is a quick comment added by `PATCH`, as the vendor's SDKs for Java and Go and their list of pages have it?"},
    unfit=unfit,
    left=Words("the two accounts, disabled: Yunxin deletes none; uploaded files", "两个账号(已禁用,云信不支持删除)和已上传的文件"),
)
