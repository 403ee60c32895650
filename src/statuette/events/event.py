"""The one shape to which every message of every store and caller is brought."""

from dataclasses import dataclass, field
from enum import StrEnum

from statuette.events.objects import ObjectRef


class EventKind(StrEnum):
    """What a body or notification turned out to be (the contract's classification)."""

    STORAGE = "storage"
    """An object of a MinIO or S3 store was written; `object` says which."""
    ONEDATA = "onedata"
    DCACHE = "dcache"
    RUCIO = "rucio"
    JSON = "json"
    """A JSON value that is no known event: its text is the input file."""
    RAW = "raw"
    """Bytes: they are the input file (already decoded where they came as base64)."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Event:
    """Something happened for which a service may have to run.

    `time` is RFC 3339 as the source gave it, else when the body was read. `principal` is the uploader or submitter,
    `inferred` tells that the source did not say so and the bucket's owner was taken. `variables` are
    environment variables that the event itself carries (`CONT_VAR_*` of an API gateway's query).
    `document` is the original notification's text, which the script sees as `EVENT`. `payload` is the body of
    `JSON` and `RAW` events when it is small; when it lies in a file, `payload_file` is the name of it in the platform's
    folder of bodies. `delegated_by` is the storage provider id named by a delegating cluster.
    """

    kind: EventKind
    time: str = ""
    object: ObjectRef | None = None
    principal: str = ""
    inferred: bool = False
    source_ip: str = ""
    variables: dict[str, str] = field(default_factory=dict)
    document: str = ""
    payload: bytes = b""
    payload_file: str = ""
    commit: str = ""
    """The commit id that one of our own outputs carries in its metadata (already verified), else ""."""
    hops: int = 0
    """How many services lie between what a person put and this object (verified); 0 for what no service made."""
    delegated_by: str = ""

    @property
    def modified(self) -> int | None:
        """When the object's version was modified (whole seconds since the epoch), None where no version is known."""
        return self.object.version.modified if self.object and self.object.version else None
