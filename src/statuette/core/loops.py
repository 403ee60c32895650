"""Loops: services whose results would start them again, directly or through others.

Two guards. At deployment the way from the new service's outputs is followed through the catalog; a way that leads back
is refused with the cycle drawn, unless the definition says `allow_loop`. What only shows at run time (an output in a
sub-folder that is somebody's input, a loop that was allowed) is stopped by the hops counted in each output's mark.
"""

from collections import deque
from collections.abc import Iterator

from statuette.core.catalog import DEFAULT_PROVIDER, Catalog
from statuette.events.jobs import Job
from statuette.ports.errors import BadInput
from statuette.spec import Service
from statuette.spec.storage import StoragePath

Step = tuple[str, str]
"""A service, and the path that leads on from it."""


def check_loops(definition: Service, catalog: Catalog) -> None:
    """Raises `BadInput` with every loop that the service's outputs would close, drawn from the service back to it."""
    if definition.allow_loop:
        return
    problems = [
        f"output[{number}].path: {output.path} closes a loop: {_drawn(way, definition.name)}: every result would start "
        "the service again; choose another folder, or say allow_loop: true"
        for number, output in enumerate(definition.output)
        if (way := _way_back(definition, output, catalog)) is not None
    ]
    if problems:
        raise BadInput(problems=problems)


def is_runaway(job: Job, *, most: int) -> bool:
    """Whether more services than `most` lie before this job's input. One that a person had run again may go on."""
    return job.event.hops > most and not job.revived


def _drawn(way: list[Step], back: str) -> str:
    return " ".join(f"{service} ──({path})──▶" for service, path in way) + f" {back}"


def _way_back(definition: Service, output: StoragePath, catalog: Catalog) -> list[Step] | None:
    """The shortest way from an output back to the service, None when there is none."""
    ways = deque([[(definition.name, output.path)]] if output.storage_provider == DEFAULT_PROVIDER else [])
    met = {definition.name}
    while ways:
        way = ways.popleft()
        path = way[-1][1]
        if _takes(definition, path):
            return way
        for name in _started_by(path, catalog):
            if name not in met:
                met.add(name)
                ways.extend([*way, (name, target)] for target in _targets(catalog, name))
    return None


def _takes(definition: Service, path: str) -> bool:
    return any(
        source.storage_provider == DEFAULT_PROVIDER and f"{path}/".startswith(f"{source.path}/")
        for source in definition.input
    )


def _started_by(path: str, catalog: Catalog) -> Iterator[str]:
    bucket, _, folder = path.partition("/")
    for feed in catalog.listening(bucket, f"{folder}/result" if folder else "result"):
        yield feed.service


def _targets(catalog: Catalog, name: str) -> list[str]:
    record = catalog.find(name)
    outputs = record.definition.output if record else []
    return [output.path for output in outputs if output.storage_provider == DEFAULT_PROVIDER]
