"""Files of the own server: it takes whatever there is, at any address. Source: docs/own.md."""

from converters.core.bodies import File
from converters.files.media import Download, MediaSupport, Role, Shape
from converters.platforms.own.account import OwnAccount


def shape(role: Role, account: OwnAccount) -> Shape | None:
    """Any file as it is; none where its servers fetch them at the source by themselves."""
    del role
    return Shape() if account.files == "carry" else None


def download(file: File, account: OwnAccount) -> Download:
    del account
    return Download(file.url)


MEDIA = MediaSupport(shape=shape, download=download)
