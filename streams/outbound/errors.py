"""Why there is no answer to a request."""


class NoConnectionError(Exception):
    """There was no connection, so nothing was sent. *ours*: a person has to look, as where a proxy wants another password."""

    def __init__(self, why: str, *, ours: bool = False) -> None:
        super().__init__(why)
        self.ours = ours


class TooLateError(Exception):
    """It was no longer allowed to leave, and has not."""


class NoAnswerError(Exception):
    """The request had left, or may have, and there is no whole answer that can be read."""
