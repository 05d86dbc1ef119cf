"""The lines that every platform's diagnosis has, in both languages."""

from converters.doctor.steps import Check, Words

CHECKS = (
    Check(name="address", title=Words("base address", "API 地址"), does=Words("one call without effect", "发一次无副作用的请求")),
    Check(
        name="credentials", title=Words("credentials", "密钥"), does=Words("asks for a token, or signs a call", "申请 token,或签名一次请求")
    ),
    Check(
        name="clock",
        title=Words("clock", "时钟"),
        does=Words("compares this machine's clock with the answer's Date", "比较本机时钟与响应的 Date"),
    ),
    Check(name="users", title=Words("users", "用户"), does=Words("registers two users", "注册两个用户")),
    Check(
        name="message",
        title=Words("message", "消息"),
        does=Words("one of them writes to the other, by REST", "以其中一人的身份通过 REST 向另一人发消息"),
    ),
    Check(
        name="callback",
        title=Words("callback of a REST message", "REST 消息的回调"),
        does=Words("waits for the callback of that message", "等待该消息的回调"),
    ),
    Check(
        name="echo",
        title=Words("echo", "回声识别"),
        does=Words("looks whether the relay's mark came back whole, and after how long", "检查回调中的标记是否完整,以及用时"),
    ),
    Check(name="history", title=Words("history", "历史消息"), does=Words("looks it up in the history", "在历史消息中查询")),
    Check(name="read", title=Words("read receipt", "已读回执"), does=Words("the other one reads it", "另一人已读该消息")),
    Check(name="reaction", title=Words("reaction", "表情回应"), does=Words("the other one reacts to it", "另一人对该消息添加表情回应")),
    Check(name="edit", title=Words("edit", "编辑消息"), does=Words("edits it", "编辑该消息")),
    Check(name="recall", title=Words("recall", "撤回消息"), does=Words("recalls it", "撤回该消息")),
    Check(
        name="files",
        title=Words("files", "文件"),
        does=Words("uploads a PNG, a GIF and an AMR of under 1 kB and downloads them", "上传不足 1 kB 的 PNG、GIF、AMR 各一个,再下载"),
    ),
    Check(
        name="quota",
        title=Words("quotas", "调用频率"),
        does=Words("looks whether a call was refused as too much", "检查是否有请求因超过频率被拒"),
    ),
)
