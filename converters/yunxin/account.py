"""What the settings hold of one app on Yunxin."""

from typing import Literal

from msgspec import Struct

from converters.mark import MarkKey
from converters.readable import Language


class Account(Struct, frozen=True, kw_only=True):
    app_key: str
    app_secret: str
    app_secret_previous: str = ""
    """Callbacks signed with it are taken too, while a secret is being changed."""
    base_url: str = "https://api.yunxinapi.com/nimserver"
    api: Literal["v1", "v2"] = "v1"
    """Which generation of the REST API to send with; v2 takes a message id of ours."""
    echo: bool = True
    """Whether what we send is copied back to us; it settles sends that are in doubt."""
    mark: MarkKey = "relay"
    """The key of our mark in `ext`."""
    callback_window: int = 0
    """Seconds that a callback's CurTime may be off; 0 takes any, as queued copies may come days late."""
    language: Language = "zh"
    """Of what a receiver reads in place of a kind that cannot be carried."""

    def __repr__(self) -> str:
        return f"Account(app_key={self.app_key!r})"  # no secrets in logs and tracebacks


def example() -> Account:
    return Account(app_key="demo-yunxin", app_secret="demo-yunxin-secret")  # noqa: S106 - made up
