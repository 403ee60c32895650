"""Which platform is meant, and that no password is ever taken from a command line."""

import pytest
from typer.main import get_command

from statuette.cli import app


def test_an_endpoint_given_wins_over_the_environment(run, platform) -> None:
    platform.answer("GET", "/system/services", [])
    assert run("service", "list", "--endpoint", platform.url, STATUETTE_ENDPOINT="http://127.0.0.1:1").exit_code == 0


def test_a_state_folder_given_wins_over_the_environment(run, tmp_path) -> None:
    result = run("service", "list", "--state", str(tmp_path / "s"))
    assert (result.exit_code, f"no platform runs on {tmp_path / 's'}" in result.stderr) == (1, True)


def test_the_password_comes_from_standard_input_when_asked(run, platform) -> None:
    platform.answer("GET", "/system/services", [])
    assert run("service", "list", "--password-stdin", stdin="other\n", STATUETTE_PASSWORD=None).exit_code == 0


def test_without_a_password_it_says_how_to_give_one(run) -> None:
    result = run("service", "list", STATUETTE_PASSWORD=None)
    assert (result.exit_code, "--password-stdin" in result.stderr) == (1, True)


def test_the_default_state_folder_lies_in_the_users_data(run, tmp_path) -> None:
    result = run("service", "list", STATUETTE_ENDPOINT=None)
    assert f"no platform runs on {tmp_path / 'statuette'} " in result.stderr


def test_a_platform_that_is_not_there_is_one_line(run) -> None:
    result = run("service", "list", "--endpoint", "http://127.0.0.1:1")
    assert (result.exit_code, len(result.stderr.splitlines())) == (1, 1)
    assert "statuette up" in result.stderr


@pytest.mark.parametrize("word", ["--password", "--secret"])
def test_no_option_takes_a_password(word: str) -> None:
    assert word not in all_options(get_command(app))


def all_options(command) -> set[str]:
    options = {word for parameter in command.params for word in parameter.opts}
    for child in getattr(command, "commands", {}).values():
        options |= all_options(child)
    return options
