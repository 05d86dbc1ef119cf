"""What Parley can carry. Source: "Content"."""

from converters.core.fidelity import DONE, MESSAGES, Level, full, refused, shown

FIDELITY: dict[str, Level] = {
    **dict.fromkeys(MESSAGES, shown("Parley has no such message")),
    **dict.fromkeys(DONE, refused("Parley has no such call")),
    "text": full(),
    "image": full(),
    "voice": full(),
    "command": refused("Parley has no such message"),
    "quote": shown("above the text of the answer"),
    "recall": full(),
    "edit": shown("as a new message"),
}
