"""The view: host folders under a place that all may enter, in one thread's namespace alone."""

import os
import subprocess
import threading
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from statuette.backends.local.view import View


@pytest.fixture
def places(tmp_path: Path) -> dict[Path, str]:
    for name in ("state", "python"):
        (tmp_path / name).mkdir(mode=0o700)
        (tmp_path / name / "file").write_text(name)
    tmp_path.chmod(0o700)
    return {tmp_path / "state": "runners", tmp_path / "python": "shared/python"}


def test_without_a_view_paths_are_what_they_are(places: dict[Path, str]) -> None:
    view = View(places, private=False)
    view.enter()
    assert all(view.path(place / "a") == place / "a" for place in places)
    assert all(threading.get_native_id() and place.exists() for place in places)


def test_paths_below_a_place_are_seen_there_and_others_stay(places: dict[Path, str], tmp_path: Path) -> None:
    view = View(places, private=True)
    assert view.path(tmp_path / "state" / "a" / "b") == Path("/run/statuette-view/runners/a/b")
    assert view.path(tmp_path / "python") == Path("/run/statuette-view/shared/python")
    assert view.path(tmp_path / "state-of-others") == tmp_path / "state-of-others"
    assert view.path(Path("/usr/bin/sh")) == Path("/usr/bin/sh")


def in_the_view(view: View, look: Callable[[], object]) -> object:
    with ThreadPoolExecutor(max_workers=1, initializer=view.enter) as thread:
        return thread.submit(look).result()


def as_nobody(path: Path) -> str:
    """What an unprivileged process started from this thread reads there."""
    command = ["/bin/cat", str(path)]
    found = subprocess.run(
        command, capture_output=True, text=True, user=65534, group=65534, extra_groups=[], check=False
    )
    return found.stdout


def test_another_user_reaches_what_lies_below_closed_folders(
    places: dict[Path, str], tmp_path: Path, need: Callable[[bool, str], None]
) -> None:
    need(os.geteuid() == 0, "making a mount namespace needs root")
    view = View(places, private=True)
    (tmp_path / "state").chmod(0o711)
    file = tmp_path / "state" / "file"
    assert as_nobody(file) == ""
    assert in_the_view(view, lambda: as_nobody(view.path(file))) == "state"


def test_nobody_else_sees_the_view(places: dict[Path, str], tmp_path: Path, need: Callable[[bool, str], None]) -> None:
    need(os.geteuid() == 0, "making a mount namespace needs root")
    view = View(places, private=True)
    seen = view.path(tmp_path / "python" / "file")
    before = os.umask(0o077)
    try:
        assert in_the_view(view, lambda: (seen.read_text(), oct(seen.parents[1].stat().st_mode)[-3:])) == (
            "python",
            "711",
        )
    finally:
        os.umask(before)
    assert not seen.exists()
