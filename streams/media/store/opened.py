"""The store that the settings name."""

from streams.media.store.settings import MediaStoreSettings
from streams.media.store.store import MediaStore
from streams.outbound.proxies import ProxySettings


def opened(settings: MediaStoreSettings, proxied: ProxySettings) -> MediaStore | None:
    """None where there is no store. Nothing is asked of it yet. A bucket is reached as *proxied* says, a role of ours without a proxy."""
    match settings.kind:
        case "none":
            return None
        case "s3":
            from streams.media.store.s3 import BucketStore

            return BucketStore(settings, proxied)
        case "files":
            from streams.media.store.files import FileStore

            return FileStore(settings)
