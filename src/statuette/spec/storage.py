"""What a service reads from and writes to: inputs, outputs, mount, volume."""

from typing import Annotated, ClassVar

from pydantic import BeforeValidator, Field

from statuette.spec.base import Part, Text, Texts, Whole

BLANKS = " \t\r\n/"


def _trimmed(value: object) -> object:
    return value.strip(BLANKS) if isinstance(value, str) else value


def _reference(value: object) -> object:
    """`MinIO` becomes `minio.default`: split at the first dot, any case of the kind, `default` unless given."""
    if not isinstance(value, str) or not value.strip():
        return value
    kind, _, identifier = value.strip().partition(".")
    return f"{kind.lower()}.{identifier or 'default'}"


Path = Annotated[Text, BeforeValidator(_trimmed)]
Reference = Annotated[Text, BeforeValidator(_reference)]


class StoragePath(Part):
    """A place in a store. `path` has no blank or slash at its ends; in `minio` and `s3` it begins with the bucket."""

    _optional: ClassVar[frozenset[str]] = frozenset({"prefix", "suffix", "options", "process_existing", "priority"})

    storage_provider: Reference
    path: Path
    prefix: Texts = Field(default_factory=list)
    suffix: Texts = Field(default_factory=list)
    options: Text = ""

    @property
    def kind(self) -> str:
        """The provider's kind, such as `minio`."""
        return self.storage_provider.partition(".")[0]

    @property
    def bucket(self) -> str:
        """The first part of the path."""
        return self.path.partition("/")[0]

    @property
    def folder(self) -> str:
        """The path without its first part, "" when there is no more."""
        return self.path.partition("/")[2]


class InputPath(StoragePath):
    """Objects written here are work.

    Extensions: with `process_existing` those that lie there already are work too; `priority` is that of the jobs made
    here (None: the service's).
    """

    process_existing: bool = False
    priority: Whole | None = None


class OutputPath(StoragePath):
    """Files are uploaded here that begin with one of `prefix` and end with one of `suffix`; an empty list takes all."""


class Mount(Part):
    """A bucket or folder seen as a folder in the service; `options` are rclone's."""

    _optional: ClassVar[frozenset[str]] = frozenset({"options"})

    storage_provider: Reference = ""
    path: Path = ""
    options: Text = ""

    @property
    def bucket(self) -> str:
        """The first part of the path."""
        return self.path.partition("/")[0]


class Volume(Part):
    """A managed volume: made when `size` is given, else the one called `name` is attached."""

    _optional: ClassVar[frozenset[str]] = frozenset({"size", "name", "lifecycle_policy"})

    mount_path: Text = ""
    size: Text = ""
    name: Text = ""
    lifecycle_policy: Text = ""


class VolumeStatus(Part):
    """Set by the server: what became of the volume."""

    _optional: ClassVar[frozenset[str]] = frozenset({"name", "phase", "error"})

    enabled: bool = False
    name: Text = ""
    phase: Text = ""
    error: Text = ""
