"""The words of the table in Chinese."""

FAULTS = {
    "an endpoint serves a certificate of 2 days": "一个地址的证书还有 2 天到期",
    "an endpoint serves a certificate of 10 days": "一个地址的证书还有 10 天到期",
    "an endpoint speaks no TLS any more": "一个地址不再使用 TLS",
    "a file of the local state is overwritten while its role is down": "角色停止期间，本地状态的一个文件被覆盖",
    "the virus scanner is away": "病毒扫描程序不在",
    "the disk of local state has a tenth left": "本地状态的磁盘只剩十分之一",
    "the store of files has 500 MB": "文件存储只有 500 MB",
    "the disk of local state is full to the last byte": "本地状态的磁盘完全写满",
    "a process is killed again and again": "一个进程一再被杀死",
    "the clock of one process is 100 s ahead": "一个进程的时钟快 100 秒",
    "the watcher that runs the canary is scaled to nothing": "运行探测消息的 watch 缩容为零",
    "deliver-yunxin is killed": "deliver-yunxin 被杀死",
    "media is killed": "media 被杀死",
    "yunxin answers every request with an error": "yunxin 对每个请求都返回错误",
    "a stranger leaves a transaction open": "外人留下一个未结束的事务",
    "a topic of callbacks keeps records for a minute, and a role starts": "一个回调主题只保留一分钟，随后一个角色启动",
    "records are deleted while nobody reads them": "记录在无人读取时被删除",
    "a newer release writes a record that cannot be set aside": "较新的版本写入一条不能搁置的记录",
    "the only broker is frozen": "唯一的 broker 被冻结",
    "most answers to the end of a transaction are lost on the way to deliver-rongcloud": "发往 deliver-rongcloud 的事务结束应答大多丢失",
    "one of three brokers is killed; of some topics it had the only copy": "三个 broker 中的一个被杀死；有些主题只在它那里有副本",
    "the brokers give their clients a hundredth of a percent of a thread": "broker 只给客户端一个线程的万分之一",
    "the brokers answer each write of an ingress after 1.5 s": "broker 对一个 ingress 的每次写入 1.5 秒后才应答",
    "the check of signatures of an ingress has a defect": "一个 ingress 的签名校验有缺陷",
    "an app calls back nothing that called back twelve times a minute at this hour of yesterday": (
        "一个应用昨天此时每分钟回调十二次，现在完全不回调"
    ),
    "everything of an app is signed with another secret": "一个应用的全部回调用另一个密钥签名",
    "one callback in four is signed with another secret": "四个回调中有一个用另一个密钥签名",
    "a signature that was used comes again with other words": "用过的签名带着别的内容再次到来",
    "callbacks to the address of no app": "回调发往不属于任何应用的地址",
    "callbacks of 300,000 bytes": "300,000 字节的回调",
    "strangers open more connections than there is room for, and send no heads": "外人打开的连接超过容量，且不发送请求头",
    "lost callbacks are searched for at a platform that does not answer": "在一个不应答的平台上搜索丢失的回调",
    "two callbacks of a platform are never sent, and the search finds them": "平台有两个回调从未发出，搜索找到了它们",
    "a target answers 429 to everything, and more is said to it than it will ever take": "目标对一切返回 429，而消息越积越多",
    "a target answers 401 to everything": "目标对一切返回 401",
    "a target answers 404 to thirty messages": "目标对三十条消息返回 404",
    "a target takes requests and never answers": "目标接收请求但从不应答",
    "a target answers each message after 7 s": "目标对每条消息 7 秒后才应答",
    "a target stores a message twice, and calls back both": "目标把一条消息存了两次，并回调了两次",
    "a target cuts every third connection instead of answering, and calls nothing back; what is in doubt is held": (
        "目标每三次连接就断开一次而不应答，也不回调；结果不明的消息被留置"
    ),
    "more is said to an app than its quota lets through": "发往一个应用的消息多于其配额所容许的",
    "a platform answers `too much` to everything, as after its quota was cut": "平台对一切返回 `too much`，如同配额被削减",
    "a platform takes the request for a token and never answers": "平台接收令牌请求但从不应答",
    "a platform refuses the key of an app, as after the secret was changed in its console": "平台拒绝一个应用的密钥，如同控制台中的密钥已更换",
    "a record of no app is written into a topic of callbacks": "一条不属于任何应用的记录被写入回调主题",
    "a plug-in raises at every second message of an app": "插件对一个应用的每两条消息抛出一次异常",
    "a plug-in raises at all that twenty people say in an app, whose records hold back others of their partitions": (
        "插件对一个应用中二十人的所有消息都抛出异常，其记录挡住同一分区的其他记录"
    ),
    "a plug-in waits 0.1 s at each message of an app": "插件对一个应用的每条消息等待 0.1 秒",
    "a rule drops all that an app says": "一条规则丢弃一个应用的所有消息",
    "the settings file is spoiled": "设置文件被写坏",
}
REASONS = {
    "a file must break into its reader: none is known that does": "需要一个能攻破读取程序的文件：目前不知道有这样的文件",
    "a ledger must be read back for more than ten minutes and stand meanwhile: here it takes seconds": (
        "读回台账需要十分钟以上且停住：这里只需几秒"
    ),
}
TABLE = {
    "| alert | fault | fires after | its page says | over after |": "| 告警 | 故障 | 多久后触发 | 手册所述 | 修复后多久解除 |",
    "| alert | why |": "| 告警 | 原因 |",
    "| alert | fault |": "| 告警 | 故障 |",
    "at once": "立即",
    "not within the run": "未在运行内",
    "**never**": "**没有**",
    "(late)": "（偏晚）",
    "times more": "次再次触发",
}
ALL_WORDS = FAULTS | REASONS | TABLE
