"""Every text of the page, in English and Chinese. What is a name in settings, topics or metrics is the same in both."""

from collections.abc import Mapping, Sequence
from typing import Literal

from streams.operate.trace_state import MessageState

Language = Literal["en", "zh"]
LANGUAGES: Mapping[Language, str] = {"en": "English", "zh": "中文"}


def language(given: Sequence[str], accepted: str) -> Language:
    """The first of *given* that there is, else what a browser's Accept-Language prefers, else English."""
    for one in given:
        if (known := _known(one)) is not None:
            return known
    best: tuple[float, Language] = (0.0, "en")
    for part in accepted[:500].split(","):
        name, _, rest = part.strip().partition(";")
        try:
            weight = float(rest.partition("q=")[2]) if "q=" in rest else 1.0
        except ValueError:
            continue
        base = _known(name.lower().partition("-")[0])
        if base is not None and best[0] < weight <= 1:
            best = weight, base
    return best[1]


def _known(name: str) -> Language | None:
    return next((one for one in LANGUAGES if one == name), None)


class Words:
    """*language*'s texts, by their names here."""

    def __init__(self, language: Language) -> None:
        self.language = language
        self._place = 0 if language == "en" else 1

    def __call__(self, key: str, **facts: object) -> str:
        text = WORDS[key][self._place]
        return text.format_map(facts) if facts else text

    def fixed(self, kind: str, word: str) -> str:
        """A word of a closed list, as `step:received`; itself where the list is of another release."""
        known = WORDS.get(f"{kind}:{word}")
        return known[self._place] if known else word

    def state(self, of: MessageState) -> str:
        """The sentence of a message's state."""
        if self.language == "en":
            return of.sentence()
        return MessageState(of.form, {name: value or self("unknown") for name, value in of.facts.items()}).sentence(CHINESE_FORMS)


CHINESE_FORMS: Mapping[str, str] = {
    "delivered": "已送达应用 {app}，消息 ID {remote}",
    "delivered-after": "已送达应用 {app}，消息 ID {remote}，用时 {took}",
    "delivered-written": "已送达应用 {app}，消息 ID {remote}；应答在发出后 {took} 写入台账",
    "delivered-before": "已送达应用 {app}，消息 ID {remote}；按来源平台的时钟，早于发出时间 {took}",
    "called-back": "已在应用 {app}，消息 ID {remote}：对方平台已回调，台账尚未记录",
    "dead": "死信：{cause}（{whose}，{stage} 阶段）；查看命令：im-relay dead show {key}",
    "set-aside": "已由 {by} 搁置：{reason}",
    "in-doubt": "自 {since} UTC 起结果不明（{long}）：已发出或即将发出，尚无应答",
    "waits-for-file": "在 {place} 等待其文件（{file}），自 {since} UTC 起（{long}）",
    "nobody-read": "在 {place} 等待；尚无进程读取该分区",
    "waits": "在 {place} 等待，前面还有 {before} 条记录",
    "next": "在 {place} 等待，下一条即轮到它",
    "left-out": "convert 未转发（已在 {place} 读过，没有产生投递）",
    "settled": "{place} 已处理完，但台账没有记录：早于查找范围，或刚刚完成",
    "ignored": "不转发：{reason}",
    "ledger-only": "只有台账记录；更早的记录早于查找范围，或已过保留期",
}

