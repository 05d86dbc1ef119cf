"""What RongCloud can carry, and what it cannot."""

from converters.core.fidelity import full, partial, refused, shown

FIDELITY = {
    "text": full("over about 20,000 Chinese characters as several messages; who is called by name, in groups alone"),
    "quote": full("of a text that is there, by a text; else within the text", "sdk"),
    "image": full("in the store of the settings, as every file; its thumbnail in the message"),
    "gif": full(known="sdk"),
    "voice": partial("as AAC, or by the setting `voice` as AMR in the message itself; over 60 seconds as a file"),
    "video": full(
        "as MP4, with a thumbnail; in H.264 and AAC, where phones do not play it otherwise; what takes too long as a file", "sdk"
    ),
    "file": full(known="sdk"),
    "location": full("title and address shown in one line, without a map", "sdk"),
    "custom": partial("under its own name, which clients must know; one without a name as a text"),
    "command": full(),
    "forwarded": shown("title and first lines", "sdk"),
    "card": full("clients need the plug-in for cards", "sdk"),
    "link": full(),
    "sticker": partial("shown as a picture; without one, by its name"),
    "notice": full(known="sdk"),
    "call": shown("that there was one, and how long"),
    "unknown": shown("its name"),
    "recall": partial("in RongCloud's words, not with a text of its own"),
    "edit": full("in rooms, and of a text in several parts, as a new message", "sdk"),
    "read": full("between two people; in a group where its author asked for it; not in rooms"),
    "received": refused("no call sends it", "sdk"),
    "reaction": refused("no call sends it", "sdk"),
    "typing": partial("that it begins; between two people, where the setting `typing` is on", "sdk"),
    "group-created": partial("without description and picture"),
    "group-dismissed": full(),
    "group-changed": partial("name and announcement alone"),
    "members-added": full("not in rooms"),
    "members-removed": full("not in rooms"),
    "owner-changed": full("as a notice: RongCloud keeps no owner; not in rooms", "sdk"),
    "admins-changed": refused("RongCloud keeps none"),
    "muted": full("up to 30 days, or for ever; not in rooms"),
    "friend-changed": partial("as a notice, but for the end of a friendship"),
    "block-changed": full(),
    "presence": refused("no call sets it", "guess"),
}
