"""What Yunxin can carry, and what it cannot."""

from converters.fidelity import full, shown

FIDELITY = {
    "text": full("over about 5,000 characters (in a room 4,096) as several messages"),
    "unknown": shown("as a text that names the kind"),
}
