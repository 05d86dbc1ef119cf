"""What `im-relay migrate check` can find: each kind's level, what it means, and what a person can decide about it."""

# ruff: noqa: RUF001 - Chinese has its own punctuation

from typing import Literal

from msgspec import Struct

from converters.inventory import Level
from converters.migration_rules import Language


class Kind(Struct, frozen=True, kw_only=True):
    level: Level
    en: str
    zh: str
    may: tuple[Literal["skip", "accept"], ...] = ()
    """skip: those items stay out, and what needs them with them. accept: they are taken as they are."""

    def says(self, language: Language) -> str:
        return self.en if language == "en" else self.zh


KINDS: dict[str, Kind] = {
    "line": Kind(level="loss", en="lines that cannot be read", zh="无法读取的行"),
    "fields": Kind(level="loss", en="fields and columns that are not read", zh="未读取的字段和列"),
    "id": Kind(
        level="loss",
        en="ids that are empty, longer than 256 characters, or hold control characters",
        zh="ID 为空、超过 256 个字符或含控制字符",
    ),
    "case": Kind(level="stop", en="ids that become one user", zh="仅大小写不同、会合并为同一用户的 ID", may=("skip", "accept")),
    "alike": Kind(
        level="note",
        en="ids that differ in Unicode forms, spaces or what is not seen, and are different users",
        zh="仅 Unicode 形式、空格或不可见字符不同的 ID，视为不同用户",
    ),
    "same-id": Kind(
        level="stop", en="the same id with other content; skip keeps the first", zh="ID 相同而内容不同；skip 保留第一条", may=("skip",)
    ),
    "double": Kind(level="note", en="exact repetitions, taken once", zh="完全重复，只取一次"),
    "phone": Kind(
        level="stop",
        en="ids that look like telephone numbers, which the target forbids",
        zh="形似手机号的 ID，目标平台禁止使用",
        may=("skip", "accept"),
    ),
    "changed-id": Kind(
        level="note",
        en="ids written otherwise there (ids.csv has them all, both ways)",
        zh="在目标平台写法不同的 ID（全部列于 ids.csv，可双向对照）",
    ),
    "hashed-id": Kind(
        level="note",
        en="ids too long for a reversible form: written as a digest, kept in identities (ids.csv)",
        zh="过长而无法可逆转换的 ID：写为摘要，对照关系存于 identities（见 ids.csv）",
    ),
    "owner": Kind(level="stop", en="groups and rooms whose owner is no user", zh="群主不是用户的群组和聊天室", may=("skip",)),
    "member": Kind(level="loss", en="members, bans and roles of somebody who is no user", zh="成员、黑名单或角色对应的用户不存在"),
    "no-group": Kind(
        level="loss", en="members, bans and settings of a group or room that is not there", zh="成员、黑名单或设置对应的群组或聊天室不存在"
    ),
    "friend": Kind(level="loss", en="friendships with somebody who is no user", zh="好友关系中有不存在的用户"),
    "block": Kind(level="loss", en="blocks by or of somebody who is no user", zh="黑名单关系中有不存在的用户"),
    "setting": Kind(level="loss", en="settings of or about somebody who is no user", zh="免打扰设置对应的用户不存在"),
    "self": Kind(
        level="loss", en="friends, blocks, settings and messages between somebody and themselves", zh="自己与自己的好友、黑名单、设置或消息"
    ),
    "two-owners": Kind(level="loss", en="further owners of a group: they become admins", zh="群组的多余群主：改为管理员"),
    "sender": Kind(level="loss", en="messages whose sender is no user, or not one of the two", zh="发送者不是用户、或不属于该单聊的消息"),
    "conversation": Kind(
        level="loss",
        en="messages with somebody who is no user, or in a group or room that is not there",
        zh="会话对方不存在、或群组、聊天室不存在的消息",
    ),
    "seconds": Kind(
        level="stop",
        en="times that look like seconds; accept reads them as seconds",
        zh="疑似以秒为单位的时间；accept 按秒读取",
        may=("skip", "accept"),
    ),
    "micros": Kind(
        level="stop",
        en="times that look like microseconds; accept reads them as microseconds",
        zh="疑似以微秒为单位的时间；accept 按微秒读取",
        may=("skip", "accept"),
    ),
    "future": Kind(level="stop", en="times that have not come yet", zh="晚于当前的时间", may=("skip",)),
    "zone": Kind(level="loss", en="quiet hours whose times or time zone cannot be read", zh="时间或时区无法识别的免打扰时段"),
    "early": Kind(level="note", en="messages older than their group says it is", zh="早于群组自身创建时间的消息"),
    "retention": Kind(
        level="loss",
        en="messages older than {days} days: --for-devices, or --older",
        zh="早于 {days} 天的消息：可用 --for-devices 或 --older",
    ),
    "for-devices": Kind(level="note", en="messages older than {days} days: for the devices", zh="早于 {days} 天的消息：导出到设备"),
    "before-group": Kind(
        level="stop",
        en="messages before their group existed there: --before-group skip, restamp or import",
        zh="早于目标平台群组创建时间的消息：--before-group skip、restamp 或 import",
    ),
    "restamped": Kind(
        level="loss", en="messages that get a new time there, the old one in their extension", zh="将改写时间的消息，原时间写入扩展字段"
    ),
    "room-history": Kind(level="loss", en="messages of kinds of conversations that cannot be imported", zh="无法导入的会话类型中的消息"),
    "recalled": Kind(level="note", en="recalled messages: not moved", zh="已撤回的消息：不迁移"),
    "edited": Kind(level="note", en="edited messages: moved as they were last", zh="编辑过的消息：按最后内容迁移"),
    "no-message": Kind(level="note", en="recalls and edits of messages that are not there", zh="撤回或编辑的消息不存在"),
    "operation": Kind(
        level="note",
        en="events that no history holds (receipts, typing, reactions, commands, changes of groups)",
        zh="历史中不存在的事件（回执、输入状态、表情回应、命令消息、群组变更）",
    ),
    "text": Kind(level="loss", en="texts that are too long there: cut", zh="超过目标平台长度的文字：截断"),
    "control": Kind(level="loss", en="texts with control characters: these are taken out", zh="含控制字符的文字：去除这些字符"),
    "attributes": Kind(
        level="loss", en="attributes that are too large in all: the app's own stay out", zh="属性总量超限：应用自定义属性不迁移"
    ),
    "message-size": Kind(
        level="loss",
        en="messages that are too large: a text goes in parts, others as a text with what they were",
        zh="超过大小上限的消息：文本拆分，其他类型以文字说明",
    ),
    "no-file": Kind(
        level="loss",
        en="messages whose file has no address that anybody can fetch: without --files carry, only its name arrives",
        zh="文件没有可直接下载地址的消息：若不使用 --files carry，仅迁移文件名",
    ),
    "friends": Kind(level="loss", en="friendships beyond the limit of one of the two", zh="超过好友数上限的好友关系"),
    "blocks": Kind(level="loss", en="blocks beyond the limit of one user", zh="超过黑名单人数上限的条目"),
    "members": Kind(level="loss", en="members beyond the limit of a group", zh="超过群成员数上限的成员"),
    "admins": Kind(level="loss", en="admins beyond the limit of a group: they become members", zh="超过管理员数上限：改为普通成员"),
    "joined": Kind(level="loss", en="memberships beyond the limit of groups of one user", zh="超过单个用户可加入群组数上限的成员关系"),
    "dead-file": Kind(level="loss", en="files of a sample that are gone", zh="抽样检查中已失效的文件"),
    "nothing": Kind(level="note", en="messages in which there is nothing: not moved", zh="内容为空的消息：不迁移"),
    "along": Kind(level="loss", en="left out along with what they need", zh="因依赖项未迁移而一并略过"),
    "encoding": Kind(level="note", en="files that are not in UTF-8", zh="非 UTF-8 编码的文件"),
    "not-read": Kind(level="note", en="files that are of no known kind, and were not read", zh="类型未知、未读取的文件"),
    "unread": Kind(
        level="stop",
        en="files that look as if they belonged to the export, and were not read",
        zh="看似属于导出数据、但未读取的文件",
        may=("skip",),
    ),
    "lines": Kind(
        level="stop", en="files of which more than half of the lines cannot be read", zh="半数以上的行无法读取的文件", may=("skip",)
    ),
    "not-told": Kind(level="loss", en="what the source platform did not tell", zh="源平台未能提供的内容"),
    "source-needs": Kind(
        level="note", en="what the lists of the source platform need, and how far back they see", zh="源平台各接口所需的服务及可追溯的时间"
    ),
    "source": Kind(level="stop", en="sources that could not be read to their end", zh="未能读到结尾的数据源"),
}
"""By the word that `problems.csv` and the options have."""
