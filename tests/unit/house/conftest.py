"""The source tree as these tests look at it."""

import ast
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[3]
SOURCE = ROOT / "src" / "statuette"
GENERATED = ("filer_pb2.py",)


@dataclass(frozen=True)
class Module:
    """One source file, parsed."""

    path: Path
    text: str
    tree: ast.Module

    @property
    def name(self) -> str:
        return self.path.relative_to(SOURCE).as_posix()

    @property
    def lines(self) -> int:
        return self.text.count("\n")

    def functions(self) -> Iterator[ast.FunctionDef | ast.AsyncFunctionDef]:
        for node in ast.walk(self.tree):
            if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
                yield node


@pytest.fixture(scope="session")
def modules() -> list[Module]:
    """All source files of ours, generated ones left out."""
    paths = [path for path in sorted(SOURCE.rglob("*.py")) if path.name not in GENERATED]
    return [Module(path, text := path.read_text(), ast.parse(text)) for path in paths]
