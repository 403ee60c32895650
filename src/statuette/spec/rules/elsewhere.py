"""Providers, clusters, federation, KServe: what stands in other places."""

import re
from collections.abc import Iterator

from statuette.spec.endpoints import host_problem, url_problem
from statuette.spec.errors import Problem, shown
from statuette.spec.federation import Member
from statuette.spec.kserve import Kserve
from statuette.spec.names import control_problem
from statuette.spec.providers import DEFAULT, Provider
from statuette.spec.rules.basics import cpu_problem, environment, memory_problem
from statuette.spec.rules.running import bounds
from statuette.spec.service import Service

_ID = re.compile(r"[A-Za-z0-9][A-Za-z0-9_.-]{0,62}", re.ASCII)


def providers(service: Service) -> Iterator[Problem]:
    """Each provider but the platform's own, whose entry the server overwrites."""
    for reference, provider in service.storage_providers.all().items():
        kind, _, id_ = reference.partition(".")
        if not _ID.fullmatch(id_):
            message = "a provider's id must be letters, digits, '-', '_', '.' (63 at most)"
            yield Problem(f"storage_providers.{kind}.{shown(id_)}", message)
        elif reference != DEFAULT:
            yield from _provider(f"storage_providers.{reference}", provider)


def federation(service: Service) -> Iterator[Problem]:
    """Clusters and members."""
    for id_, cluster in service.clusters.items():
        problem = (
            url_problem(cluster.endpoint) if cluster.endpoint else "is missing: such as https://cluster.example.org"
        )
        if problem:
            yield Problem(f"clusters.{id_}.endpoint", problem)
    if service.federation is None:
        return
    if service.federation.rescheduler_threshold < 0:
        yield Problem("federation.rescheduler_threshold", "must not be below 0 seconds")
    for index, member in enumerate(service.federation.members):
        yield from _member(service, f"federation.members[{index}]", member)


def kserve(service: Service) -> Iterator[Problem]:
    """The `kserve` block."""
    block = service.kserve
    if block is None:
        return
    if not block.storage_uri:
        yield Problem("kserve.storage_uri", "is missing: where the model lies, such as 's3://bucket/model'")
    yield from _kserve_kind(block)
    for path, problem in (("cpu", cpu_problem(block.cpu)), ("memory", memory_problem(block.memory))):
        if problem:
            yield Problem(f"kserve.{path}", problem)
    # A `min_scale` above `max_scale` raises `max_scale` here, as the contract says: only signs are checked.
    yield from bounds("kserve", block.min_scale, min(block.max_scale, 0))
    yield from environment("kserve.env", block.env)


def _provider(path: str, provider: Provider) -> Iterator[Problem]:
    for field in type(provider).model_fields:
        value = getattr(provider, field)
        if not isinstance(value, str):
            continue
        if not value:
            if field in provider.required_fields:
                yield Problem(f"{path}.{field}", "is missing")
        elif field in provider.url_fields:
            yield from _named(f"{path}.{field}", url_problem(value))
        elif field in provider.host_fields:
            yield from _named(f"{path}.{field}", host_problem(value))
        elif control_problem(value):
            yield Problem(f"{path}.{field}", "must not hold control characters")


def _named(path: str, problem: str | None) -> Iterator[Problem]:
    if problem:
        yield Problem(path, problem)


def _member(service: Service, path: str, member: Member) -> Iterator[Problem]:
    if member.type == "endpoint":
        yield from _named(f"{path}.url", url_problem(member.url) if member.url else "is missing")
    else:
        if member.cluster_id not in service.clusters:
            yield Problem(f"{path}.cluster_id", f"{shown(member.cluster_id)} is not one of clusters")
        if not member.service_name:
            yield Problem(f"{path}.service_name", "is missing")
    if member.priority < 0:
        yield Problem(f"{path}.priority", f"must not be below 0; this is {member.priority}")
    if any(control_problem(name + value) for name, value in member.headers.items()):
        yield Problem(f"{path}.headers", "must not hold control characters")


def _kserve_kind(block: Kserve) -> Iterator[Problem]:
    if block.type == "inference":
        if block.inference is None or not block.inference.model_format:
            yield Problem("kserve.inference.model_format", "is missing: such as 'sklearn'")
        if block.llm_inference is not None:
            yield Problem("kserve.llm_inference", "does not go with type 'inference'")
    elif block.inference is not None:
        yield Problem("kserve.inference", "does not go with type 'llm_inference'")
