"""What Easemob can carry, and what it cannot."""

from converters.fidelity import full, shown

FIDELITY = {
    "text": full("over about 4 KB as several messages"),
    "unknown": shown("as a text that names the kind"),
}
