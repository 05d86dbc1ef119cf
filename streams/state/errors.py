"""How local state fails. Nothing here is told by the text of an error: RocksDB's texts are for people."""


class StateError(Exception):
    """The disk refuses: full, forbidden, read-only. The state is left as it is; the text says what to change."""


class DamagedError(Exception):
    """The state cannot be read, or does not say what its topic says. It is to be made anew."""
