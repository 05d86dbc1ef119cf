"""The texts of this package that pages print, in Chinese."""

CHINESE = {
    "App key, from the console.": "App Key，来自控制台。",
    "App secret. Obtains tokens.": "App Secret，用于获取 token。",
    "Signs incoming webhooks.": "用于校验收到的 webhook 签名。",
    "Webhooks signed with it are accepted as well, while a secret is being changed.": "更换密钥期间，用它签名的 webhook 同样接受。",
    "Address of the REST API.": "REST API 的地址。",
    "Language of the placeholder for message types that Parley lacks.": "Parley 不支持的消息类型所用占位文本的语言。",
    "Parley has no such message": "Parley 没有这种消息",
    "Parley has no such call": "Parley 没有这个接口",
    "above the text of the answer": "写在回复的正文之前",
    "as a new message": "作为新消息",
}
