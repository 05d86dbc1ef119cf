"""Files of the own server: it takes whatever there is, at any address. Source: docs/own.md."""

from converters.core.bodies import File
from converters.files.media import Download, Media, Role, Shape
from converters.platforms.own.account import Account


def shape(role: Role, account: Account) -> Shape | None:
    """Any file as it is; none where its servers fetch them at the source by themselves."""
    del role
    return Shape() if account.files == "carry" else None


def download(file: File, account: Account) -> Download:
    del account
    return Download(file.url)


MEDIA = Media(shape=shape, download=download)
