"""The page of fidelity in Chinese: docs/fidelity.zh-CN.md is printed from the same tables."""

from collections.abc import Mapping

from converters.core.fidelity import DONE, MESSAGES, Level, kinds, table
from converters.platform import AnyPlatform

WORDS = {"full": "完整", "partial": "部分", "shown": "以文字显示", "refused": "不支持"}
KNOWN = {"page": "文档", "sdk": "SDK 源码", "capture": "抓包", "guess": "推断"}

NOTES = {
    "JPEG, PNG or GIF; Easemob makes the thumbnail": "JPEG、PNG 或 GIF；缩略图由环信生成",
    "JPEG, PNG or GIF; Yunxin makes the thumbnail": "JPEG、PNG 或 GIF；缩略图由云信生成",
    "RongCloud keeps none": "融云没有管理员",
    "a room is closed": "聊天室会被关闭",
    "as AAC": "转为 AAC",
    "as AAC, or by the setting `voice` as AMR in the message itself; over 60 seconds as a file": "转为 AAC，或按设置 `voice` 以 AMR 放在消息内；超过 60 秒时作为文件",
    "as AMR, or by the setting `voice` as MP3; whole seconds": "转为 AMR，或按设置 `voice` 转为 MP3；时长取整秒",
    "as MP4; in H.264 and AAC, where phones do not play it otherwise; what takes too long as a file": "转为 MP4；手机不能播放的转为 H.264 和 AAC；耗时过长的作为文件发送",
    "as MP4, with a thumbnail; in H.264 and AAC, where phones do not play it otherwise; what takes too long as a file": "转为 MP4，带缩略图；手机不能播放的转为 H.264 和 AAC；耗时过长的作为文件发送",
    "as a custom notification, up to 4,096 characters; not in rooms, where people would see it": "作为自定义系统通知，最多 4,096 个字符；聊天室内不发送，否则用户会看到",
    "as a notice, but for the end of a friendship": "显示为提示；解除好友关系除外",
    "as a notice: RongCloud keeps no owner; not in rooms": "显示为提示：融云没有群主；聊天室除外",
    "as a quick comment, by the table `reactions` of the settings; not in rooms, with `api` v1 not to what the relay sent; what clients of Yunxin react with is not told": "作为快捷评论，按设置中的 `reactions` 表；聊天室除外；`api` 为 v1 时，不能回应本系统发出的消息；云信客户端的回应没有回调",
    "as a tip": "作为提示消息",
    "as every file up to 15 MB": "与其他文件相同，最大 15 MB",
    "as every file up to the setting `file_limit`, kept for `file_days`": "与其他文件相同，大小以设置 `file_limit` 为限，保留 `file_days` 天",
    "as said by its sender": "显示为由发送者所说",
    "as the UI kit does, with v2 as a thread as well; in rooms, and of a message that is not there, within the text": "与 UIKit 相同，v2 同时作为话题回复；在聊天室内，或被引用的消息不存在时，写在正文里",
    "as the UI kits' `msgQuote`; of a message that is not there, within the text": "与 UIKit 的 `msgQuote` 相同；被引用的消息不存在时，写在正文里",
    "as the UI kits' `userCard`": "与 UIKit 的 `userCard` 相同",
    "as type 100 `userCard`, which the app must know": "类型 100 的 `userCard`，需要应用识别",
    'as type 100: the object itself, or `{"type": name, "data": …}`; over 5,000 characters as a text': '类型 100：对象本身，或 `{"type": name, "data": …}`；超过 5,000 个字符时作为文本',
    "between two people; in a group where its author asked for it; not in rooms": "单聊；群组中仅限作者要求回执的消息；聊天室除外",
    "clients need the plug-in for cards": "客户端需要名片插件",
    "for 7 days; in rooms, and of a text in several parts, as a new message": "7 天内；在聊天室内，或文本分多条发送时，作为新消息",
    "for ever: without an end": "永久，没有结束时间",
    "in RongCloud's words, not with a text of its own": "使用融云自己的提示文字，不能自定义",
    "in a room name and announcement alone": "聊天室仅限名称和公告",
    "in rooms only who is put out": "聊天室内仅限被移出的人",
    "in rooms, and of a text in several parts, as a new message": "在聊天室内，或文本分多条发送时，作为新消息",
    "in the store of the settings, as every file; its thumbnail in the message": "与其他文件一样存放在设置的存储中；缩略图放在消息内",
    "in the store of the settings; by the setting `files` where it lies at the source": "存放在设置的存储中；按设置 `files` 也可以留在来源平台",
    "its name": "显示其名称",
    "made and ended; not a request, its refusal, or the words with it": "建立和解除；申请、拒绝和附言除外",
    "name and announcement alone": "仅限名称和公告",
    "no call sends a receipt": "没有发送回执的接口",
    "no call sends it": "没有发送接口",
    "no call sets it": "没有设置接口",
    "no such receipt": "没有这种回执",
    "no such thing": "没有这种功能",
    "not in chat rooms": "聊天室除外",
    "not in rooms": "聊天室除外",
    "not of chat rooms": "聊天室除外",
    "of a message that is not there, as a new message": "消息不存在时，作为新消息",
    "of a message, not of a whole conversation; not in superteams and rooms": "仅限单条消息，不含整个会话；超大群和聊天室除外",
    "of a text that is there, by a text; else within the text": "文本引用已存在的文本；其余写在正文里",
    "of texts and custom messages, where Easemob has opened it for the app; else as a new message": "限文本和自定义消息，且环信已为应用开通；否则作为新消息",
    "over about 20,000 Chinese characters as several messages; who is called by name, in groups alone": "超过约 20,000 个汉字时分为多条；提到的人仅限群组",
    "over about 4 KB as several messages": "超过约 4 KB 时分为多条",
    "over about 5,000 characters, in a room 4,096, as several messages": "超过约 5,000 个字符（聊天室 4,096 个）时分为多条",
    "shown as a picture": "显示为图片",
    "shown as a picture; without one, by its name": "显示为图片；没有图片时显示名称",
    "that it begins; between two people, where the setting `typing` is on": "仅开始输入；限单聊，且设置 `typing` 已打开",
    "that there was one, and how long": "显示有过通话及其时长",
    "title and address shown in one line": "标题和地址显示在一行",
    "title and address shown in one line, without a map": "标题和地址显示在一行，没有地图",
    "title and first lines": "标题和前几行",
    "title, text and address": "标题、文字和网址",
    "under its own name, which clients must know; one without a name as a text": "以其自身名称发送，需要客户端识别；没有名称的作为文本",
    "up to 199 members besides the owner": "除群主外最多 199 人",
    "up to 30 days, or for ever; not in rooms": "最长 30 天，或永久；聊天室除外",
    "up to 30 days; with a text of its own in v1 alone": "30 天内；仅 v1 可以带自定义文字",
    "up to 30 days; with a text of its own, not in rooms": "30 天内；可以带自定义文字，聊天室除外",
    "what is no map of at most 16 texts, as JSON under `data`": "不是 16 个以内文本键值对的内容，以 JSON 放在 `data` 下",
    "where the setting `typing` is on; not in chat rooms": "需要打开设置 `typing`；聊天室除外",
    "where the setting `typing` is on; not in rooms": "需要打开设置 `typing`；聊天室除外",
    "who accepts is added at once": "同意后立即成为好友",
    "who joined reads as added, by the setting `operator`; not in rooms": "自行加入的人显示为被设置 `operator` 的用户拉入；聊天室除外",
    "who joined reads as added; not in chat rooms": "自行加入的人显示为被拉入；聊天室除外",
    "who left reads as removed, and in chat rooms stays": "主动退出的人显示为被移出，在聊天室内则保留",
    "without description and picture": "不含简介和头像",
}
"""Of each note of the tables. A new one stands there in English until it is here; a test finds it."""


