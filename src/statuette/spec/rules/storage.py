"""Inputs, outputs, mount, volume: providers must exist, paths must be safe."""

import re
from collections.abc import Iterator, Sequence

from statuette.spec.errors import Problem, shown
from statuette.spec.names import LONGEST_PART, bucket_problem, control_problem, key_problem, label_problem
from statuette.spec.providers import BUCKET_KINDS, DEFAULT, INPUT_KINDS, KINDS, MOUNT_KINDS
from statuette.spec.rules.basics import memory_problem
from statuette.spec.service import Service
from statuette.spec.storage import StoragePath, Volume

_OPTIONS = re.compile(r"[A-Za-z0-9 _.:=,/-]*", re.ASCII)
_RESERVED = ("/oscar/config", "/oscar/bin")


def storage(service: Service) -> Iterator[Problem]:
    """Everything with a path."""
    yield from _places(service, "input", service.input, kinds=INPUT_KINDS)
    yield from _places(service, "output", service.output, kinds=KINDS)
    if service.mount.storage_provider or service.mount.path:
        place = StoragePath(storage_provider=service.mount.storage_provider, path=service.mount.path)
        yield from _place(service, "mount", place, kinds=MOUNT_KINDS)
    if not _OPTIONS.fullmatch(service.mount.options):
        yield Problem("mount.options", "only letters, digits, blanks and - _ . : = , / are allowed")
    if service.volume is not None:
        yield from _volume(service.volume)


def _places(service: Service, field: str, places: Sequence[StoragePath], *, kinds: Sequence[str]) -> Iterator[Problem]:
    met: dict[tuple[str, str], int] = {}
    for index, place in enumerate(places):
        path = f"{field}[{index}]"
        yield from _place(service, path, place, kinds=kinds)
        first = met.setdefault((place.storage_provider, place.path), index)
        if field == "input" and first != index and place.path:
            yield Problem(path, f"is the same place as input[{first}]; keep one of them")
        for name, texts in (("prefix", place.prefix), ("suffix", place.suffix)):
            for number, text in enumerate(texts):
                problem = control_problem(text)
                if problem:
                    yield Problem(f"{path}.{name}[{number}]", problem)


def _place(service: Service, field: str, place: StoragePath, *, kinds: Sequence[str]) -> Iterator[Problem]:
    problem = _provider_problem(service, place, kinds=kinds)
    if problem:
        yield Problem(f"{field}.storage_provider", problem)
    problem = _path_problem(place, bucket=place.kind in BUCKET_KINDS)
    if problem:
        yield Problem(f"{field}.path", problem)


def _provider_problem(service: Service, place: StoragePath, *, kinds: Sequence[str]) -> str | None:
    reference = place.storage_provider
    if not reference:
        return f"is missing: such as '{DEFAULT}'"
    if place.kind not in KINDS:
        return f"there is no kind {shown(place.kind)}; the kinds are {', '.join(KINDS)}"
    if place.kind not in kinds:
        return f"{place.kind} cannot be used here; {', '.join(kinds)} can"
    if reference != DEFAULT and service.storage_providers.find(reference) is None:
        return f"{shown(reference)} is not defined; define it in storage_providers.{place.kind}"
    return None


def _path_problem(place: StoragePath, *, bucket: bool) -> str | None:
    if not place.path:
        return "is missing: such as 'bucket/folder'"
    problem = key_problem(place.path)
    if problem:
        return problem
    return bucket_problem(place.bucket) if bucket else None


def _volume(volume: Volume) -> Iterator[Problem]:
    problem = _mount_path_problem(volume.mount_path)
    if problem:
        yield Problem("volume.mount_path", problem)
    if volume.size:
        problem = memory_problem(volume.size)
        if problem:
            yield Problem("volume.size", problem)
    if not volume.name and not volume.size:
        yield Problem("volume.name", "is missing: give the name of a volume, or a size for a new one")
    problem = label_problem(volume.name) if volume.name else None
    if problem:
        yield Problem("volume.name", problem)
    if volume.lifecycle_policy and not volume.size:
        yield Problem("volume.lifecycle_policy", "goes only with a new volume (size)")
    elif volume.lifecycle_policy not in ("", "delete", "retain"):
        yield Problem("volume.lifecycle_policy", f"must be delete or retain; this is {shown(volume.lifecycle_policy)}")


def _mount_path_problem(path: str) -> str | None:
    """An absolute path inside the container that hides nothing of the platform's."""
    if not path.startswith("/"):
        return "must be an absolute path, such as '/data'"
    plain = "/" + path.strip("/")
    parts = plain[1:].split("/")
    if control_problem(path):
        return control_problem(path)
    if "" in parts or "." in parts or ".." in parts or any(len(part.encode()) > LONGEST_PART for part in parts):
        return "must be an absolute path other than '/', without '//', '.', '..' or very long parts"
    if any(f"{taken}/".startswith(f"{plain}/") or f"{plain}/".startswith(f"{taken}/") for taken in _RESERVED):
        return f"must not be, hold or lie below {' or '.join(_RESERVED)}"
    return None
