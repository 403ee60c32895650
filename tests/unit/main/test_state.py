"""The state folder: its owner's only, one manager's at a time, and the administrator's account in it."""

import json
import os
import stat
import subprocess
import sys
from pathlib import Path

import pytest

from statuette.main.state import (
    StateFolder,
    StateHeld,
    announce,
    credentials,
    held,
    manager_id,
    shared_credentials,
    write_private,
)
from statuette.ports.vault import Vault
from statuette.settings import Settings
from statuette.testing.clock import VirtualClock
from statuette.testing.ledger import MemoryLedger


def mode(path: Path) -> int:
    return stat.S_IMODE(path.stat().st_mode)


def settings(path: Path, **more: str) -> Settings:
    return Settings(state=path, **more)


@pytest.fixture
def state(tmp_path: Path) -> StateFolder:
    return StateFolder(tmp_path)


def test_the_folder_is_made_and_its_owner_s_only(tmp_path: Path) -> None:
    before = os.umask(0)
    try:
        with held(tmp_path / "a" / "b") as state:
            assert mode(state.path) == 0o700
            assert mode(state.path / "lock") == 0o600
            assert mode(state.folder("logs")) == 0o700
    finally:
        os.umask(before)


def test_a_folder_that_was_open_is_closed(tmp_path: Path) -> None:
    tmp_path.chmod(0o755)
    with held(tmp_path):
        assert mode(tmp_path) == 0o700


def test_a_second_holder_is_told_where_the_first_answers(tmp_path: Path) -> None:
    with held(tmp_path) as state:
        with pytest.raises(StateHeld, match="has not told yet"), held(tmp_path):
            pass
        announce(state, "http://127.0.0.1:8080", started=1.5)
        with pytest.raises(StateHeld, match=r"at http://127\.0\.0\.1:8080; statuette down"), held(tmp_path):
            pass
        assert json.loads(state.manager.read_text()) == {
            "pid": os.getpid(),
            "url": "http://127.0.0.1:8080",
            "started": 1.5,
        }


def test_the_refused_one_leaves_the_first_one_s_word(tmp_path: Path) -> None:
    with held(tmp_path) as state:
        announce(state, "http://x", started=0)
        with pytest.raises(StateHeld), held(tmp_path):
            pass
        assert state.manager.exists()
    assert not state.manager.exists()


def test_a_killed_holder_holds_nothing(tmp_path: Path) -> None:
    script = (
        "import os, sys; from pathlib import Path; from statuette.main.state import announce, held\n"
        "with held(Path(sys.argv[1])) as state:\n"
        "    announce(state, 'http://dead', started=0)\n"
        "    (state.path / 'admin.draft').write_text('{')\n"
        "    os.kill(os.getpid(), 9)\n"
    )
    ended = subprocess.run([sys.executable, "-c", script, str(tmp_path)], check=False)
    assert ended.returncode == -9
    assert (tmp_path / "manager.json").exists()
    with held(tmp_path) as state:
        username, password = credentials(state, settings(tmp_path))
        assert json.loads(state.admin.read_text()) == {"username": username, "password": password}


def test_credentials_are_generated_once_and_kept(state: StateFolder) -> None:
    first = credentials(state, settings(state.path))
    assert first[0] == "oscar"
    assert len(first[1]) >= 24
    assert mode(state.admin) == 0o600
    written = state.admin.stat().st_mtime_ns, state.admin.stat().st_ino
    assert credentials(state, settings(state.path)) == first
    assert (state.admin.stat().st_mtime_ns, state.admin.stat().st_ino) == written


def test_two_folders_get_two_passwords(tmp_path: Path) -> None:
    folders = [StateFolder(tmp_path / name) for name in "ab"]
    for folder in folders:
        folder.path.mkdir()
    first, second = (credentials(folder, settings(tmp_path))[1] for folder in folders)
    assert first != second


