"""Work: the supervisor's only door to the platform. A task on one machine uses it in process, a sidecar over HTTP."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Protocol

from statuette.events.event import Event
from statuette.events.leases import Commit, Lease, Manifest, Report
from statuette.events.objects import ObjectRef

PUBLISHER = "publisher"
"""The runner's name by which unfinished uploads are leased; no runner stands behind it."""


@dataclass(frozen=True, slots=True, kw_only=True)
class OutputRule:
    """One entry of a service's `output`: which names go there."""

    target: ObjectRef
    prefix: tuple[str, ...] = ()
    suffix: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Assignment:
    """One piece of work: a job's attempt or a call.

    `call` is the call's id, "" for a job; a call has no commit and its `lease` is only a name. `resume` is set when
    only the upload of something committed is to be gone on with: the script is not run. `stage_in` is False for
    services with `file_stage_in` (the contract's inverted name). `payload` is the body for events without an object;
    `payload_path` a file that holds it instead. `secrets` are values to be masked in logs.
    """

    lease: Lease
    service: str
    event: Event
    call: str = ""
    resume: Commit | None = None
    stage_in: bool = True
    payload: bytes = b""
    payload_path: str = ""
    timeout: float = 0.0
    publish_on_failure: bool = False
    variables: Mapping[str, str] = field(default_factory=dict, repr=False)
    secrets: tuple[str, ...] = field(default=(), repr=False)


@dataclass(frozen=True, slots=True, kw_only=True)
class Upload:
    """One file to be stored: manifest entry `name` goes to `target` with `metadata`."""

    name: str
    target: ObjectRef
    metadata: Mapping[str, str]


@dataclass(frozen=True, slots=True, kw_only=True)
class CommitPage:
    """A page of what a commit has to upload and remove; `next` is the next page's number, None on the last."""

    commit: Commit
    uploads: tuple[Upload, ...]
    removals: tuple[ObjectRef, ...] = ()
    next: int | None = None


class Work(Protocol):
    """Raises `LeaseLost` for a lease that is no longer the one that counts, `Unavailable` when the platform does not
    answer.
    """

    async def lease(self, runner: str, *, limit: int = 1) -> Sequence[Assignment]:
        """Wait for work for this runner. An empty answer means: there will be none, end."""

    async def renew(self, leases: Sequence[Lease], *, started: Mapping[str, float]) -> Sequence[Lease]:
        """Prolong; returns the leases that are lost or whose job was cancelled: kill their run."""

    async def commit(self, lease: Lease, manifest: Manifest, *, page: int = 0) -> CommitPage:
        """Make the manifest the one that counts and say where to upload. Further pages by the same call.

        For a call nothing is recorded; the answer says where its outputs go. Raises `UnsafeOutput` for one that no
        store can hold; nothing is committed then.
        """

    async def report(self, lease: Lease, report: Report, *, sealed: str = "") -> None:
        """The last word. For a call, `sealed` is the folder that holds its outputs, and the caller's answer is made
        from it.
        """

    async def cancelled(self, runner: str) -> Sequence[Lease]:
        """Wait until some of this runner's work is withdrawn (job cancelled, caller gone, deadline passed); kill
        their run.
        """
