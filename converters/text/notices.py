"""What a group is told where the target has no call for what happened: one line, in the language that the app's settings name."""

from collections.abc import Callable

from converters.core.operations import (
    AdminsChanged,
    BlockChanged,
    Edit,
    FriendChanged,
    GroupChanged,
    GroupCreated,
    GroupDismissed,
    MembersAdded,
    MembersRemoved,
    Muted,
    Operation,
    OwnerChanged,
    Post,
    Presence,
    Reaction,
    Read,
    Recall,
    Received,
    Typing,
)
from converters.text.fallback_text import Language

_WORDS: dict[Language, dict[str, str]] = {
    "zh": {
        "created": "群组已创建",
        "named": "群组「{}」已创建",
        "dismissed": "群组已解散",
        "name": "群名称改为「{}」",
        "description": "群介绍改为\uff1a{}",
        "no-description": "群介绍已清空",
        "announcement": "群公告\uff1a{}",
        "no-announcement": "群公告已删除",
        "avatar": "群头像已更换",
        "joined": "{} 加入了群组",
        "invited": "{} 被邀请加入群组",
        "left": "{} 退出了群组",
        "kicked": "{} 被移出群组",
        "owner": "{} 成为新群主",
        "admin": "{} 成为管理员",
        "no-admin": "{} 不再是管理员",
        "muted": "{} 被禁言",
        "no-muted": "{} 已解除禁言",
        "all-muted": "已开启全员禁言",
        "no-all-muted": "已关闭全员禁言",
        "and": "、",
        "more": "{} 等 {} 人",
    },
    "en": {
        "created": "The group was created",
        "named": "The group “{}” was created",
        "dismissed": "The group was dismissed",
        "name": "The group is now called “{}”",
        "description": "About the group: {}",
        "no-description": "The group's description was taken away",
        "announcement": "Announcement: {}",
        "no-announcement": "The announcement was taken away",
        "avatar": "The group has a new picture",
        "joined": "{} joined",
        "invited": "{} was invited to the group",
        "left": "{} left",
        "kicked": "{} was removed from the group",
        "owner": "The group's new owner: {}",
        "admin": "New admin: {}",
        "no-admin": "No longer admin: {}",
        "muted": "Muted: {}",
        "no-muted": "No longer muted: {}",
        "all-muted": "Everybody is muted",
        "no-all-muted": "Everybody may speak again",
        "and": ", ",
        "more": "{} and others, {} in all",
    },
}

MANY = 10
"""Users whom one line names; of more it says how many."""


def notice(operation: Operation, language: Language, named: Callable[[str], str]) -> str:
    """The line, *named* saying how a user is called (`Delivery.named`); "" where nobody would miss anything."""
    words = _WORDS[language]

    def line(key: str, users: tuple[str, ...]) -> str:
        if not users:
            return ""
        called = words["and"].join(named(user) for user in users[:MANY])
        return words[key].format(words["more"].format(called, len(users)) if len(users) > MANY else called)

    match operation:
        case GroupCreated(name=name):
            return words["named"].format(name) if name else words["created"]
        case GroupDismissed():
            return words["dismissed"]
        case GroupChanged():
            return "\n".join(_changes(operation, words))
        case MembersAdded(users=users, how=how):
            return line(how, users)
        case MembersRemoved(users=users, how=how):
            return line(how, users)
        case OwnerChanged(user=user):
            return line("owner", (user,))
        case AdminsChanged(users=users, added=added):
            return line("admin" if added else "no-admin", users)
        case Muted(users=users, muted=muted):
            return line("muted" if muted else "no-muted", users) or words["all-muted" if muted else "no-all-muted"]
        case Post() | Recall() | Edit() | Read() | Received() | Reaction() | Typing():
            return ""
        case FriendChanged() | BlockChanged() | Presence():
            return ""


def _changes(changed: GroupChanged, words: dict[str, str]) -> list[str]:
    said = [words["name"].format(changed.name)] if changed.name else []
    for key, value in (("description", changed.description), ("announcement", changed.announcement)):
        if value is not None:
            said.append(words[key].format(value) if value else words[f"no-{key}"])
    return said + ([words["avatar"]] if changed.avatar else [])
