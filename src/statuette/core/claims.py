"""Claims: what a caller says happened is believed only as far as the service's inputs and his own rights reach."""

from dataclasses import replace

from statuette.core.access import may_use_bucket
from statuette.core.catalog import DEFAULT_PROVIDER
from statuette.core.ownership import Ownership
from statuette.events.event import Event, EventKind
from statuette.events.objects import ObjectRef
from statuette.events.principals import Principal, PrincipalKind
from statuette.ports.errors import BadInput, Forbidden, NotFound
from statuette.ports.objects import Objects
from statuette.ports.services import ServiceRecord
from statuette.spec.names import key_problem


class Claims:
    """Checks events that callers send and settles which version of the object they mean."""

    def __init__(self, *, objects: Objects, ownership: Ownership) -> None:
        self._objects = objects
        self._ownership = ownership

    async def settled(self, caller: Principal, record: ServiceRecord, event: Event) -> Event:
        """The event with its principal set to the caller, and its object's version looked up.

        Raises `Forbidden` for an object outside the service's inputs or of somebody else, `NotFound` for one that is
        not there, `BadInput` for an event of a store that this cluster is not joined to.
        """
        event = replace(event, principal=caller.id, inferred=False, commit="")
        if event.kind in (EventKind.JSON, EventKind.RAW):
            return event
        if event.kind is not EventKind.STORAGE or event.object is None:
            raise BadInput(f"body: {event.kind} events are not supported by this cluster; send a MinIO or S3 event")
        ref = replace(event.object, provider=DEFAULT_PROVIDER, version=None)
        if (problem := key_problem(ref.key)) is not None:
            raise BadInput(f"Records: s3.object.key {problem}")
        self._check_input(record, ref)
        self._check_owner(caller, record, ref)
        info = await self._objects.head(ref)
        if info is None:
            raise NotFound(f"there is no object {ref.bucket}/{ref.key}")
        return replace(event, object=replace(ref, version=info.version))

    def _check_input(self, record: ServiceRecord, ref: ObjectRef) -> None:
        if not any(feed.takes(ref.bucket, ref.key) for feed in record.feeds):
            raise Forbidden(f"{ref.bucket}/{ref.key} is in none of the inputs of {record.name}")

    def _check_owner(self, caller: Principal, record: ServiceRecord, ref: ObjectRef) -> None:
        """A user may name objects of his own buckets and of his own services; a token stands for its service's
        owner.
        """
        if caller.kind is PrincipalKind.SERVICE or caller.id == record.owner:
            return
        if not may_use_bucket(caller, ref.bucket, owner=self._ownership.owner(ref.bucket)):
            raise Forbidden(f"the bucket {ref.bucket} belongs to someone else")
