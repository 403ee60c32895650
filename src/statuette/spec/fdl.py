"""FDL files: YAML text to service definitions and back. Pure: the caller reads the script files.

Reading is as tolerant as the contract asks: line ends, `Variables`, scalar ports, unquoted numbers and booleans, tabs
after a value. Top-level `storage_providers` and `clusters` overwrite what a service carries.
"""

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import yaml

from statuette.spec.errors import InvalidDefinition, Problem
from statuette.spec.loading import load_service
from statuette.spec.service import READ_ONLY, Service
from statuette.spec.storage import BLANKS
from statuette.spec.yaml_text import Document, Place, read

Scripts = Callable[[str], str] | Mapping[str, str]
"""Script text by the path in the file. A callable raises `LookupError` or `OSError` where there is none."""


@dataclass(frozen=True)
class FdlService:
    """One service of a file: the cluster id it stands under and its definition, unchecked, script text inlined."""

    cluster: str
    definition: dict[str, Any]
    _document: Document = field(repr=False, compare=False)
    _place: Place = field(repr=False, compare=False)
    _file: str = field(repr=False, compare=False)

    def service(self) -> Service:
        """The checked service. Raises `InvalidDefinition`; each problem names file, line and field."""
        try:
            return load_service(self.definition)
        except InvalidDefinition as error:
            raise InvalidDefinition([self._placed(problem) for problem in error.found]) from error

    def _placed(self, problem: Problem) -> Problem:
        line = self._document.line((*self._place, *_steps(problem.path)))
        return Problem(f"{self._file}:{line}: {problem.path}", problem.message)


def load_fdl(text: str, *, scripts: Scripts, file: str = "FDL", rename: str = "") -> list[FdlService]:
    """The services of an FDL file. `rename` gives them another name, also where a bucket is called like them.

    Raises `InvalidDefinition` when it is no FDL file or a script is missing; `FdlService.service` checks the fields.
    """
    document = read(text, file=file)
    shared = {
        key: value for key in ("storage_providers", "clusters") if (value := _get(document.value, key)) is not None
    }
    problems: list[Problem] = []
    services: list[FdlService] = []
    for place, cluster, given in _elements(document, file):
        definition = _merged(given, cluster=cluster, shared=shared)
        name = str(definition.get("name") or "")
        try:
            definition["script"] = _script(definition.get("script"), scripts)
        except (LookupError, OSError) as error:
            at = f"{file}:{document.line((*place, 'script'))}: script"
            problems.append(Problem(at, f"no readable file {definition.get('script')!a} ({type(error).__name__})"))
        services.append(
            FdlService(
                cluster, _renamed(definition, old=name, new=rename) if rename else definition, document, place, file
            )
        )
    if problems:
        raise InvalidDefinition(problems)
    return services


def dump_fdl(services: Sequence[tuple[str, Service]]) -> str:
    """The FDL file of services by cluster id. Fields that only the server sets, and defaults, are left out.

    The scripts are in files of their own: `script_files` tells which.
    """
    names = _script_names(services)
    functions = [
        {cluster: {**_sparse(service), "script": name}}
        for (cluster, service), name in zip(services, names, strict=True)
    ]
    content = {"functions": {"oscar": functions}}
    return yaml.dump(content, Dumper=_PlainDumper, sort_keys=False, allow_unicode=True, width=2**16)


def script_files(services: Sequence[tuple[str, Service]]) -> dict[str, str]:
    """Script text by the file name under which `dump_fdl` mentions it."""
    return {name: service.script for (_, service), name in zip(services, _script_names(services), strict=True)}


class _PlainDumper(yaml.SafeDumper):
    """Writes values out in full: anchors would surprise people and older readers.

    Text with anything unprintable (U+0085 and its like count as line breaks in YAML) is written with escapes.
    """

    def ignore_aliases(self, data: object) -> bool:  # noqa: ARG002 - the library's signature
        return True


