"""How a refused definition is told: every wrong field in one go."""

from collections.abc import Sequence
from typing import NamedTuple


class Problem(NamedTuple):
    """One wrong field: where (`input[0].path`), and what is wrong and what would be right. Never a secret's value."""

    path: str
    message: str

    def __str__(self) -> str:
        return f"{self.path}: {self.message}"


class InvalidDefinition(ValueError):
    """The definition is not valid; `problems` names every wrong field, one line each (`field.path: what is wrong`)."""

    def __init__(self, problems: Sequence[Problem]) -> None:
        super().__init__("\n".join(str(problem) for problem in problems))
        self.found = tuple(problems)

    @property
    def problems(self) -> list[str]:
        """The problems as lines for people."""
        return [str(problem) for problem in self.found]


def shown(value: object) -> str:
    """A value as it may stand in a message: quoted, control characters escaped, cut when long."""
    text = str(value)
    return ascii(text) if len(text) <= 60 else f"{text[:40]!a}… ({len(text)} characters)"
