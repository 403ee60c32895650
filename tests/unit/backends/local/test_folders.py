import os
import stat

import pytest

from statuette.backends.local.folders import RunnerFolders, copy_shell, empty


@pytest.fixture
def owner():
    return os.geteuid(), os.getegid()


def test_empty_never_follows_a_link(tmp_path):
    kept, folder = tmp_path / "kept", tmp_path / "folder"
    kept.mkdir()
    (kept / "file").touch()
    folder.mkdir()
    (folder / "link").symlink_to(kept)
    (folder / "file").symlink_to(kept / "file")
    (folder / "loop").symlink_to("loop")
    empty(folder)
    assert list(folder.iterdir()) == []
    assert (kept / "file").exists()


def test_empty_takes_what_its_owner_closed(tmp_path):
    inner = tmp_path / "a" / "b"
    inner.mkdir(parents=True)
    (inner / "file").touch()
    for folder in (inner, inner.parent, tmp_path):
        folder.chmod(0)
    empty(tmp_path)
    assert list(tmp_path.iterdir()) == []
    assert stat.S_IMODE(tmp_path.stat().st_mode) == 0o700


def test_empty_refuses_a_link_in_the_folders_place(tmp_path):
    (tmp_path / "kept").mkdir()
    (tmp_path / "kept" / "file").touch()
    (tmp_path / "folder").symlink_to(tmp_path / "kept")
    with pytest.raises(OSError, match="Not a directory"):
        empty(tmp_path / "folder")
    assert (tmp_path / "kept" / "file").exists()


def test_empty_removes_attributes_and_set_id_bits(tmp_path):
    os.setxattr(tmp_path, "user.left", b"behind")
    tmp_path.chmod(0o2777)
    empty(tmp_path)
    assert os.listxattr(tmp_path) == []
    assert stat.S_IMODE(tmp_path.stat().st_mode) == 0o755


def test_make_reset_remove(tmp_path, owner):
    folders = RunnerFolders(tmp_path / "r")
    folders.make(owner=owner, runner_script=b"loop", files={"script.sh": b"echo"})
    assert (folders.config / "script.sh").read_bytes() == b"echo"
    for folder in (folders.io / "out", folders.io, *folders.scratch):
        (folder / "left").touch()
    folders.reset(owner)
    assert sorted(path.name for path in folders.io.rglob("*")) == ["in", "out"]
    assert not any(any(folder.iterdir()) for folder in folders.scratch)
    folders.remove()
    folders.remove()
    assert list(tmp_path.iterdir()) == []


def test_the_control_folder_can_be_entered_and_not_listed(tmp_path, owner):
    folders = RunnerFolders(tmp_path / "r")
    folders.make(owner=owner, runner_script=b"loop", files={})
    assert stat.S_IMODE(folders.control.stat().st_mode) in (0o711, 0o311)
    assert stat.S_ISFIFO((folders.control / "request").stat().st_mode)
    folders.remove()


def test_the_shell_can_be_executed_and_not_read(tmp_path):
    copy_shell(tmp_path.joinpath("/bin/sh").resolve(), tmp_path / "sh")
    copy_shell(tmp_path.joinpath("/bin/sh").resolve(), tmp_path / "sh")
    assert stat.S_IMODE((tmp_path / "sh").stat().st_mode) == 0o111
    assert [path.name for path in tmp_path.iterdir()] == ["sh"]


@pytest.fixture
def made(tmp_path, owner):
    folders = RunnerFolders(tmp_path / "r")
    folders.make(owner=owner, runner_script=b"loop", files={"script.sh": b"echo"})
    return folders


def test_a_few_small_files_are_removed_at_once(made, owner):
    for folder in (made.io / "out", made.io / "in", *made.scratch):
        (folder / "file").write_text("x")
        (folder / "link").symlink_to("/etc/passwd")
    assert made.reset_little(owner)
    assert sorted(path.name for path in made.io.rglob("*")) == ["in", "out"]
    assert not any(any(folder.iterdir()) for folder in made.scratch)
    made.remove()
    assert not made.base.exists()


@pytest.mark.parametrize(
    "change",
    [
        lambda made: (made.io / "other").touch(),
        lambda made: (made.scratch[0] / "folder").mkdir(),
        lambda made: (made.io / "out").chmod(0o777),
        lambda made: (made.io / "out").rmdir(),
        lambda made: made.io.chmod(0o700),
        lambda made: os.setxattr(made.scratch[1], "user.left", b"behind"),
        lambda made: (made.io / "out" / "file").write_bytes(bytes(5 << 20)),
        lambda made: [(made.io / "out" / str(number)).touch() for number in range(100)],
    ],
)
def test_more_than_that_is_left_to_the_thorough_way(made, owner, change):
    change(made)
    assert not made.reset_little(owner)
    made.remove()
    assert not made.base.exists()


def test_a_link_in_a_folders_place_is_not_emptied(made, owner, tmp_path):
    (tmp_path / "kept").mkdir(mode=0o700)
    (tmp_path / "kept" / "file").touch()
    (made.io / "out").rmdir()
    (made.io / "out").symlink_to(tmp_path / "kept")
    with pytest.raises(OSError, match="Not a directory"):
        made.reset_little(owner)
    made.remove()
    assert (tmp_path / "kept" / "file").exists()
