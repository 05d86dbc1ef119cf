"""Emoticons of NetEase's UI kit. Source: the kits for Android and the web, 10.3 (`chat_emoji.xml`, `replaceEmoji`): the codes; which emoji each looks like is ours."""

from converters.text.emoticons import table

_CHINESE = {
    "大笑": "😄", "开心": "😃", "色": "😍", "酷": "😎", "奸笑": "😏", "亲": "😘", "伸舌头": "😛", "眯眼": "😆", "可爱": "☺️", "鬼脸": "😜", "偷笑": "🤭", "喜悦": "😊",
    "狂喜": "🤩", "惊讶": "😲", "流泪": "😢", "流汗": "😓", "天使": "😇", "笑哭": "😂", "尴尬": "😅", "惊恐": "😱", "大哭": "😭", "烦躁": "😣", "恐怖": "😨", "两眼冒星": "😵",
    "害羞": "😳", "睡着": "😴", "冒星": "💫", "口罩": "😷", "OK": "🆗", "好吧": "😌", "鄙视": "😒", "难受": "😖", "不屑": "🙄", "不舒服": "🤒", "愤怒": "😠", "鬼怪": "👻",
    "发怒": "😡", "生气": "😤", "不高兴": "☹️", "皱眉": "🙁", "心碎": "💔", "心动": "💓", "好的": "👌", "低级": "👎", "赞": "👍", "鼓掌": "👏", "给力": "💪", "打你": "👊",
    "阿弥陀佛": "🙏", "拜拜": "👋", "第一": "☝️", "拳头": "✊", "手掌": "✋", "剪刀": "✌️", "招手": "🙋", "不要": "🙅", "举着": "🙌", "思考": "🤔", "猪头": "🐷", "不听": "🙉",
    "不看": "🙈", "不说": "🙊", "猴子": "🐵", "炸弹": "💣", "睡觉": "💤", "筋斗云": "☁️", "火箭": "🚀", "救护车": "🚑", "便便": "💩",
}  # fmt: skip
_ENGLISH = {
    "Laugh": "大笑", "Happy": "开心", "Sexy": "色", "Cool": "酷", "Mischievous": "奸笑", "Kiss": "亲", "Spit": "伸舌头", "Squint": "眯眼", "Cute": "可爱", "Grimace": "鬼脸",
    "Snicker": "偷笑", "Joy": "喜悦", "Ecstasy": "狂喜", "Surprise": "惊讶", "Tears": "流泪", "Sweat": "流汗", "Angle": "天使", "Funny": "笑哭", "Awkward": "尴尬",
    "Thrill": "惊恐", "Cry": "大哭", "Fretting": "烦躁", "Terrorist": "恐怖", "Halo": "两眼冒星", "Shame": "害羞", "Sleep": "睡着", "Tired": "冒星", "Mask": "口罩", "ok": "OK",
    "All right": "好吧", "Despise": "鄙视", "Uncomfortable": "难受", "Disdain": "不屑", "ill": "不舒服", "Mad": "愤怒", "Ghost": "鬼怪", "huff": "发怒", "Huff": "发怒",
    "Angry": "生气", "Unhappy": "不高兴", "Frown": "皱眉", "Broken": "心碎", "Beckoning": "心动", "Ok": "好的", "Low": "低级", "Nice": "赞", "Applause": "鼓掌",
    "Good job": "给力", "Hit": "打你", "Please": "阿弥陀佛", "Bye": "拜拜", "First": "第一", "Fist": "拳头", "Give me five": "手掌", "Knife": "剪刀", "Hi": "招手", "No": "不要",
    "Hold": "举着", "Think": "思考", "Pig": "猪头", "No listen": "不听", "No look": "不看", "No words": "不说", "Monkey": "猴子", "Bomb": "炸弹", "Sleeping": "睡觉",
    "Cloud": "筋斗云", "Rocket": "火箭", "Ambulance": "救护车", "Poop": "便便",
}  # fmt: skip
"""Before 10.3, on devices in English."""

EMOTICONS = table(
    {f"[{code}]": emoji for code, emoji in _CHINESE.items()} | {f"[{code}]": _CHINESE[chinese] for code, chinese in _ENGLISH.items()}
)
