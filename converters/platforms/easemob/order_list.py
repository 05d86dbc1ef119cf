"""What the customer orders from Easemob before a migration, ready to send: 「需要环信商务开通的清单」.

Sources: "Easemob: Limits", "File storage", "Custom group ids", "Callbacks", "Pricing: features of editions".
"""

# ruff: noqa: RUF001 - Chinese has its own punctuation

from converters.migration_rules import Order

_TEXTS = {
    "en": {
        "title": "To be opened by Easemob's sales",
        "app": "App Key",
        "fill": "(fill in)",
        "edition": "Edition",
        "scale": "Scale: {users:,} users, {friendships:,} friendships, {groups:,} groups, {members:,} members, {messages:,} messages of history.",
        "head": "| no. | item | default | wanted |",
        "quota": "rate limit of `{api}`",
        "rate": "{0:,.0f} calls/s",
        "retention": "retention of roaming messages",
        "days": "{0} days",
        "files": "storage time of files",
        "files_wanted": "as long as the messages: {0} days ({1:,} messages have files)",
        "files_default": "7 days",
        "custom": "group and room ids given by us (`groupid` of group creation)",
        "off": "off",
        "on": "on",
        "callback": "post-delivery callbacks (chat messages and events, from SDK **and** REST)",
        "storage": "storage of failed callbacks (3 days)",
        "members": "members of one group",
        "friends": "friends of one user",
        "people": "{0:,}",
        "import_old": "import of group messages older than the group at Easemob",
        "import_old_wanted": "say whether and how it can be arranged",
        "list": "REST messages make entries in the conversation list",
        "recall": "recall by REST; edit of messages",
        "answer": "Please also answer in writing: {0}.",
        "between": "; ",
        "callbacks": "does an import fire callbacks or pushes",
        "pushes": "does an import fire pushes",
        "repeat": "is a repeated `msg_timestamp` refused, and with which error",
        "shared": "which calls share the 100/s of user management",
    },
    "zh": {
        "title": "需要环信商务开通的清单",
        "app": "App Key",
        "fill": "（请填写）",
        "edition": "套餐",
        "scale": "迁移规模：用户 {users:,}，好友关系 {friendships:,}，群组 {groups:,}，群成员 {members:,}，历史消息 {messages:,}。",
        "head": "| 序号 | 开通项 | 默认 | 需要 |",
        "quota": "接口 `{api}` 的调用频率上限",
        "rate": "{0:,.0f} 次/秒",
        "retention": "漫游消息存储时长",
        "days": "{0} 天",
        "files": "文件存储时长",
        "files_wanted": "与消息一致：{0} 天（含文件的消息 {1:,} 条）",
        "files_default": "7 天",
        "custom": "自定义群组 ID 和聊天室 ID（创建群组时传 `groupid`）",
        "off": "关闭",
        "on": "开通",
        "callback": "发送后回调（聊天消息及事件，来源包括 SDK **和** REST）",
        "storage": "回调异常消息存储（3 天）",
        "members": "单个群组成员数上限",
        "friends": "单个用户好友数上限",
        "people": "{0:,}",
        "import_old": "导入早于环信群组创建时间的群消息",
        "import_old_wanted": "请确认能否支持及方式",
        "list": "REST 发送的消息写入会话列表",
        "recall": "REST 撤回消息；修改消息",
        "answer": "另请书面确认：{0}。",
        "between": "；",
        "callbacks": "导入消息是否触发回调或推送",
        "pushes": "导入消息是否触发推送",
        "repeat": "重复的 `msg_timestamp` 是否被拒绝、返回什么错误",
        "shared": "用户管理的 100 次/秒由哪些接口共用",
    },
}


def order(given: Order) -> str:
    """Markdown; the quotas in it are those whose raising shortens the run. What the probe has found open is not asked for."""
    found = given.findings
    say = _TEXTS[given.language]
    counts = {f"{kind}s": given.counts.get(kind, 0) for kind in ("user", "friendship", "group", "member", "message")}
    days = max(given.retention_wanted, 1)
    rows = [
        *((say["quota"].format(api=name), say["rate"].format(now), say["rate"].format(wanted)) for name, now, wanted in given.raises),
        (say["retention"], "", say["days"].format(days)),
        (say["files"], say["files_default"], say["files_wanted"].format(days, given.files)),
        (say["members"], "", say["people"].format(given.largest_group)),
        (say["friends"], "", say["people"].format(given.most_friends)),
        *(((say["custom"], say["off"], say["on"]),) if not found.custom_ids else ()),
        (say["callback"], say["off"], say["on"]),
        (say["storage"], say["off"], say["on"]),
        (say["list"], say["off"], say["on"]),
        (say["recall"], say["off"], say["on"]),
        *(((say["import_old"], "", say["import_old_wanted"]),) if found.before_group != "accepted" else ()),
    ]
    asked = [
        say["callbacks" if found.callbacks is None else "pushes"],
        *((say["repeat"],) if not found.repeat else ()),
        *((say["shared"],) if found.shared is None else ()),
    ]
    lines = [
        f"## {say['title']}",
        "",
        f"- {say['app']}: {say['fill']}",
        f"- {say['edition']}: {given.edition}",
        "",
        say["scale"].format(**counts),
        "",
        say["head"],
        "| --- | --- | --- | --- |",
        *(f"| {number} | {what} | {default or '-'} | {wanted} |" for number, (what, default, wanted) in enumerate(rows, 1)),
        "",
        say["answer"].format(say["between"].join(asked)),
    ]
    return "\n".join(lines) + "\n"
