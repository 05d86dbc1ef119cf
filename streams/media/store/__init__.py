"""Where files lie whose platform takes none: a bucket of the customer's, or the relay's own small store."""

from streams.media.store.opened import opened
from streams.media.store.store import MediaStore, StoredObject, StoreFailed

__all__ = ["MediaStore", "StoreFailed", "StoredObject", "opened"]
