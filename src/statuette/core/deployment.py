"""From what a user sent to a record that can stand: the checks and completions of a deployment, before anything is
made.
"""

import asyncio
import ipaddress
import secrets
import socket
import uuid
from collections.abc import Awaitable, Callable, Iterable, Mapping, Sequence
from dataclasses import replace

from statuette.core.access import PLATFORM_BUCKETS, may_use_bucket
from statuette.core.catalog import DEFAULT_PROVIDER, buckets_of
from statuette.core.ownership import Ownership
from statuette.events.feeds import Feed, feed_id
from statuette.events.principals import ADMIN_ID, Principal
from statuette.ports.backend import Capacity
from statuette.ports.buckets import Buckets
from statuette.ports.errors import BadInput, Forbidden
from statuette.ports.services import ServiceRecord
from statuette.ports.store_keys import StoreAddress
from statuette.spec import InvalidDefinition, Service, load_service, with_default_provider
from statuette.spec.endpoints import endpoint_host
from statuette.spec.quantities import cpu_millicores, cpu_text, memory_bytes, memory_text

Resolve = Callable[[str], Awaitable[Iterable[str]]]
"""A host's addresses; empty when it has none."""


async def resolve(host: str) -> list[str]:
    """The addresses of a host name, by the machine's resolver."""
    try:
        found = await asyncio.get_running_loop().getaddrinfo(host, None, type=socket.SOCK_STREAM)
    except OSError:
        return []
    return [str(address[4][0]) for address in found]


def read_definition(definition: Mapping[str, object]) -> Service:
    """The typed definition. Raises `BadInput` with every wrong field."""
    try:
        return load_service(definition)
    except InvalidDefinition as invalid:
        raise BadInput(problems=invalid.problems) from invalid


def check_size(definition: Service, capacity: Capacity) -> None:
    """Raises `BadInput` with both numbers when one runner needs more than the machine has."""
    problems = []
    cpu, memory = cpu_millicores(definition.cpu), memory_bytes(definition.memory)
    if cpu > capacity.cpu:
        problems.append(f"cpu: {definition.cpu} asked for, this machine has {cpu_text(capacity.cpu)}")
    if memory > capacity.memory:
        problems.append(f"memory: {definition.memory} asked for, this machine has {memory_text(capacity.memory)}")
    if definition.enable_gpu and not capacity.gpus:
        problems.append("enable_gpu: this machine has no GPU that runners can use")
    if problems:
        raise BadInput(problems=problems)


def check_providers(definition: Service) -> None:
    """Raises `BadInput` for inputs and outputs of providers that this cluster cannot serve yet."""
    problems = [
        f"{kind}[{number}].storage_provider: {path.storage_provider} is not joined to this cluster; "
        f"use {DEFAULT_PROVIDER}"
        for kind, paths in (("input", definition.input), ("output", definition.output))
        for number, path in enumerate(paths)
        if path.storage_provider != DEFAULT_PROVIDER
    ]
    if problems:
        raise BadInput(problems=problems)


async def check_endpoints(definition: Service, resolve: Resolve) -> None:
    """Raises `BadInput` when a provider's endpoint leads to this machine, its links or nowhere public to users."""
    problems = []
    for reference, provider in definition.storage_providers.all().items():
        for field in (*provider.url_fields, *provider.host_fields):
            value = str(getattr(provider, field))
            if reference == DEFAULT_PROVIDER or not value:
                continue
            host = endpoint_host(value if "://" in value else f"https://{value}")
            if any(_inward(address) for address in await resolve(host)):
                problems.append(
                    f"storage_providers.{reference}.{field}: leads to this machine or its own links; name a public host"
                )
    if problems:
        raise BadInput(problems=problems)


def _inward(address: str) -> bool:
    ip = ipaddress.ip_address(address.partition("%")[0])
    ip = getattr(ip, "ipv4_mapped", None) or ip
    return ip.is_loopback or ip.is_link_local or ip.is_unspecified or ip.is_multicast


async def check_overwriting(definition: Service, buckets: Buckets) -> None:
    """Raises `BadInput` for `on_overwrite: queue` on buckets that do not keep the versions still to be processed."""
    if definition.on_overwrite != "queue":
        return
    names = {path.bucket for path in definition.input}
    problems = [
        f"on_overwrite: queue needs every version of an object, and the bucket {name} keeps only the last; switch "
        "versioning on for it, or say supersede"
        for name in sorted(names)
        if not await buckets.versioned(name)
    ]
    if problems:
        raise BadInput(problems=problems)


def check_buckets(caller: Principal, record: ServiceRecord, ownership: Ownership) -> None:
    """Raises `Forbidden` for buckets that are the platform's or somebody else's."""
    for bucket in sorted(buckets_of(record)):
        if not may_use_bucket(caller, bucket, owner=ownership.owner(bucket)):
            whose = "is the platform's own" if bucket.startswith(PLATFORM_BUCKETS) else "belongs to someone else"
            raise Forbidden(f"the bucket {bucket} {whose}; name another")


def first_record(definition: Service, *, owner: Principal, now: float, since: int) -> ServiceRecord:
    """The record of a service that is new. `since` is the store's time in seconds."""
    incarnation = uuid.uuid4().hex
    return ServiceRecord(
        definition=definition,
        incarnation=incarnation,
        revision=1,
        token=secrets.token_hex(32),
        owner=owner.id or ADMIN_ID,
        created=now,
        updated=now,
        feeds=feeds_of(definition, incarnation, since=since),
    )


def next_record(old: ServiceRecord, definition: Service, *, now: float, since: int) -> ServiceRecord:
    """The record after an update: token, owner and the marks of inputs that stay are kept."""
    kept = {feed.id: feed for feed in old.feeds}
    feeds = feeds_of(definition, old.incarnation, since=since)
    return replace(
        old,
        definition=definition,
        revision=old.revision + 1,
        updated=now,
        feeds=tuple(kept.get(feed.id, feed) for feed in feeds),
    )


def feeds_of(definition: Service, incarnation: str, *, since: int) -> tuple[Feed, ...]:
    """One feed for each different input of the default store."""
    feeds: dict[str, Feed] = {}
    for source in definition.input:
        prefix = f"{source.folder}/"
        name = feed_id(incarnation, provider=source.storage_provider, bucket=source.bucket, prefix=prefix)
        feeds[name] = Feed(
            id=name,
            service=definition.name,
            incarnation=incarnation,
            provider=source.storage_provider,
            bucket=source.bucket,
            prefix=prefix,
            since=0 if source.process_existing else since,
        )
    return tuple(feeds.values())


def completed(definition: Service, *, address: StoreAddress, owner: str, namespace: str) -> Service:
    """The definition with what only the server sets."""
    labels = definition.labels | {
        "oscar_service": definition.name,
        "oscar.grycap/user-service": "true",
        "owner_name": "oscar" if owner == ADMIN_ID else owner,
    }
    definition = definition.model_copy(update={"labels": labels, "owner": owner, "namespace": namespace})
    return with_default_provider(definition, endpoint=address.endpoint, region=address.region, verify=address.verify)


def new_feeds(record: ServiceRecord, old: ServiceRecord | None) -> Sequence[Feed]:
    """The inputs that the record has and the old one had not."""
    known = {feed.id for feed in old.feeds} if old else set()
    return [feed for feed in record.feeds if feed.id not in known]
