"""From whatever was sent to a `Service`: read tolerantly, completed, and refused with every wrong field named.

A field of the wrong type is taken out and the rest is read on, so that one answer names all that is wrong.
"""

import copy
from collections.abc import Iterable, Iterator, Mapping
from typing import Any

from pydantic import ValidationError
from pydantic_core import ErrorDetails

from statuette.spec.errors import InvalidDefinition, Problem
from statuette.spec.providers import BUCKET_KINDS
from statuette.spec.rules import check
from statuette.spec.service import READ_ONLY, Service
from statuette.spec.storage import InputPath, OutputPath

_Place = tuple[int | str, ...]

_MESSAGES = {
    "missing": "is missing",
    "string_type": "must be text",
    "int_type": "must be a whole number",
    "int_parsing": "must be a whole number",
    "int_from_float": "must be a whole number",
    "finite_number": "must be a whole number",
    "greater_than_equal": "is out of range",
    "less_than": "is out of range",
    "bool_type": "must be true or false",
    "bool_parsing": "must be true or false",
    "list_type": "must be a list",
    "dict_type": "must be an object (keys and values)",
    "model_type": "must be an object (keys and values)",
    "model_attributes_type": "must be an object (keys and values)",
}
_PASSES = 8
"""Each pass takes out what the one before could not read; deeper damage than this is told without the rules."""
_DEEPEST = 32
_MOST = 100
"""Problems named in one answer."""


def load_service(data: object, *, keep_read_only: bool = False) -> Service:
    """The service that a mapping (parsed JSON or YAML) defines, defaults applied and rules checked.

    What only the server may set (`READ_ONLY`) is dropped unless `keep_read_only`. Raises `InvalidDefinition`.
    """
    if not isinstance(data, Mapping):
        raise InvalidDefinition([Problem("definition", "must be an object (keys and values)")])
    if _deeper(data, _DEEPEST):
        raise InvalidDefinition([Problem("definition", f"must not be nested more than {_DEEPEST} deep")])
    dropped = () if keep_read_only else READ_ONLY
    given = {key: value for key, value in data.items() if Service.spelling(str(key)) not in dropped}
    findings = _Findings()
    service = _read(given, findings)
    if service is not None:
        service = completed(service)
        findings.add(check(service))
    if findings.problems or service is None:
        raise InvalidDefinition(findings.shortened())
    return service


def completed(service: Service) -> Service:
    """The service with what follows from its name: buckets of paths without one, group of the federation, volume."""
    update: dict[str, Any] = {
        "input": [_with_bucket(place, service.name) for place in service.input],
        "output": [_with_bucket(place, service.name) for place in service.output],
    }
    if service.federation is not None and not service.federation.group_id:
        update["federation"] = service.federation.model_copy(update={"group_id": service.name})
    volume = service.volume
    if volume is not None and volume.size:
        defaults = {"name": volume.name or service.name, "lifecycle_policy": volume.lifecycle_policy or "delete"}
        update["volume"] = volume.model_copy(update=defaults)
    expose = service.expose
    if not any(expose.node_port) and len(expose.node_port) != len(expose.api_port):
        # Older clients send a scalar 0 where they mean nothing.
        update["expose"] = expose.model_copy(update={"node_port": []})
    return service.model_copy(update=update)


def _with_bucket(place: InputPath | OutputPath, service: str) -> InputPath | OutputPath:
    if place.kind not in BUCKET_KINDS or not place.path or "/" in place.path:
        return place
    return place.model_copy(update={"path": f"{service}/{place.path}"})


class _Findings:
    """Problems, each field once: what lies in a field that was named already adds nothing."""

    def __init__(self) -> None:
        self.problems: list[Problem] = []
        self._paths: set[str] = set()

    def add(self, problems: Iterable[Problem]) -> None:
        for problem in problems:
            if not any(path in self._paths for path in _around(problem.path)):
                self._paths.add(problem.path)
                self.problems.append(problem)

    def shortened(self) -> list[Problem]:
        more = len(self.problems) - _MOST
        return [*self.problems[:_MOST], *([Problem("definition", f"{more} more fields are wrong")] if more > 0 else [])]


def _around(path: str) -> Iterator[str]:
    """The path itself and those of what holds it."""
    yield path
    for place, character in enumerate(path):
        if character in ".[":
            yield path[:place]


def _deeper(value: object, left: int) -> bool:
    """Whether lists and objects lie more than `left` deep in each other."""
    if isinstance(value, Mapping | list):
        inner = value.values() if isinstance(value, Mapping) else value
        return left == 0 or any(_deeper(item, left - 1) for item in inner)
    return False


def _read(data: dict[str, Any], findings: _Findings) -> Service | None:
    """The service as far as it can be read, None if not at all; `findings` get what could not."""
    for _ in range(_PASSES):
        try:
            return Service.model_validate(data)
        except ValidationError as error:
            details = error.errors(include_url=False, include_input=False)
        findings.add(_problem(detail) for detail in details)
        data = copy.deepcopy(data)
        taken = [_taken_out(data, detail) for detail in details]
        if not all(taken):
            break
    return None


def _problem(detail: ErrorDetails) -> Problem:
    context = detail.get("ctx", {})
    if detail["type"] == "literal_error":
        message = f"must be one of {context['expected']}"
    elif detail["type"] == "value_error":
        message = str(context["error"])
    else:
        message = _MESSAGES.get(detail["type"], detail["msg"])
    return Problem(_path(detail["loc"]), message)


def _path(place: _Place) -> str:
    """`input[0].path`; "definition" for the whole."""
    text = "".join(f"[{step}]" if isinstance(step, int) else f".{step}" for step in place if step != "[key]")
    return text.removeprefix(".") or "definition"


def _taken_out(data: Any, detail: ErrorDetails) -> bool:  # noqa: ANN401 - parsed JSON
    """Take the unreadable value out, or put an empty one where one is required. False when it cannot be done."""
    place = [step for step in detail["loc"] if step != "[key]"]
    if not place:
        return False
    for step in place[:-1]:
        inner = data[_key(data, step)] if isinstance(data, list) else data.get(_key(data, step))
        if not isinstance(inner, dict | list):
            # Taken out for another of its problems, or its key cannot be told: the whole of it goes.
            if isinstance(data, dict):
                data.pop(_key(data, step), None)
            return isinstance(data, dict)
        data = inner
    last = _key(data, place[-1])
    if isinstance(data, list):
        data[last] = next(_stand_ins(data[last]))
    elif detail["type"] == "missing" or (isinstance(last, str) and last == "type"):
        data[place[-1]] = "inference" if place[-1] == "type" else ""
    else:
        if last not in data:
            data.clear()
        data.pop(last, None)
    return True


def _stand_ins(value: object) -> Iterator[object]:
    """What to try next in a list in place of a value that cannot be read: an object, a text, a number."""
    order = [{}, "", 1]
    yield order[(order.index(value) + 1) % 3] if value in order else order[0]


def _key(data: object, step: int | str) -> Any:  # noqa: ANN401 - a key of parsed JSON
    """The key as the sender spelled it."""
    if isinstance(step, int) or not isinstance(data, Mapping) or step in data:
        return step
    return next((key for key in data if str(key).lower() == step.lower()), step)
