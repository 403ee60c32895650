"""Every command and option has help, and stands in the manual."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from typer.main import get_command

from statuette.cli import app

MANUAL = (Path(__file__).parents[3] / "docs" / "cli.md").read_text(encoding="utf-8")


def commands(command: Any, path: tuple[str, ...] = ()) -> Iterator[tuple[str, Any]]:
    children = getattr(command, "commands", None)
    if children is None:
        yield " ".join(path), command
        return
    for name, child in children.items():
        if not child.hidden:
            yield from commands(child, (*path, name))


ALL = dict(commands(get_command(app)))


@pytest.mark.parametrize("name", ALL)
def test_a_command_is_in_the_manual_with_its_options(name: str) -> None:
    command = ALL[name]
    assert f"### `{name}`" in MANUAL
    assert command.help
    for parameter in command.params:
        assert parameter.help
        for word in parameter.opts:
            assert not word.startswith("-") or f"`{word}" in MANUAL


@pytest.mark.parametrize("verb", ["up", "down", "status", "doctor", "apply", "service run", "service logs get"])
def test_what_the_product_promises_is_there(verb: str) -> None:
    assert verb in ALL


def test_the_help_of_every_command_can_be_printed(run) -> None:
    for name in ALL:
        assert run(*name.split(), "--help").exit_code == 0
