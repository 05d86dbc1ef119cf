"""The words of a report of completeness, in English and in Chinese."""

# ruff: noqa: RUF001 - Chinese has its own punctuation

from converters.migration_rules import Language

WORDS: dict[Language, dict[str, str]] = {
    "en": {
        "title": "Completeness of the relay", "made": "Written on {0}. Ids of people and groups are masked: the first character, and a digest. Events are named by their ids; `im-relay trace EVENT` shows the way of each.",
        "what": "what", "period": "period", "to": "{0} to {1}", "zone": "clock of all times but the first", "apps": "source apps", "asked": "platforms asked for their histories", "not_asked": "none",
        "total_received": "events received", "total_carried": "had to arrive", "total_there": "arrived", "total_open": "open", "verdict": "Result",
        "complete": "Complete: everything that came in and had to arrive is at its target.", "not_complete": "Not complete: {0:,} events are open.",
        "not_seen": "Nothing is open; but not all could be seen, see below.",
        "hours": "By hour and app", "hour": "hour", "app": "app", "received": "received", "left_out": "left out", "carried": "had to arrive", "there": "arrived",
        "confirmed": "shown by the target", "source": "hash of the source", "target": "hash of the target", "same": "same", "yes": "yes", "no": "**no**", "no_hours": "Nothing came in.",
        "explained": "The hashes are over the ids of the events, conversation by conversation: they are the same where both sides have the same events.",
        "left": "Left out", "reason": "reason", "count": "number", "nothing": "Nothing.",
        "different": "Conversations with open events", "conversation": "conversation", "open": "Open events, by name", "event": "event", "at": "received", "fate": "state", "detail": "detail",
        "more": "{0:,} more: `im-relay report --json` lists all.", "unseen_part": "What could not be seen", "evidence": "Evidence",
        "shows": "Apps that show what the relay sent them: {0}. What they accepted and do not show is open.",
        "shows_none": "No target has shown what the relay sent it (callbacks for messages from the server may be off there): the target's answer is the only evidence.",
        "not-called-back": "the source has it, and never called it back", "waits": "waits", "in-doubt": "sent, and no answer known", "dead-letter": "dead letter",
        "missing": "nothing says what became of it", "unseen": "accepted by the target, which does not show it", "doubled": "at the target twice",
    },
    "zh": {
        "title": "消息互通完整性报告", "made": "生成时间 {0}。用户和群组 ID 已脱敏：仅保留首字符和摘要。事件以其 ID 列出；用 `im-relay trace EVENT` 查看每个事件的完整路径。",
        "what": "项目", "period": "时间段", "to": "{0} 至 {1}", "zone": "本报告所用时区（生成时间除外）", "apps": "来源应用", "asked": "已查询历史消息的平台", "not_asked": "无",
        "total_received": "收到的事件", "total_carried": "应送达", "total_there": "已送达", "total_open": "未决", "verdict": "结论",
        "complete": "完整：收到且应送达的事件全部在目标平台。", "not_complete": "不完整：{0:,} 个事件未决。",
        "not_seen": "没有未决事件；但部分内容无法查看，见下文。",
        "hours": "按小时和应用", "hour": "小时", "app": "应用", "received": "收到", "left_out": "不转发", "carried": "应送达", "there": "已送达",
        "confirmed": "目标平台可见", "source": "来源摘要", "target": "目标摘要", "same": "一致", "yes": "是", "no": "**否**", "no_hours": "没有收到任何内容。",
        "explained": "摘要按会话对事件 ID 计算：两侧事件相同，摘要才相同。",
        "left": "不转发的事件", "reason": "原因", "count": "数量", "nothing": "无。",
        "different": "有未决事件的会话", "conversation": "会话", "open": "未决事件清单", "event": "事件", "at": "收到时间", "fate": "状态", "detail": "说明",
        "more": "另有 {0:,} 项：`im-relay report --json` 列出全部。", "unseen_part": "无法查看的内容", "evidence": "依据",
        "shows": "以下应用会显示中继发出的消息：{0}。已被接收但未显示的消息列为未决。",
        "shows_none": "没有目标平台显示中继发出的消息（可能未开启服务端消息的回调）：目标平台的应答是唯一依据。",
        "not-called-back": "来源平台有此消息，但从未回调", "waits": "等待中", "in-doubt": "已发出，应答未知", "dead-letter": "死信",
        "missing": "没有任何记录说明其去向", "unseen": "目标平台已接收，但未显示", "doubled": "在目标平台出现两次",
    },
}  # fmt: skip
