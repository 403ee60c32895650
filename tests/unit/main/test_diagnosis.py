"""The doctor's findings: what is said of the store, the ledger and the disk, and what mends it."""

from pathlib import Path
from typing import Any

from statuette.main.diagnosis import diagnosis
from statuette.settings import Settings


def found(state: Path, **more: Any) -> dict[str, dict[str, Any]]:
    return {str(check["name"]): check for check in diagnosis(Settings(state=state, **more))}


def test_a_machine_as_it_is(tmp_path: Path) -> None:
    checks = diagnosis(Settings(state=tmp_path, least_free=1))
    assert all(set(check) == {"name", "ok", "words", "fix", "needed"} for check in checks)
    assert [check["name"] for check in checks[:3]] == ["store", "ledger", "disk"]
    names = [check["name"] for check in checks]
    assert {"bubblewrap", "namespaces"} <= set(names)
    assert len(names) == len(set(names))


def test_asking_changes_nothing(tmp_path: Path) -> None:
    found(tmp_path / "state")
    assert list(tmp_path.iterdir()) == []


def test_an_attached_store_is_named_and_its_key_is_not(tmp_path: Path) -> None:
    check = found(tmp_path, store_endpoint="http://s3.test", store_secret_key="s3cret")["store"]
    assert (check["ok"], check["words"], check["fix"]) == (True, "attached: http://s3.test", "")


def test_which_ledger(tmp_path: Path) -> None:
    assert found(tmp_path)["ledger"]["words"] == "SQLite in the state folder"
    check = found(tmp_path, ledger="postgresql://ada:s3cret@db/x")["ledger"]
    assert (check["ok"], check["words"]) == (True, "PostgreSQL")


def test_a_disk_without_room(tmp_path: Path) -> None:
    check = found(tmp_path, least_free=2**59)["disk"]
    assert check["ok"] is False
    assert check["fix"] == "make room: under 536870912.0 GiB no work is handed out"
    assert "GiB free" in check["words"]


def test_the_disk_of_a_folder_that_is_not_there_yet(tmp_path: Path) -> None:
    state = tmp_path / "not" / "yet"
    check = found(state, least_free=1)["disk"]
    assert check["ok"] is True
    assert check["fix"] == ""
    assert str(state) in check["words"]
