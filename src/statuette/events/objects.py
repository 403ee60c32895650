"""Objects in stores: where one lies and which version of it is meant."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True, kw_only=True)
class ObjectVersion:
    """One version of an object, as far as its store can tell versions apart.

    `etag` is normalised: no quotes, lower case. `modified` is in whole seconds since the epoch, because
    the stores' event streams and listings agree only to the second. `version_id` is empty where the
    bucket is not versioned.
    """

    etag: str
    size: int
    modified: int
    version_id: str = ""

    @property
    def identity(self) -> str:
        """What makes two sightings of an object the same version of it."""
        if self.version_id:
            return f"v:{self.version_id}"
        return f"e:{self.etag}:{self.size}:{self.modified}"


@dataclass(frozen=True, slots=True, kw_only=True)
class ObjectRef:
    """Where an object lies; with `version`, exactly which one is meant.

    `provider` is a storage provider reference such as `minio.default`.
    """

    bucket: str
    key: str
    provider: str = "minio.default"
    version: ObjectVersion | None = None
