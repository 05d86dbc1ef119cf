"""The store that the settings name."""

from streams.media.store.settings import MediaStore
from streams.media.store.store import Store


def opened(settings: MediaStore) -> Store | None:
    """None where there is no store. Nothing is asked of it yet."""
    match settings.kind:
        case "none":
            return None
        case "s3":
            from streams.media.store.s3 import Bucket

            return Bucket(settings)
        case "files":
            from streams.media.store.files import FileStore

            return FileStore(settings)
