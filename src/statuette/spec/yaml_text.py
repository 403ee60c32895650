"""YAML read as literal text: `1.0`, `yes`, `0x10` and `01` stay what was written; the models know what type is due.

Only plain empty, `~` and `null` mean "nothing". Line numbers are kept, for messages.
"""

from collections.abc import Iterator
from typing import Any

import yaml

from statuette.spec.errors import InvalidDefinition, Problem

Place = tuple[int | str, ...]
_TAGS = frozenset(
    f"tag:yaml.org,2002:{name}" for name in ("str", "int", "float", "bool", "null", "map", "seq", "merge", "timestamp")
)
_NULL = "tag:yaml.org,2002:null"
_DEEPEST = 50


class _TextLoader(yaml.SafeLoader):
    """A safe loader that gives plain scalars no type but "nothing" and the merge key."""

    yaml_implicit_resolvers = {  # noqa: RUF012 - the library's own way to be told
        first: [(tag, pattern) for tag, pattern in resolvers if tag in (_NULL, "tag:yaml.org,2002:merge")]
        for first, resolvers in yaml.SafeLoader.yaml_implicit_resolvers.items()
    }


class Document:
    """A read file: `value` in plain Python types, and the line each place in it begins on."""

    def __init__(self, value: object, lines: dict[Place, int]) -> None:
        self.value = value
        self._lines = lines

    def line(self, place: Place) -> int:
        """The line (from 1) of a place, or of the nearest one around it; the case of keys does not matter."""
        steps = tuple(step.lower() if isinstance(step, str) else step for step in place)
        while steps and steps not in self._lines:
            steps = steps[:-1]
        return self._lines.get(steps, 1)


def read(text: str, *, file: str) -> Document:
    """Parse one YAML document. Raises `InvalidDefinition` with file and line."""
    text = text.removeprefix("\ufeff").replace("\r\n", "\n").replace("\r", "\n")
    try:
        node = _compose(text)
    except yaml.MarkedYAMLError as error:
        line = error.problem_mark.line + 1 if error.problem_mark else 1
        raise InvalidDefinition([Problem(f"{file}:{line}", f"is no valid YAML: {error.problem}")]) from error
    except yaml.YAMLError as error:
        raise InvalidDefinition(
            [Problem(file, "is no valid YAML: it holds characters that are not allowed")]
        ) from error
    except RecursionError as error:
        raise InvalidDefinition([Problem(file, "is nested too deeply")]) from error
    builder = _Builder(file)
    value = builder.value(node, ()) if node is not None else None
    return Document(value, builder.lines)


def _compose(text: str) -> yaml.Node | None:
    """PyYAML refuses a tab after a value, which other parsers take and published files have: such tabs are dropped."""
    try:
        return yaml.compose(text, Loader=_TextLoader)
    except yaml.scanner.ScannerError:
        cleaned = "\n".join(line.rstrip(" \t") for line in text.split("\n"))
        return yaml.compose(cleaned, Loader=_TextLoader)


class _Builder:
    """Turns nodes into values, once each (aliases share), and notes their lines."""

    def __init__(self, file: str) -> None:
        self.lines: dict[Place, int] = {}
        self._file = file
        self._made: dict[int, Any] = {}
        self._open: set[int] = set()

    def value(self, node: yaml.Node, place: Place) -> Any:  # noqa: ANN401 - parsed YAML
        line = node.start_mark.line + 1
        self.lines.setdefault(place, line)
        if id(node) in self._made:
            return self._made[id(node)]
        if id(node) in self._open or len(place) > _DEEPEST:
            raise self._wrong(node, "holds itself, or is nested too deeply")
        if node.tag not in _TAGS:
            raise self._wrong(node, f"the tag {node.tag!a} is not allowed")
        self._open.add(id(node))
        self._made[id(node)] = made = self._built(node, place)
        self._open.remove(id(node))
        return made

    def _built(self, node: yaml.Node, place: Place) -> object:
        if isinstance(node, yaml.MappingNode):
            return self._mapping(node, place)
        if isinstance(node, yaml.SequenceNode):
            return [self.value(item, (*place, index)) for index, item in enumerate(node.value)]
        return None if node.tag == _NULL else node.value

    def _mapping(self, node: yaml.MappingNode, place: Place) -> dict[str, Any]:
        own: dict[str, Any] = {}
        merged: dict[str, Any] = {}
        for key_node, value_node in node.value:
            if key_node.tag == "tag:yaml.org,2002:merge":
                for part in self._merged(value_node, place):
                    merged = {**part, **merged}
                continue
            if not isinstance(key_node, yaml.ScalarNode):
                raise self._wrong(key_node, "a key must be text")
            key = str(key_node.value)
            if key in own:
                raise self._wrong(key_node, f"{key!a} is given twice")
            inner = (*place, key.lower())
            self.lines.setdefault(inner, key_node.start_mark.line + 1)
            own[key] = self.value(value_node, inner)
        return {**merged, **own}

    def _merged(self, node: yaml.Node, place: Place) -> Iterator[dict[str, Any]]:
        for part in node.value if isinstance(node, yaml.SequenceNode) else [node]:
            if not isinstance(part, yaml.MappingNode):
                raise self._wrong(part, "'<<' takes mappings")
            yield self.value(part, place)

    def _wrong(self, node: yaml.Node, message: str) -> InvalidDefinition:
        return InvalidDefinition([Problem(f"{self._file}:{node.start_mark.line + 1}", message)])
