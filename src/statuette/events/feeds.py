"""Feeds: one input of one service, as the event path sees it."""

import hashlib
from dataclasses import dataclass


@dataclass(frozen=True, slots=True, kw_only=True)
class Feed:
    """Objects of `bucket` whose key starts with `prefix` are work for `service`.

    `incarnation` names one life of a service: deleted and made again, it is another, and nothing that the old one saw
    is taken for seen or for new. `since` is the store's time in whole seconds when this input was made: objects
    modified before it are left alone. It is 0 for inputs with `process_existing`. `prefix` ends with "/".
    """

    id: str
    service: str
    incarnation: str
    provider: str
    bucket: str
    prefix: str
    since: int = 0

    def takes(self, bucket: str, key: str) -> bool:
        """Tell whether an object is this feed's; a folder marker (the prefix itself, or a key ending in "/") is not."""
        return bucket == self.bucket and key.startswith(self.prefix) and not key.endswith("/")


def feed_id(incarnation: str, *, provider: str, bucket: str, prefix: str) -> str:
    """The id of an input: the same for the same input in one life of a service, whatever its place in the list."""
    return hashlib.sha256("\0".join((incarnation, provider, bucket, prefix)).encode()).hexdigest()[:32]
