"""The shared root: made once, made anew when a file of the machine was replaced."""

import os
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from statuette.backends.local.rootfs import SharedRoot
from statuette.backends.local.view import View


def test_without_a_view_every_sandbox_makes_all_mounts(tmp_path: Path) -> None:
    system = ["--ro-bind", str(tmp_path), "/usr", "--symlink", "usr/bin", "/bin"]
    assert SharedRoot(View({}, private=False)).mounts(system) == system


def test_it_shows_what_is_there_and_what_replaced_it(tmp_path: Path, need: Callable[[bool, str], None]) -> None:
    if os.geteuid() != 0:
        pytest.skip("making a mount namespace needs root")
    (tmp_path / "usr").mkdir()
    (tmp_path / "usr" / "program").write_text("a program")
    (tmp_path / "zone").write_text("old")
    system = ["--ro-bind", str(tmp_path / "usr"), "/usr", "--ro-bind-try", str(tmp_path / "zone"), "/etc/zone"]
    system += ["--symlink", "usr/lib", "/lib", "--ro-bind-try", str(tmp_path / "missing"), "/etc/missing"]
    view = View({}, private=True)
    shared = SharedRoot(view)

    def look() -> tuple[str, str, str, str, bool]:
        option, root, place = shared.mounts(system)
        assert (option, place) == ("--ro-bind", "/")
        with pytest.raises(OSError, match="Read-only"):
            (Path(root) / "usr" / "new").touch()
        texts = [(Path(root) / name).read_text() for name in ("usr/program", "etc/zone")]
        return root, *texts, str((Path(root) / "lib").readlink()), (Path(root) / "etc" / "missing").exists()

    with ThreadPoolExecutor(max_workers=1, initializer=view.enter) as thread:
        first, again = (thread.submit(look).result() for _ in range(2))
        (tmp_path / "fresh").write_text("new")
        (tmp_path / "fresh").replace(tmp_path / "zone")
        later = thread.submit(look).result()
    assert first[1:] == ("a program", "old", "usr/lib", False)
    assert again == first
    assert later[0] != first[0]
    assert later[1:] == ("a program", "new", "usr/lib", False)