def _written(dumper: yaml.SafeDumper, text: str) -> yaml.ScalarNode:
    return dumper.represent_scalar("tag:yaml.org,2002:str", text, style=None if text.isprintable() else '"')


_PlainDumper.add_representer(str, _written)


def _elements(document: Document, file: str) -> Iterator[tuple[Place, str, dict[str, Any]]]:
    """Place, cluster id and mapping of each service."""
    functions = _get(_get(document.value, "functions"), "oscar")
    if not isinstance(functions, list) or not functions:
        message = "must be a list of services, each under its cluster's id"
        raise InvalidDefinition([Problem(f"{file}:{document.line(('functions', 'oscar'))}: functions.oscar", message)])
    for index, element in enumerate(functions):
        place: Place = ("functions", "oscar", index)
        if not isinstance(element, dict) or not element:
            raise _misplaced(document, place, file=file)
        for cluster, given in element.items():
            inner: Place = (*place, cluster.lower())
            if not isinstance(given, dict):
                raise _misplaced(document, inner, file=file)
            yield inner, cluster, given


def _misplaced(document: Document, place: Place, *, file: str) -> InvalidDefinition:
    path = ".".join(map(str, place))
    message = "must be a service under its cluster's id (check the indentation)"
    return InvalidDefinition([Problem(f"{file}:{document.line(place)}: {path}", message)])


def _merged(given: Mapping[str, Any], *, cluster: str, shared: Mapping[str, Any]) -> dict[str, Any]:
    """The service's own fields in the models' spelling, under the file's shared blocks."""
    own = {Service.spelling(key) or key: value for key, value in given.items()}
    return {**own, **shared, "cluster_id": cluster}


def _script(path: object, scripts: Scripts) -> str:
    if not isinstance(path, str) or not path.strip():
        return ""
    return scripts(path) if callable(scripts) else scripts[path]


def _renamed(definition: dict[str, Any], *, old: str, new: str) -> dict[str, Any]:
    """The definition under another name; buckets called like the old name follow."""
    out = {**definition, "name": new}
    for key in ("input", "output"):
        if isinstance(definition.get(key), list):
            out[key] = [_moved(place, old=old, new=new) for place in definition[key]]
    if "mount" in definition:
        out["mount"] = _moved(definition["mount"], old=old, new=new)
    return out


def _moved(place: object, *, old: str, new: str) -> object:
    if not isinstance(place, dict):
        return place
    return {
        key: _bucket_moved(value, old=old, new=new) if key.lower() == "path" else value for key, value in place.items()
    }


def _bucket_moved(path: object, *, old: str, new: str) -> object:
    if not isinstance(path, str):
        return path
    bucket, slash, rest = path.strip(BLANKS).partition("/")
    return f"{new}{slash}{rest}" if bucket == old else path


def _sparse(service: Service) -> dict[str, Any]:
    """The wire form without defaults, what only the server sets, and what stands elsewhere in the file."""
    defaults = Service(name="", image="", script="").wire()
    return {
        key: value
        for key, value in service.wire().items()
        if key not in (*READ_ONLY, "cluster_id") and (key not in defaults or value != defaults[key])
    }


def _script_names(services: Sequence[tuple[str, Service]]) -> list[str]:
    """`<service>.sh`; a second script of that name gets a number."""
    taken: dict[str, str] = {}
    names = []
    for _, service in services:
        name, number = f"{service.name}.sh", 1
        while taken.setdefault(name, service.script) != service.script:
            number += 1
            name = f"{service.name}-{number}.sh"
        names.append(name)
    return names


def _get(value: object, key: str) -> Any:  # noqa: ANN401 - parsed YAML
    if not isinstance(value, Mapping):
        return None
    return next((item for name, item in value.items() if name.lower() == key), None)


def _steps(path: str) -> Place:
    """`input[0].path` as steps."""
    parts = path.replace("[", ".").replace("]", "").split(".")
    return tuple(int(part) if part.isdecimal() else part for part in parts)
