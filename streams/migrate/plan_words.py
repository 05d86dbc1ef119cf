"""The words of a plan, in English and in Chinese."""

# ruff: noqa: RUF001 - Chinese has its own punctuation

from converters.migration_rules import Language

WORDS: dict[Language, dict[str, str]] = {
    "en": {
        "title": "Migration plan",
        "from": "From",
        "to": "to",
        "made": "Checked on {0} (UTC); bundle `{1}`, SHA-256 `{2}`.",
        "stopped": "**{0:,} problems stop this run.** They have to be decided first: `im-relay migrate check` names them.",
        "machine": "The block below is read by `im-relay migrate apply`; quotas may be changed there.",
        "what": "What is moved",
        "kind": "kind",
        "count": "number",
        "lost": "What is lost or changed",
        "none": "Nothing.",
        "meaning": "meaning",
        "stay": "See problems.csv for each of them.",
        "calls": "Calls and hours",
        "phase": "phase",
        "api": "API",
        "number": "calls",
        "quota": "quota (calls/s)",
        "time": "time",
        "shared": "APIs with one quota's name share it.",
        "path": "Critical path",
        "waits": "waits for",
        "total": "total",
        "lane": "the longest conversation: {0:,} messages, one after the other, {1:.0f} ms each",
        "by_quota": "quota `{0}`",
        "nothing": "nothing to do",
        "lane_note": "A conversation's messages are imported one after the other: its longest one takes {0} at any quota.",
        "all_day": "With all hours of the day. With `--between 01:00-07:00` it takes {0} days.",
        "people": "users",
        "relations": "friends and blocks",
        "groups": "groups and rooms",
        "members": "members",
        "settings": "settings",
        "history": "history",
        "saves": "What a higher quota saves",
        "from_to": "from {0:,.0f} to {1:,.0f} calls/s",
        "saved": "saves",
        "no_saving": "No single quota shortens the run by a minute or more.",
        "disk": "Disk",
        "disk_bundle": "bundle, where `check` and `apply` run",
        "disk_kafka": "Kafka, for each copy: items, outcomes and progress",
        "decided": "Decided",
        "edition": "edition there",
        "before": "messages before their group existed there",
        "horizon": "messages from",
        "horizon_all": "all messages",
        "order": "Ready to send",
        "written": "{0}: {1:,} calls, {2}",
        "probed": "What the probe found",
        "not_probed": "No probe was run: the careful reading holds. `im-relay migrate probe` finds out, and a plan written after it is by its answers.",
        "batch_full": "Registrations of exactly the maximum pass.",
        "batch_less": "Registrations are one less than the maximum a call.",
        "shared_unknown": "Push settings are held to share the quota of registration.",
        "shared_not": "Push settings do not share the quota of registration.",
        "shared_by": "These share the quota of registration: {0}.",
        "before_unknown": "Messages older than their group are held to be refused.",
        "before_accepted": "Messages older than their group are taken.",
        "before_refused": "Messages older than their group are refused.",
        "better": "**The bundle was checked with `--before-group {0}`: `im-relay migrate check --before-group import` keeps these messages with their time.**",
        "worse": "**The bundle was checked with `--before-group import`, which the app refuses: check again with `skip` or `restamp`.**",
    },
    "zh": {
        "title": "迁移计划",
        "from": "从",
        "to": "到",
        "made": "检查时间 {0}（UTC）；数据包 `{1}`，SHA-256 `{2}`。",
        "stopped": "**有 {0:,} 个问题阻止迁移。** 须先作出决定：`im-relay migrate check` 会列出。",
        "machine": "以下代码块由 `im-relay migrate apply` 读取；可在其中修改配额。",
        "what": "迁移内容",
        "kind": "类型",
        "count": "数量",
        "lost": "损失与变更",
        "none": "无。",
        "meaning": "含义",
        "stay": "逐条明细见 problems.csv。",
        "calls": "调用次数与时间",
        "phase": "阶段",
        "api": "接口",
        "number": "调用次数",
        "quota": "配额（次/秒）",
        "time": "时间",
        "shared": "配额名称相同的接口共用一个配额。",
        "path": "关键路径",
        "waits": "受限于",
        "total": "合计",
        "lane": "最长的会话：{0:,} 条消息，逐条导入，每条 {1:.0f} 毫秒",
        "by_quota": "配额 `{0}`",
        "nothing": "无需操作",
        "lane_note": "同一会话的消息只能逐条导入：无论配额多高，最长的会话需要 {0}。",
        "all_day": "按全天运行计算。若使用 `--between 01:00-07:00`，需要 {0} 天。",
        "people": "用户",
        "relations": "好友与黑名单",
        "groups": "群组与聊天室",
        "members": "成员",
        "settings": "免打扰设置",
        "history": "历史消息",
        "saves": "提高配额可节省的时间",
        "from_to": "从 {0:,.0f} 提高到 {1:,.0f} 次/秒",
        "saved": "节省",
        "no_saving": "单独提高任一配额，节省的时间都不到一分钟。",
        "disk": "磁盘",
        "disk_bundle": "数据包，位于运行 `check` 和 `apply` 的机器",
        "disk_kafka": "Kafka，每个副本：条目、结果与进度",
        "decided": "已作出的决定",
        "edition": "目标平台套餐",
        "before": "早于目标平台群组创建时间的消息",
        "horizon": "消息起始时间",
        "horizon_all": "全部消息",
        "order": "可直接发送",
        "written": "{0}：调用 {1:,} 次，{2}",
        "probed": "探测结论",
        "not_probed": "未运行探测，按最谨慎的方式计算。运行 `im-relay migrate probe` 后重新生成计划，即按探测结论计算。",
        "batch_full": "单次注册可达人数上限。",
        "batch_less": "单次注册比人数上限少一人。",
        "shared_unknown": "推送设置按与用户注册共用配额计算。",
        "shared_not": "推送设置不与用户注册共用配额。",
        "shared_by": "与用户注册共用配额的接口：{0}。",
        "before_unknown": "早于建群时间的消息按会被拒绝处理。",
        "before_accepted": "可导入早于建群时间的消息。",
        "before_refused": "早于建群时间的消息会被拒绝。",
        "better": "**该数据包按 `--before-group {0}` 检查：用 `im-relay migrate check --before-group import` 重新检查，可保留这些消息的原始时间。**",
        "worse": "**该数据包按 `--before-group import` 检查，而目标应用拒绝这类消息：请改用 `skip` 或 `restamp` 重新检查。**",
    },
}

_UNITS = {"en": (" d", " h", " min", " s"), "zh": (" 天", " 小时", " 分钟", " 秒")}


def span(seconds: float, language: Language) -> str:
    """In the two largest units."""
    rest = max(0, round(seconds))
    parts = []
    for size, unit in zip((86_400, 3_600, 60, 1), _UNITS[language], strict=True):
        number, rest = divmod(rest, size)
        if number:
            parts.append(f"{number:,}{unit}")
    return " ".join(parts[:2]) or f"0{_UNITS[language][3]}"


def size(number: float) -> str:
    """Bytes in the largest unit."""
    for unit in ("B", "kB", "MB", "GB"):
        if number < 1000:
            return f"{number:,.0f} {unit}"
        number /= 1000
    return f"{number:,.1f} TB"
