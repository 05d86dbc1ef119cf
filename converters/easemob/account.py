"""What the settings hold of one app on Easemob."""

from msgspec import Struct

from converters.mark import MarkKey
from converters.readable import Language


class Account(Struct, frozen=True, kw_only=True):
    org: str
    app: str
    """Org and app name: the two halves of the App Key `org#app`."""
    client_id: str
    client_secret: str
    callback_secret: str
    """Of the callback rule that points to this app's address."""
    callback_secret_previous: str = ""
    """Callbacks signed with it are taken too, while a secret is being changed."""
    base_url: str = "https://a1.easemob.com"
    unsigned_events: bool = True
    """Whether reactions, threads and push results are taken unsigned, as the documentation shows them; messages never are."""
    mark: MarkKey = "relay"
    """The key of our mark in `ext`."""
    sync_device: bool = True
    """Whether the sender's own devices show what was said on the other platform (between two people)."""
    language: Language = "zh"
    """Of what a receiver reads in place of a kind that cannot be carried."""

    @property
    def app_key(self) -> str:
        return f"{self.org}#{self.app}"

    def __repr__(self) -> str:
        return f"Account(app_key={self.app_key!r})"  # no secrets in logs and tracebacks


def example() -> Account:
    return Account(
        org="demo",
        app="relay",
        client_id="YXA6demo",
        client_secret="YXA6demosecret",  # noqa: S106 - made up
        callback_secret="demo-easemob-secret",  # noqa: S106 - made up
    )
