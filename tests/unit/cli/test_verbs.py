"""Commands under several names: all do the same, only the first is shown."""

import typer
from typer.testing import CliRunner

from statuette.cli.verbs import group, verb


def made() -> typer.Typer:
    app, things = typer.Typer(), typer.Typer()

    @verb(things, "list", "ls", "all")
    def show(name: str = "x") -> None:
        print(f"things of {name}")

    @verb(things, "rm")
    def remove() -> None:
        print("gone")

    group(app, things, "things", "thing")
    assert callable(show)
    assert callable(remove)
    return app


def test_every_name_does_it() -> None:
    for noun in ("things", "thing"):
        for word in ("list", "ls", "all"):
            result = CliRunner().invoke(made(), [noun, word, "--name", "y"])
            assert (result.exit_code, result.stdout) == (0, "things of y\n")


def test_only_the_first_names_are_shown() -> None:
    shown = CliRunner().invoke(made(), ["things", "--help"]).stdout
    assert "list" in shown
    assert "ls " not in shown
    assert " all " not in shown
    outer = CliRunner().invoke(made(), ["--help"]).stdout
    assert "things" in outer
    assert "thing " not in outer


def test_other_names_are_no_commands() -> None:
    assert CliRunner().invoke(made(), ["things", "delete"]).exit_code == 2
