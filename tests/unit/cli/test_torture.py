"""The verb: says what is wrong before anything is started, then starts the torture."""

from pathlib import Path

from statuette.cli.torture import command

HELLO = Path(__file__).parents[3] / "examples" / "hello"


def test_the_command_has_everything_that_was_asked_for():
    words = command(Path("s.yaml"), [Path("a"), Path("b")], 2.0, seed=7, files=None)
    assert words[1:] == [
        "-m", "statuette.torture", "s.yaml", "--minutes", "2.0", "--files", "200", "--seed", "7", "--input", "a", "b",
    ]  # fmt: skip
    assert "--seed" not in command(Path("s.yaml"), [Path("a")], 0.5, seed=None, files=9)


def test_a_sample_that_is_not_there_is_told(run):
    ran = run("torture", str(HELLO / "hello.yaml"), "--input", "/nowhere/at-all")
    assert ran.exit_code == 1
    assert "no such file: /nowhere/at-all" in ran.output


def test_samples_are_needed(run):
    assert run("torture", str(HELLO / "hello.yaml")).exit_code == 2
