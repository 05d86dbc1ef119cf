"""The words of a report, in English and in Chinese."""

# ruff: noqa: RUF001 - Chinese has its own punctuation

from converters.migration_rules import Language

WORDS: dict[Language, dict[str, str]] = {
    "en": {
        "title": "Migration report", "made": "Written on {0}. Ids are masked: the first character, and a digest.", "what": "what",
        "bundle": "bundle (SHA-256)", "checked": "checked", "platforms": "platforms", "horizon": "messages from", "all": "all messages",
        "before_group": "messages before their group existed there", "moved": "What was moved", "kind": "kind", "in_bundle": "in the bundle",
        "done": "decided", "there": "were there before", "refused": "refused", "not_applied": "Nothing has been applied yet.",
        "other_bundle": "The figures of what is done are of the last run, with bundle `{0}`.", "lost": "What is lost or changed", "count": "number",
        "meaning": "meaning", "nothing": "Nothing.", "open": "What is left open", "letters": "{0:,} dead letters wait for a person: `{1}`",
        "doubts": "{0:,} imports had no answer, and are held to have arrived because their repeat was refused",
        "stopped": "{0:,} conversations are stopped at a message that was refused", "lacking": "{0:,} {1} were not written, because what they need is not there",
        "verified": "What the target shows", "not_verified": "Not verified: `im-relay migrate verify` does it.", "verified_at": "Compared with the target's own lists on {0}.",
        "result": "result", "see_list": "in the list of differences", "examples": "The first {0} of them:", "missing": "missing", "doubled": "doubled",
        "different": "different", "unseen": "could not be seen", "probed": "What the probe found", "not_probed": "No probe was run: everything unknown was read with care.",
        "looked": "What a person looks at", "look": "History cannot be read back. Log in on a device, open each conversation, compare its first and last message, and tick it. `conversations.csv` has the ids in full.",
        "no_looks": "No conversations were drawn.", "ids": "ids", "accepted": "accepted", "first": "first", "last": "last", "right": "right",
        "signed": "Signatures", "role": "for", "name": "name", "date": "date", "signature": "signature", "customer": "the customer", "engineer": "who ran it",
    },
    "zh": {
        "title": "迁移报告", "made": "生成时间 {0}。ID 已脱敏：仅保留首字符和摘要。", "what": "项目", "bundle": "数据包（SHA-256）", "checked": "检查时间",
        "platforms": "平台", "horizon": "消息起始时间", "all": "全部消息", "before_group": "早于目标平台群组创建时间的消息", "moved": "迁移内容",
        "kind": "类型", "in_bundle": "数据包中", "done": "已处理", "there": "此前已存在", "refused": "被拒绝", "not_applied": "尚未执行导入。",
        "other_bundle": "处理数量来自最近一次运行，数据包 `{0}`。", "lost": "损失与变更", "count": "数量", "meaning": "含义", "nothing": "无。",
        "open": "未决事项", "letters": "{0:,} 条死信等待人工处理：`{1}`", "doubts": "{0:,} 次导入未收到应答，因重复请求被拒而认定已到达",
        "stopped": "{0:,} 个会话停在一条被拒绝的消息处", "lacking": "{0:,} 个{1}因所依赖的对象不存在而未写入", "verified": "目标平台的实际情况",
        "not_verified": "尚未核对：请运行 `im-relay migrate verify`。", "verified_at": "{0} 与目标平台自身的列表逐项核对。", "result": "结果",
        "see_list": "见差异清单", "examples": "其中前 {0} 项：", "missing": "缺失", "doubled": "重复", "different": "不一致", "unseen": "无法查看",
        "probed": "探测结论", "not_probed": "未运行探测：未知事项一律按最谨慎的方式处理。", "looked": "人工抽查",
        "look": "历史消息没有读取接口。请在设备上登录，打开每个会话，核对首条和末条消息后打勾。完整 ID 见 `conversations.csv`。", "no_looks": "没有抽取会话。",
        "ids": "ID", "accepted": "已接收", "first": "首条", "last": "末条", "right": "正确", "signed": "签字", "role": "代表", "name": "姓名",
        "date": "日期", "signature": "签字", "customer": "客户", "engineer": "执行人",
    },
}  # fmt: skip
