"""FDL files on this machine: read, the script's text put in, names changed."""

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import yaml

from statuette.cli.errors import CommandError


@dataclass(frozen=True)
class Wanted:
    """A service of an FDL file. `definition` is what the platform is sent, `cluster` the id it stood under."""

    cluster: str
    definition: dict[str, Any]

    @property
    def name(self) -> str:
        return str(self.definition.get("name", ""))


def read(path: Path, *, scripts: bool = True) -> list[Wanted]:
    """The services of an FDL file; with `scripts` their script files, relative to the FDL, are put in as text.

    Raises `CommandError` for a file that is no FDL, a service without script, a script that is missing.
    """
    wanted = [Wanted(cluster, dict(definition)) for cluster, definition in parse(path)]
    return [with_script(each, path) for each in wanted] if scripts else wanted


def parse(path: Path) -> list[tuple[str, Mapping[str, Any]]]:
    """The (cluster id, service) pairs of an FDL file."""
    try:
        document = yaml.safe_load(path.read_text(encoding="utf-8").replace("\r\n", "\n"))
        shared = {"storage_providers": document["storage_providers"]} if document.get("storage_providers") else {}
        entries = [entry for item in document["functions"]["oscar"] for entry in item.items()]
        return [(str(cluster), {**service, **shared}) for cluster, service in entries]
    except (yaml.YAMLError, KeyError, TypeError, AttributeError, ValueError) as error:
        raise CommandError(f"{path} is no FDL file: functions.oscar must be a list of services: {error}") from error


def with_script(wanted: Wanted, path: Path) -> Wanted:
    """The service with its script's text instead of the script's file name."""
    script = wanted.definition.get("script")
    if not isinstance(script, str) or not script:
        raise CommandError(f"{path}: the service {wanted.name!r} names no script (script: FILE, beside the FDL)")
    try:
        text = (path.parent / script).read_text(encoding="utf-8")
    except OSError as error:
        raise CommandError(f"{path}: the script {script!r} cannot be read: {error.strerror}") from error
    except UnicodeDecodeError as error:
        raise CommandError(f"{path}: the script {script!r} is no text in UTF-8") from error
    return Wanted(wanted.cluster, {**wanted.definition, "script": text})


def renamed(wanted: Wanted, name: str) -> Wanted:
    """The service under another name; buckets called like the old name are called like the new one."""
    definition = {**wanted.definition, "name": name}
    for field in ("input", "output"):
        if isinstance(definition.get(field), list):
            definition[field] = [moved(item, old=wanted.name, new=name) for item in definition[field]]
    if isinstance(definition.get("mount"), dict):
        definition["mount"] = moved(definition["mount"], old=wanted.name, new=name)
    return Wanted(wanted.cluster, definition)


def moved(item: Any, *, old: str, new: str) -> Any:  # noqa: ANN401  # one item of YAML, whatever it is
    """An input, output or mount whose bucket follows the service's name."""
    if not isinstance(item, dict) or not isinstance(item.get("path"), str):
        return item
    bucket, slash, rest = item["path"].strip(" /").partition("/")
    return {**item, "path": f"{new if bucket == old else bucket}{slash}{rest}"}
