"""Name, image, script, sizes, environment, labels."""

import re
from collections.abc import Iterator, Mapping

from statuette.spec.errors import Problem, shown
from statuette.spec.names import control_problem, service_problem, variable_problem
from statuette.spec.quantities import BadQuantity, cpu_millicores, memory_bytes
from statuette.spec.service import Service

_IMAGE = re.compile(r"[A-Za-z0-9][A-Za-z0-9._/:@+-]{0,511}", re.ASCII)
_LABEL_VALUE = re.compile(r"([A-Za-z0-9]([A-Za-z0-9_.-]{0,61}[A-Za-z0-9])?)?", re.ASCII)
_LABEL_KEY = re.compile(
    r"([a-z0-9]([a-z0-9.-]{0,251}[a-z0-9])?/)?[A-Za-z0-9]([A-Za-z0-9_.-]{0,61}[A-Za-z0-9])?", re.ASCII
)
_PLAIN = ("cluster_id", "vo", "interlink_node_name")
_LONGEST_PLAIN = 253


def basics(service: Service) -> Iterator[Problem]:
    """What every service has."""
    found = {
        "name": service_problem(service.name) if service.name else "is missing: a service needs a name",
        "image": _image_problem(service.image),
        "script": _script_problem(service.script),
        "cpu": cpu_problem(service.cpu),
        "memory": memory_problem(service.memory),
        "total_cpu": cpu_problem(service.total_cpu) if service.total_cpu else None,
        "total_memory": memory_problem(service.total_memory) if service.total_memory else None,
        "ephemeral_storage_request": memory_problem(service.ephemeral_storage_request)
        if service.ephemeral_storage_request
        else None,
    }
    yield from (Problem(path, problem) for path, problem in found.items() if problem)
    yield from _plain_texts(service)
    yield from environment("environment.variables", service.environment.variables)
    yield from environment("environment.secrets", service.environment.secrets)
    yield from _labels(service)


def cpu_problem(text: str) -> str | None:
    """A CPU quantity above zero."""
    try:
        if cpu_millicores(text) > 0:
            return None
    except BadQuantity:
        pass
    return f"must be a number of cores above 0, such as '0.5' or '500m'; this is {shown(text)}"


def memory_problem(text: str) -> str | None:
    """A size above zero."""
    try:
        if memory_bytes(text) > 0:
            return None
    except BadQuantity:
        pass
    return f"must be a size above 0, such as '256Mi' or '1Gi'; this is {shown(text)}"


def environment(path: str, variables: Mapping[str, str]) -> Iterator[Problem]:
    """Environment variables; a value is never shown, it may be a secret."""
    for name, value in variables.items():
        problem = variable_problem(name) or ("must not hold NUL" if "\0" in value else None)
        if problem:
            yield Problem(f"{path}.{shown(name)[1:-1] if len(name) <= 60 else shown(name)}", problem)


def _image_problem(image: str) -> str | None:
    if not image.strip():
        return "is missing: a service needs an image, such as 'alpine:3'"
    if not _IMAGE.fullmatch(image):
        return f"must be an image's name, such as 'alpine:3'; this is {shown(image)}"
    return None


def _script_problem(script: str) -> str | None:
    if not script.strip():
        return "is missing: a service needs a script (its content, not a file's name)"
    return "must not hold NUL" if "\0" in script else None


def _plain_texts(service: Service) -> Iterator[Problem]:
    for field in _PLAIN:
        text = getattr(service, field)
        problem = control_problem(text)
        if problem or len(text) > _LONGEST_PLAIN:
            yield Problem(field, problem or f"must have at most {_LONGEST_PLAIN} characters; this has {len(text)}")
    for field in ("allowed_users", "image_pull_secrets"):
        for index, text in enumerate(getattr(service, field)):
            problem = control_problem(text)
            if problem or len(text) > _LONGEST_PLAIN:
                message = problem or f"must have at most {_LONGEST_PLAIN} characters; this has {len(text)}"
                yield Problem(f"{field}[{index}]", message)


def _labels(service: Service) -> Iterator[Problem]:
    for field in ("labels", "annotations"):
        for key, value in getattr(service, field).items():
            if not _LABEL_KEY.fullmatch(key):
                message = (
                    "its key must be letters, digits, '-', '_', '.' (63 at most), with an optional 'domain/' in front"
                )
                yield Problem(f"{field}.{shown(key)}", message)
            elif field == "labels" and not _LABEL_VALUE.fullmatch(value):
                message = f"must be letters, digits, '-', '_', '.' (63 at most); this is {shown(value)}"
                yield Problem(f"{field}.{key}", message)
            elif "\0" in value:
                yield Problem(f"{field}.{key}", "must not hold NUL")
