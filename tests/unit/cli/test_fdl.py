"""FDL files on this machine: scripts lie beside them, what is wrong is told with file and line."""

from pathlib import Path

import pytest

from statuette.cli.errors import CommandError
from statuette.cli.fdl import names, read

FDL = "functions:\n  oscar:\n  - here:\n      name: a\n      image: host\n      script: sub/s.sh\n"


def write(folder: Path, text: str = FDL) -> Path:
    (folder / "sub").mkdir()
    (folder / "sub" / "s.sh").write_text("echo\n")
    (folder / "f.yaml").write_text(text)
    return folder / "f.yaml"


def test_the_script_is_read_beside_the_file(tmp_path: Path) -> None:
    (service,) = read(write(tmp_path))
    assert (service.cluster, service.definition["script"]) == ("here", "echo\n")


def test_another_name_is_for_one_service(tmp_path: Path) -> None:
    path = write(tmp_path, FDL + FDL.split("oscar:\n")[1])
    with pytest.raises(CommandError, match="exactly one service, here are 2"):
        read(path, name="z")


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("[]", r"f\.yaml:1"),
        (FDL.replace("sub/s.sh", "gone.sh"), r"f\.yaml:6: script: no readable file 'gone\.sh'"),
        (FDL + "      memory: lots\n", r"f\.yaml:7: memory"),
    ],
)
def test_what_is_wrong_is_told_in_one_line(tmp_path: Path, text: str, words: str) -> None:
    with pytest.raises(CommandError, match=words) as caught:
        read(write(tmp_path, text))
    assert "\n" not in str(caught.value)


def test_a_script_that_is_no_text_is_told(tmp_path: Path) -> None:
    path = write(tmp_path)
    (tmp_path / "sub" / "s.sh").write_bytes(b"\xff\xfe")
    with pytest.raises(CommandError, match=r"sub/s\.sh is no text in UTF-8"):
        read(path)


def test_names_need_no_scripts(tmp_path: Path) -> None:
    path = write(tmp_path)
    (tmp_path / "sub" / "s.sh").unlink()
    assert names(path) == ["a"]
