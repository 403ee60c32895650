"""Opening and removing beneath descriptors."""

import os
from pathlib import Path

import pytest

from statuette.ports.errors import UnsafeOutput
from statuette.supervisor.folders import folder, regular_file, remove_known, remove_tree


@pytest.fixture
def out(tmp_path):
    (tmp_path / "out" / "a").mkdir(parents=True)
    (tmp_path / "out" / "a" / "file").write_text("inside")
    (tmp_path / "file").write_text("outside")
    (tmp_path / "out" / "up").symlink_to(tmp_path)
    (tmp_path / "out" / "link").symlink_to(tmp_path / "file")
    os.mkfifo(tmp_path / "out" / "fifo")
    with folder(tmp_path / "out") as descriptor:
        yield descriptor


def test_a_file_in_a_subfolder_is_opened(out):
    with regular_file("a/file", beneath=out) as descriptor:
        assert os.read(descriptor, 10) == b"inside"


@pytest.mark.parametrize("path", ["up/file", "link", "a/missing", "a/file/x"])
def test_no_link_leads_out(out, path):
    with pytest.raises(OSError, match="Errno"), regular_file(path, beneath=out):
        pass


@pytest.mark.parametrize("path", ["fifo", "a"])
def test_only_regular_files_are_opened_and_nothing_blocks(out, path):
    with pytest.raises(UnsafeOutput), regular_file(path, beneath=out):
        pass


def test_descriptors_are_closed_whatever_happens(out):
    before = len(list(Path("/proc/self/fd").iterdir()))
    for path in ("a/file", "up/file", "fifo", "a/missing"):
        try:
            with regular_file(path, beneath=out):
                pass
        except (OSError, UnsafeOutput):
            continue
    assert len(list(Path("/proc/self/fd").iterdir())) == before


def test_a_known_folder_is_removed_and_a_fuller_one_is_not(tmp_path):
    place = tmp_path / "sealed"
    place.mkdir()
    (place / "a").touch()
    (place / "b").touch()
    assert not remove_known(place, ["a"])
    assert remove_known(place, ["a", "b"])
    assert remove_known(place, ["a", "b"])


def test_removing_a_tree_follows_no_link(tmp_path):
    (tmp_path / "keep").mkdir()
    (tmp_path / "keep" / "file").touch()
    (tmp_path / "tree" / "closed").mkdir(parents=True)
    (tmp_path / "tree" / "link").symlink_to(tmp_path / "keep")
    (tmp_path / "tree" / "closed" / "file").touch()
    (tmp_path / "tree" / "closed").chmod(0)
    remove_tree(tmp_path / "tree")
    remove_tree(tmp_path / "tree")
    assert not (tmp_path / "tree").exists()
    assert (tmp_path / "keep" / "file").exists()
