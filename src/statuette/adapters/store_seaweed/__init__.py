"""SeaweedFS: the embedded store's process, and what SeaweedFS gives beyond S3.

Here: starting, locking, watching and ending `weed mini`; its stream of metadata as `StoreEvents`; keys for people.
Not here: objects and buckets, which go over S3 like any store's: see `store_s3`. An attached store uses the same parts
and is never started or stopped; without a filer address it has no event stream, and only the sweep finds its objects.
"""

from statuette.adapters.store_seaweed.attached import AttachedStore
from statuette.adapters.store_seaweed.doors import FilerDoor, S3Door
from statuette.adapters.store_seaweed.embedded import EmbeddedStore, StoreHealth, StoreState
from statuette.adapters.store_seaweed.people import SeaweedKeys
from statuette.adapters.store_seaweed.stream import SeaweedEvents

__all__ = [
    "AttachedStore",
    "EmbeddedStore",
    "FilerDoor",
    "S3Door",
    "SeaweedEvents",
    "SeaweedKeys",
    "StoreHealth",
    "StoreState",
]