def note(level: Level, platforms: Mapping[str, AnyPlatform]) -> str:
    """The note of *level* in Chinese; in English where neither this module nor a platform translates it."""
    own = (platform.chinese[level.note] for platform in platforms.values() if level.note in platform.chinese)
    return NOTES.get(level.note) or next(own, level.note)


def page(platforms: Mapping[str, AnyPlatform]) -> str:
    """docs/fidelity.zh-CN.md."""

    def cell(level: Level) -> str:
        return f"{WORDS[level.word]}（{KNOWN[level.known]}）" + (f"：{note(level, platforms)}" if level.note else "")

    return (
        "# 消息互通的完整程度\n\n"
        "本页由 `make pages` 从 `converters/*/fidelity.py` 生成，请勿手工修改。每一列是接收方平台。\n\n"
        "- 完整：内容全部送达。冒号后是显示方式，或不适用的情况。\n- 部分：有所列的损失。\n"
        "- 以文字显示：用一段文字说明原来是什么。\n- 不支持：平台没有对应功能，不发送。\n\n"
        "括号内是依据，即平台能接收什么、客户端如何显示的信息来源：\n\n"
        "- 文档：厂商的官方文档；`own` 以[本项目的文档](own.zh-CN.md)为准。\n"
        "- SDK 源码：官方 SDK 或 UIKit 的源码。\n- 抓包：实际记录的流量。\n"
        "- 推断：由我们推断，没有出处。这类疑问及相应设置见[待核实事项](unverified.zh-CN.md)。\n\n"
        "文件会转存到接收方，并转为其客户端可以显示的格式：HEIC 和 WebP 转为 JPEG，会动的转为 GIF；客户端不能播放的语音和视频会转码，"
        "音质和画质略有损失。读不了或耗时过长的，作为普通文件到达（损失 `as-file`）。无法转存的文件（过大、已失效）显示为带名称的文本；"
        "不需要密钥且打开 `file_links` 时，附上来源平台的地址。各种格式见[媒体](media.zh-CN.md)。\n\n"
        "任何损失都计入 `im_relay_losses_total`，标为 `full` 的行也不例外：无法转存的文件显示为文本，针对不存在的消息的操作不发送，"
        "对它的编辑作为新消息发送。用户名称、文件地址和消息 ID 都属于各自平台。\n\n"
        "平台没有对应字段的信息（文件的 MIME 类型和摘要、语音的毫秒数、位置的两行文字）放在消息扩展字段中，位于标记 `relay` 旁边的 "
        "`relay_more` 下。客户端无需处理；消息被转发时，本系统会再次读取。放不下时计为损失 `details`。\n\n"
        "## 消息\n\n"
        f"{table(platforms, MESSAGES, '类型', cell)}\n"
        "`quote` 是回复另一条消息的消息。`unknown` 是模型中没有名称的所有类型。\n\n"
        "## 操作\n\n"
        f"{table(platforms, DONE, '类型', cell)}"
        f"{kinds(platforms, '{} 的消息类型', 'zh')}"
    )