WORDS: Mapping[str, tuple[str, str]] = {
    "title": ("im-relay console", "im-relay 控制台"),
    "nav:status": ("Status", "状态"),
    "nav:message": ("Message", "消息"),
    "nav:letters": ("Dead letters", "死信"),
    "nav:identities": ("Identities", "身份对应"),
    "nav:migrations": ("Migration", "迁移"),
    "nav:audit": ("Audit log", "审计日志"),
    "role:viewer": ("read-only", "只读"),
    "role:operator": ("operator", "操作员"),
    "log-in": ("Log in", "登录"),
    "log-out": ("Log out", "退出"),
    "name": ("Name", "用户名"),
    "password": ("Password", "密码"),
    "login-failed": ("Name or password is wrong.", "用户名或密码错误。"),
    "login-wait": ("Too many failed logins. Try again in {seconds} s.", "登录失败次数过多，请在 {seconds} 秒后重试。"),
    "login-elsewhere": ("Open this page by the address of your company's login.", "请通过公司统一登录的地址打开本页。"),
    "error": ("It could not be done", "操作未完成"),
    "not-found": ("There is no such page.", "没有这个页面。"),
    "bad-form": (
        "The form was not sent from this page, or has expired. Nothing was done: open the page again.",
        "表单不是从本页发出，或已过期。未做任何更改：请重新打开页面。",
    ),
    "not-operator": ("Your account is read-only. Nothing was done.", "你的账户为只读，未做任何更改。"),
    "bad-request": ("The request has a form that no page of ours sends. Nothing was done.", "请求格式不是本页面会发出的，未做任何更改。"),
    "not-known": ("The login that your proxy passed on is not accepted here: {why}.", "代理转来的登录在此不被接受：{why}。"),
    "back": ("Back", "返回"),
    "as-of": ("As of {time} UTC; read again every 30 s.", "截至 {time} UTC；每 30 秒刷新。"),
    "well": ("All is well.", "一切正常。"),
    "not-well": ("Needs a look:", "需要关注："),
    "problem:old": ("{stage}: the oldest record has waited for {age}", "{stage}：最早的记录已等待 {age}"),
    "problem:nobody": ("{stage}: records wait, and no offset was ever committed", "{stage}：有记录在等待，而从未提交过位点"),
    "problem:breaker": ("{app}: the circuit breaker is open", "{app}：熔断器已打开"),
    "problem:held": ("{app}: held by {stage}; see /readyz of that role", "{app}：被 {stage} 暂停；见该角色的 /readyz"),
    "problem:letters": ("{count} open dead letters with a cause on our side", "{count} 封死信未处理，原因在我方"),
    "problem:metrics": ("no metrics from {place}: {why}", "无法读取 {place} 的指标：{why}"),
    "problem:canary": ("canary {direction} {kind}: last success {age} ago", "拨测 {direction} {kind}：上次成功在 {age} 前"),
    "stages": ("Stages", "各阶段"),
    "stage": ("Stage", "阶段"),
    "platform": ("Platform", "平台"),
    "waiting": ("Waiting", "等待"),
    "oldest": ("Oldest waits for", "最早等待"),
    "partitions": ("Partitions", "分区"),
    "unread": ("Never read", "从未读取"),
    "apps": ("Apps", "应用"),
    "app": ("App", "应用"),
    "target": ("Target", "目标"),
    "breaker": ("Breaker", "熔断器"),
    "breaker:0": ("closed", "闭合"),
    "breaker:1": ("half open", "半开"),
    "breaker:2": ("open", "打开"),
    "quota": ("Quota", "配额"),
    "quota-live": ("Wait for quota, live", "等待配额（实时）"),
    "quota-backfill": ("Wait for quota, backfill", "等待配额（补发）"),
    "held": ("Held", "暂停"),
    "yes": ("yes", "是"),
    "no": ("no", "否"),
    "unknown": ("unknown", "未知"),
    "no-metrics": (
        "Name the roles' metrics in `console.metrics` to see quotas, breakers and the canary here.",
        "在 `console.metrics` 中填写各角色的指标地址，即可在此查看配额、熔断器和拨测。",
    ),
    "canary": ("Canary", "拨测"),
    "no-canary": ("No canary is measured.", "没有拨测数据。"),
    "direction": ("Direction", "方向"),
    "kind": ("Kind", "类型"),
    "last-success": ("Last success", "上次成功"),
    "ago": ("{age} ago", "{age} 前"),
    "open-letters": ("Open dead letters", "未处理的死信"),
    "no-letters": ("No letter matches.", "没有符合条件的死信。"),
    "search": ("Search", "查找"),
    "message-id": ("Message id of either side, or event id", "任一侧的消息 ID，或事件 ID"),
    "since": ("How far back", "时间范围"),
    "since-hint": ("30m, 2h, 7d, or a time as 2026-03-01T12:00 (UTC)", "30m、2h、7d，或时间如 2026-03-01T12:00（UTC）"),
    "nothing-names": ("Nothing names it since {time} UTC.", "自 {time} UTC 起没有记录提到它。"),
    "no-event": ("no event came of it", "没有产生事件"),
    "time": ("Time (UTC)", "时间（UTC）"),
    "what": ("What", "事项"),
    "where": ("Where", "位置"),
    "facts": ("Details", "详情"),
    "step:received": ("received", "已收到"),
    "step:converted": ("converted", "已转换"),
    "step:backfill": ("backfill", "补发"),
    "step:file wanted": ("file wanted", "需要文件"),
    "step:file": ("file", "文件"),
    "step:intent": ("intent", "发送意图"),
    "step:ended": ("ended", "已结束"),
    "step:called back": ("called back", "对方已回调"),
    "step:echo": ("echo", "回声"),
    "step:dead letter": ("dead letter", "死信"),
    "step:resolved": ("resolved", "已处理"),
    "step:mentioned": ("mentioned", "被提及"),
    "whose": ("Whose", "归属"),
    "whose:ours": ("ours", "我方"),
    "whose:theirs": ("theirs", "对方"),
    "cause": ("Cause", "原因"),
    "letters": ("Letters", "数量"),
    "user": ("User", "用户"),
    "conversation": ("Conversation", "会话"),
    "any": ("any", "不限"),
    "buried": ("Buried (UTC)", "时间（UTC）"),
    "key": ("Key", "键"),
    "attempts": ("Attempts", "尝试次数"),
    "detail": ("Detail", "说明"),
    "choose": ("Choose", "选择"),
    "shown-of": ("The newest {shown} of {count} are shown.", "共 {count} 封，显示最新的 {shown} 封。"),
    "scope": ("Which", "范围"),
    "scope:chosen": ("those chosen below", "下面选中的"),
    "scope:all": ("all {count} that match", "符合条件的全部 {count} 封"),
    "replay": ("Replay …", "重新投递…"),
    "drop": ("Set aside …", "搁置…"),
    "none-chosen": (
        "No letter is chosen, or what was chosen has been replayed or set aside. Nothing was done.",
        "没有选择死信，或所选死信已被重新投递或搁置。未做任何更改。",
    ),
    "changed": (
        "There are {count} now, not {expected}: nothing was done. Look again.",
        "现在有 {count} 封，而不是 {expected} 封：未做任何更改，请重新查看。",
    ),
    "confirm-replay": (
        "Replay {count} letters? Each record goes back where it came from, once, in its old order.",
        "重新投递 {count} 封死信？每条记录按原有顺序回到原来的位置，只投递一次。",
    ),
    "confirm-drop": (
        "Set {count} letters aside for good? They stay in the topic and are not delivered.",
        "永久搁置 {count} 封死信？它们保留在主题中，不再投递。",
    ),
    "older": (
        "{count} of them are older than deliver.max_age ({age}): send them all the same, without a push where the platform can be told so",
        "其中 {count} 封早于 deliver.max_age（{age}）：仍要投递；平台支持时不推送通知",
    ),
    "older-needed": (
        "Some are older than deliver.max_age: say that they are to be sent all the same. Nothing was done.",
        "有的早于 deliver.max_age：请确认仍要投递。未做任何更改。",
    ),
    "reason": ("Reason (kept with the letter)", "原因（随死信保存）"),
    "reason-needed": ("A reason is needed. Nothing was done.", "需要填写原因。未做任何更改。"),
    "do-replay": ("Replay", "重新投递"),
    "do-drop": ("Set aside", "搁置"),
    "cancel": ("Cancel", "取消"),
    "done-replay": ("{done} replayed.", "已重新投递 {done} 封。"),
    "done-drop": ("{done} set aside.", "已搁置 {done} 封。"),
    "done-rest": (
        "{already} had been ended meanwhile, {gone} were deleted meanwhile, {foreign} name no topic that a stage reads.",
        "期间已被他人处理 {already} 封，已过保留期 {gone} 封，{foreign} 封所属主题没有阶段读取。",
    ),
    "content-note": (
        "What people wrote is not shown here: `im-relay dead show KEY` prints a letter whole.",
        "这里不显示消息内容：`im-relay dead show KEY` 打印完整的死信。",
    ),
    "id": ("ID", "ID"),
    "kind:user": ("user", "用户"),
    "kind:group": ("group", "群"),
    "kind:room": ("chat room", "聊天室"),
    "on-platform": ("is an id of", "所属平台"),
    "canonical": ("canonical", "规范名"),
    "source": ("From", "来源"),
    "by-table": ("identities", "身份表"),
    "by-rule": ("rule", "规则"),
    "account": ("Account", "账户"),
    "account:made": ("made", "已创建"),
    "account:used": ("used: is on this side", "已使用：在这一侧"),
    "cohort": ("Cohort", "分组"),
    "nobody": ("The table names no such group or room.", "身份表中没有这个群或聊天室。"),
    "no-migration": ("No migration has begun.", "没有开始迁移。"),
    "bundle": ("Bundle", "数据包"),
    "mode": ("Mode", "模式"),
    "started-by": ("since {time} UTC, by {who}", "自 {time} UTC 起，由 {who}"),
    "done": ("Done", "完成"),
    "refused": ("Refused", "被拒绝"),
    "were-there": ("Were there", "原已存在"),
    "stopped": (
        "{count} conversations wait for a person: dead letters of the stage migrate.",
        "{count} 个会话等待人工处理：见 migrate 阶段的死信。",
    ),
    "who": ("Who", "操作人"),
    "outcome": ("Outcome", "结果"),
    "subject": ("Of what", "对象"),
    "count": ("Count", "数量"),
    "no-acts": ("Nothing was done yet.", "还没有任何操作。"),
    "act:log-in": ("login", "登录"),
    "act:log-out": ("logout", "退出"),
    "act:dead-replay": ("dead letters replayed", "重新投递死信"),
    "act:dead-drop": ("dead letters set aside", "搁置死信"),
    "act:erase": ("data of a user erased", "删除用户数据"),
    "outcome:begun": ("begun", "开始"),
    "outcome:done": ("done", "完成"),
    "outcome:refused": ("refused", "被拒绝"),
    "outcome:failed": ("failed", "失败"),
}
