"""The export of a made-up shop, as its database writes it: CSV in GB18030 with Chinese columns, and a mapping."""

import csv
import random
from collections.abc import Iterable
from datetime import datetime, timedelta, timezone
from pathlib import Path

BEIJING = timezone(timedelta(hours=8))
MAPPING = """\
[users]
file = "用户.csv"
[users.columns]
id = "账号"
name = "昵称"
gender = "性别"
"attributes.city" = "城市"
[users.values.gender]
"男" = "male"
"女" = "female"

[friends]
file = "好友.csv"
[friends.columns]
owner = "账号"
friend = "好友"
remark = "备注"

[groups]
file = "群.csv"
[groups.columns]
id = "群号"
owner = "群主"
name = "群名"
announcement = "公告"

[members]
file = "群成员.csv"
[members.columns]
group = "群号"
user = "账号"
role = "身份"
[members.values.role]
"群主" = "owner"
"管理员" = "admin"
"成员" = "member"

[messages]
file = "消息.csv"
times = "%Y-%m-%d %H:%M:%S"
zone = "Asia/Shanghai"
[messages.columns]
id = "编号"
sender = "发送人"
to = "接收人"
group = "群号"
text = "内容"
at = "时间"
"""
_CITIES = ("深圳", "广州", "上海", "成都")
_NAMES = "赵钱孙李周吴郑王冯陈褚卫蒋沈韩杨"
_SAID = (
    "您好,这款还有货吗?",
    "有的,今天可以发货。",
    "能便宜一点吗?",
    "满两百减二十。",
    "好的,下单了。",
    "收到,马上安排。",
    "尺码偏大吗?",
    "正常尺码。",
)


def write(directory: Path, *, users: int, groups: int, messages: int, now: datetime) -> None:
    """Two of its users have the same id but for case, as a check has to find."""
    draw = random.Random(7)
    directory.mkdir(parents=True)
    (directory / "migration.toml").write_text(MAPPING, encoding="utf-8")
    ids = [f"shop{number:04}" for number in range(users)]
    people = [
        (
            user,
            f"{draw.choice(_NAMES)}先生" if place % 2 else f"{draw.choice(_NAMES)}女士",
            "男" if place % 2 else "女",
            draw.choice(_CITIES),
        )
        for place, user in enumerate(ids)
    ]
    _table(directory / "用户.csv", ("账号", "昵称", "性别", "城市"), [*people, ("SHOP0000", "重复的账号", "女", "深圳")])
    pairs = sorted({(ids[one], ids[(one + step) % users]) for one in range(users) for step in (1, 3)})
    _table(
        directory / "好友.csv",
        ("账号", "好友", "备注"),
        [(one, other, "老顾客" if place % 5 == 0 else "") for place, (one, other) in enumerate(pairs)],
    )
    teams = [f"{6000 + number}" for number in range(groups)]
    _table(
        directory / "群.csv",
        ("群号", "群主", "群名", "公告"),
        [(team, ids[place], f"{_CITIES[place % 4]}{place + 1}号群", "新品八折") for place, team in enumerate(teams)],
    )
    inside = [
        (team, ids[(place + step) % users], "群主" if step == 0 else "管理员" if step == 1 else "成员")
        for place, team in enumerate(teams)
        for step in range(min(20, users))
    ]
    _table(directory / "群成员.csv", ("群号", "账号", "身份"), inside)
    _table(directory / "消息.csv", ("编号", "发送人", "接收人", "群号", "内容", "时间"), _said(messages, pairs, teams, ids, draw, now))


def _said(
    count: int, pairs: list[tuple[str, str]], teams: list[str], ids: list[str], draw: random.Random, now: datetime
) -> Iterable[tuple[str, ...]]:
    """Over the last twenty days, and a few of them years ago."""
    for number in range(count):
        at = now.astimezone(BEIJING) - timedelta(days=20) + timedelta(minutes=number * 28_000 // count)
        if number % 40 == 0:
            at -= timedelta(days=700)
        text = draw.choice(_SAID)
        if number % 10 == 0:
            place = number // 10 % len(teams)
            yield str(number), ids[place], "", teams[place], text, at.strftime("%Y-%m-%d %H:%M:%S")
        else:
            one, other = pairs[number // 10 % len(pairs)]
            sender, to = (one, other) if number % 2 else (other, one)
            yield str(number), sender, to, "", text, at.strftime("%Y-%m-%d %H:%M:%S")


def _table(path: Path, head: tuple[str, ...], rows: Iterable[tuple[str, ...]]) -> None:
    with path.open("w", encoding="gb18030", newline="") as file:
        out = csv.writer(file)
        out.writerow(head)
        out.writerows(rows)
