"""What the environment says to the command line; empty values say nothing."""

from pathlib import Path

import pytest

from statuette.cli.environment import environment

NAMES = ("STATUETTE_STATE", "STATUETTE_ENDPOINT", "STATUETTE_USERNAME", "STATUETTE_PASSWORD", "XDG_DATA_HOME")


@pytest.fixture(autouse=True)
def bare(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in NAMES:
        monkeypatch.delenv(name, raising=False)


def test_nothing_said() -> None:
    found = environment()
    assert found.state == Path.home() / ".local" / "share" / "statuette"
    assert (found.endpoint, found.user, found.password) == (None, None, None)


def test_everything_said(monkeypatch: pytest.MonkeyPatch) -> None:
    for name, value in zip(NAMES, ("/state", "http://x", "ada", "s3cret", "/data"), strict=True):
        monkeypatch.setenv(name, value)
    found = environment()
    assert (found.state, found.endpoint, found.user, found.password) == (Path("/state"), "http://x", "ada", "s3cret")
    assert "s3cret" not in repr(found)


def test_empty_values_count_as_not_said(monkeypatch: pytest.MonkeyPatch) -> None:
    before = environment()
    for name in NAMES:
        monkeypatch.setenv(name, "")
    assert environment() == before


def test_the_state_folder_follows_the_data_folder(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("XDG_DATA_HOME", "/data")
    assert environment().state == Path("/data/statuette")
