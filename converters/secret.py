"""A text that must not be shown, on its way to the one place that needs it."""


class Secret:
    """No representation shows it, nothing encodes it; `reveal` gives it out."""

    __slots__ = ("_text",)

    def __init__(self, text: str) -> None:
        self._text = text

    def __repr__(self) -> str:
        return "Secret(***)"

    def reveal(self) -> str:
        return self._text
