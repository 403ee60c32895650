"""What is deployed: two services one behind the other, or those of a user's FDL file."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from statuette.spec.errors import InvalidDefinition
from statuette.spec.fdl import load_fdl

NAMES = ("torture-first", "torture-second")
PROVIDER = "minio.default"
SCRIPT = """#!/bin/sh
set -e
out="$TMP_OUTPUT_DIR/${INPUT_FILE_PATH##*/}"
cat "$INPUT_FILE_PATH" > "$out"
sha256sum < "$INPUT_FILE_PATH" >> "$out"
"""
PLENTY = 100
"""Retries of a job under fire: what kills it is not its own fault."""


class NoChain(Exception):
    """The services cannot be tortured; says why."""


@dataclass(frozen=True, slots=True)
class Stage:
    """One service as the judge sees it: where its inputs and outputs lie, `bucket/folder` each. `entry`: files are put
    into its first input.
    """

    name: str
    inputs: tuple[str, ...]
    outputs: tuple[str, ...]
    entry: bool = False


@dataclass(frozen=True, slots=True)
class Chain:
    """Definitions as the API takes them, and the same for the judge. `computable`: the right result is known."""

    definitions: Sequence[Mapping[str, Any]]
    stages: tuple[Stage, ...]
    computable: bool

    @property
    def entry(self) -> str:
        """Where files are put: `bucket/folder`."""
        return next(stage.inputs[0] for stage in self.stages if stage.entry)


def built_in() -> Chain:
    """Two services: each writes its input and the SHA-256 of it."""
    paths = [("torture/in", "torture/between"), ("torture/between", "torture/out")]
    definitions = [
        {
            "name": name,
            "image": "host",
            "cpu": "0.25",
            "memory": "32Mi",
            "script": SCRIPT,
            "input": [{"storage_provider": PROVIDER, "path": source}],
            "output": [{"storage_provider": PROVIDER, "path": target}],
        }
        for name, (source, target) in zip(NAMES, paths, strict=True)
    ]
    return _chain(definitions, computable=True)


def of_file(path: Path) -> Chain:
    """The services of an FDL file. Raises `NoChain`."""
    try:
        services = load_fdl(path.read_text(), scripts=lambda name: (path.parent / name).read_text(), file=str(path))
        for service in services:
            service.service()
    except InvalidDefinition as error:
        raise NoChain("; ".join(error.problems)) from error
    except (OSError, UnicodeDecodeError) as error:
        raise NoChain(f"{path} cannot be read: {error}") from error
    return _chain([service.definition for service in services], computable=False)


def _chain(definitions: Sequence[Mapping[str, Any]], *, computable: bool) -> Chain:
    made = {path for definition in definitions for path in _paths(definition, "output")}
    stages = tuple(_stage(definition, made) for definition in definitions)
    if not any(stage.entry for stage in stages):
        raise NoChain(f"no service has an input in {PROVIDER} that no other one writes: nothing can be put anywhere")
    return Chain([_patient(definition) for definition in definitions], stages, computable)


def _stage(definition: Mapping[str, Any], made: set[str]) -> Stage:
    inputs = tuple(_paths(definition, "input"))
    entry = bool(inputs) and inputs[0] not in made
    return Stage(str(definition["name"]), inputs, tuple(_paths(definition, "output")), entry)


def _paths(definition: Mapping[str, Any], side: str) -> list[str]:
    return [
        str(one["path"]).strip("/")
        for one in definition.get(side) or ()
        if str(one.get("storage_provider", "")).lower() in ("minio", PROVIDER)
    ]


def _patient(definition: Mapping[str, Any]) -> Mapping[str, Any]:
    """With enough retries: a runner killed by us, or a disk filled by us, is nothing to give up for."""
    retries = dict(definition.get("retries") or {})
    return {**definition, "retries": {**retries, "script": PLENTY, "runner": PLENTY}}