def test_given_credentials_win_and_are_kept(state: StateFolder) -> None:
    _, generated = credentials(state, settings(state.path))
    assert credentials(state, settings(state.path, username="ada")) == ("ada", generated)
    assert credentials(state, settings(state.path, password="s3cret")) == ("ada", "s3cret")
    assert credentials(state, settings(state.path)) == ("ada", "s3cret")


@pytest.mark.parametrize("left", ["", "{", "[]", "\0\0\0\0"])
def test_a_damaged_file_is_written_anew(state: StateFolder, left: str) -> None:
    state.admin.write_text(left)
    account = credentials(state, settings(state.path))
    assert json.loads(state.admin.read_text()) == {"username": account[0], "password": account[1]}


def test_a_private_file_is_replaced_whole_and_closed(tmp_path: Path) -> None:
    file, draft = tmp_path / "a.json", tmp_path / "a.draft"
    file.write_text("old")
    file.chmod(0o644)
    draft.write_text("half a dr")
    draft.chmod(0o666)
    before = os.umask(0)
    try:
        write_private(file, {"a": 1})
    finally:
        os.umask(before)
    assert (json.loads(file.read_text()), mode(file), draft.exists()) == ({"a": 1}, 0o600, False)


def test_a_draft_is_never_written_through_a_link(tmp_path: Path) -> None:
    target = tmp_path / "target"
    target.write_text("untouched")
    (tmp_path / "a.draft").symlink_to(target)
    write_private(tmp_path / "a.json", {"a": 1})
    assert target.read_text() == "untouched"


def test_where_things_lie(state: StateFolder) -> None:
    names = [path.name for path in (state.ledger, state.key_file, state.admin, state.manager)]
    assert names == ["ledger.db", "key", "admin.json", "manager.json"]
    assert 0 < state.free_bytes() < 2**60


def test_a_manager_s_id_lasts_as_its_folder_does(tmp_path: Path) -> None:
    for name in ("a", "b"):
        (tmp_path / name).mkdir()
    one, two = StateFolder(tmp_path / "a"), StateFolder(tmp_path / "b")
    assert manager_id(one) == manager_id(one)
    assert manager_id(one) != manager_id(two)
    assert manager_id(one).isalnum()
    assert mode(one.id_file) == 0o600


@pytest.fixture
def vault() -> Vault:
    return MemoryLedger(VirtualClock()).vault


async def test_managers_on_one_ledger_have_the_same_credentials(tmp_path: Path, vault: Vault) -> None:
    found = []
    for name in ("a", "b", "a"):
        (tmp_path / name).mkdir(exist_ok=True)
        found.append(await shared_credentials(StateFolder(tmp_path / name), settings(tmp_path), vault))
    assert len(set(found)) == 1
    assert json.loads((tmp_path / "b" / "admin.json").read_text())["password"] == found[0][1]


async def test_first_starts_at_once_agree_too(tmp_path: Path, vault: Vault) -> None:
    class Late(type(vault)):  # type: ignore[misc]
        """Nobody has written anything yet when it is read for the first time."""

        async def read(self, name: str) -> str | None:
            value, self.hidden = (None, False) if self.hidden else (await super().read(name), False)
            return value

    (tmp_path / "a").mkdir()
    first = await shared_credentials(StateFolder(tmp_path / "a"), settings(tmp_path), vault)
    late = Late(vault._book)  # type: ignore[attr-defined]
    late.hidden = True
    (tmp_path / "b").mkdir()
    assert await shared_credentials(StateFolder(tmp_path / "b"), settings(tmp_path), late) == first


async def test_what_the_settings_say_counts_and_is_told_to_the_others(tmp_path: Path, vault: Vault, caplog) -> None:
    state = StateFolder(tmp_path)
    await shared_credentials(state, settings(tmp_path), vault)
    changed = await shared_credentials(state, settings(tmp_path, username="ann", password="new"), vault)
    assert changed == ("ann", "new")
    assert "changed by the settings" in caplog.text
    assert "new" not in caplog.text
    (tmp_path / "b").mkdir()
    assert await shared_credentials(StateFolder(tmp_path / "b"), settings(tmp_path), vault) == ("ann", "new")
