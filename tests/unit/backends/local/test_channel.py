import subprocess

import pytest

from statuette.backends.local.channel import Answers, Channel, assignments
from statuette.backends.local.folders import RunnerFolders


def test_assignments_are_single_quoted():
    assert assignments({"A": "it's"}) == b"export A='it'\\''s'\n"


@pytest.mark.parametrize("name", ["", "1A", "A-B", "A B", "A=B", "Ä", "UID", "PPID", "A\n", "OPTIND"])
def test_names_no_shell_can_have_are_left_out(name, caplog):
    assert assignments({name: "x", "GOOD": "y"}) == b"export GOOD='y'\n"
    assert len(caplog.records) == 1


@pytest.mark.parametrize("value", ["a\0b", "x" * 131070])
def test_values_no_program_can_be_given_are_left_out(value):
    assert assignments({"A": value}) == b""


def test_the_longest_value_a_program_can_be_given(tmp_path):
    value = "x" * (131072 - len("A=") - 1)
    (tmp_path / "variables").write_bytes(assignments({"A": value}))
    told = subprocess.run(["sh", "-c", ". ./variables; exec printenv A"], capture_output=True, check=True, cwd=tmp_path)
    assert told.stdout == value.encode() + b"\n"


@pytest.mark.parametrize(
    "pieces",
    [
        [b"\ndone id1 7\n"],
        [b"half", b"\ndo", b"ne id1 7", b"\n"],
        [b"\ndone other 1\n\ndone id1 7\n"],
        [b"done id1 9", b"x\n\ndone id1 7\n"],
        [b"y" * 100_000, b"\ndone id1 7\n"],
    ],
)
def test_the_answer_is_found(pieces):
    answers = Answers()
    answers.expect("id1")
    found = [code for piece in pieces if (code := answers.code(piece)) is not None]
    assert found == [7]


def test_an_answer_nobody_waits_for_is_none():
    answers = Answers()
    assert answers.code(b"\ndone  0\n\ndone id1 0\n") is None
    answers.expect("id1")
    assert answers.code(b"\ndone id1 0\n") == 0
    assert answers.code(b"\ndone id1 0\n") is None


@pytest.fixture
def channel(tmp_path):
    folders = RunnerFolders(tmp_path / "r")
    stat = tmp_path.stat()
    folders.make(owner=(stat.st_uid, stat.st_gid), runner_script=b"", files={})
    channel = Channel(folders)
    yield channel
    channel.close()


def test_sending_never_blocks(channel):
    assert channel.send("run", "a")
    while channel.send("run", "x" * 1000):
        continue
    channel.drain()
    assert channel.send("run", "b")


def test_variables_are_laid_down_for_the_loop(channel):
    path = channel.put_variables("abc", b"export A='1'\n")
    assert path.name == "abc"
    assert path.read_bytes() == b"export A='1'\n"
