"""What a group reads of what its platform has no call for."""

import pytest

from converters.core.operations import (
    AdminsChanged,
    FriendChanged,
    GroupChanged,
    GroupCreated,
    GroupDismissed,
    MembersAdded,
    MembersRemoved,
    Muted,
    Operation,
    OwnerChanged,
    Presence,
    Typing,
)
from converters.text.notices import MANY, notice

NAMES = {"bob": "Bob {x}"}


def called(user: str) -> str:
    return NAMES.get(user, user)


@pytest.mark.parametrize(
    ("operation", "zh", "en"),
    [
        (MembersAdded(("bob", "carol")), "Bob {x}、carol 加入了群组", "Bob {x}, carol joined"),
        (MembersAdded(("bob",), "invited"), "Bob {x} 被邀请加入群组", "Bob {x} was invited to the group"),
        (MembersRemoved(("bob",)), "Bob {x} 退出了群组", "Bob {x} left"),
        (MembersRemoved(("bob",), "kicked"), "Bob {x} 被移出群组", "Bob {x} was removed from the group"),
        (OwnerChanged("bob"), "Bob {x} 成为新群主", "The group's new owner: Bob {x}"),
        (AdminsChanged(("bob",), added=False), "Bob {x} 不再是管理员", "No longer admin: Bob {x}"),
        (Muted(), "已开启全员禁言", "Everybody is muted"),
        (Muted(("bob",), muted=False), "Bob {x} 已解除禁言", "No longer muted: Bob {x}"),
        (GroupCreated("T {0}"), "群组「T {0}」已创建", "The group “T {0}” was created"),
        (GroupDismissed(), "群组已解散", "The group was dismissed"),
        (
            GroupChanged(name="T", announcement=""),
            "群名称改为「T」\n群公告已删除",
            "The group is now called “T”\nThe announcement was taken away",
        ),
    ],
)
def test_people_read_what_they_would_miss(operation: Operation, zh: str, en: str) -> None:
    assert (notice(operation, "zh", called), notice(operation, "en", called)) == (zh, en)


@pytest.mark.parametrize("operation", [Typing(), Presence(online=True), FriendChanged("bob", "added"), GroupChanged(), MembersAdded(())])
def test_they_are_not_told_what_nobody_would_miss(operation: Operation) -> None:
    assert notice(operation, "en", called) == ""


def test_of_many_it_says_how_many() -> None:
    users = tuple(f"u{number}" for number in range(MANY + 2))
    said = notice(MembersAdded(users), "en", called)
    assert said.endswith("u9 and others, 12 in all joined")
    assert "u10" not in said
