"""What a platform may have left: found where it is."""

import os

import pytest

from statuette.torture import tree
from statuette.torture.leftovers import FOLDERS, Holdings, Places


@pytest.fixture
def places(tmp_path):
    """A platform's folders; servers that other tests share are nobody's leftovers."""
    for name in FOLDERS:
        (tmp_path / name).mkdir(parents=True)
    return Places(tmp_path, own=set(tree.beneath(os.getpid())))


def test_nothing_is_found_where_nothing_is(places):
    assert places.after_the_end() == []


def test_processes_and_folders_are_found(places, tmp_path, sleeper):
    (tmp_path / "sealed" / "ocr-1-1").mkdir()
    assert places.after_the_end() == [f"process {sleeper.pid}: sleep 60", "sealed/ocr-1-1"]
    places.own.add(sleeper.pid)
    assert places.after_the_end() == ["sealed/ocr-1-1"]


def test_holdings_that_are_gone_are_no_longer_told(tmp_path, sleeper):
    runner = tmp_path / "runner-1"
    runner.mkdir()
    held = Holdings(frozenset(tree.known([sleeper.pid])), runners=frozenset([runner])).and_(Holdings())
    assert held.still_there() == [f"process {sleeper.pid}: sleep 60", f"folder {runner}"]
    sleeper.kill()
    sleeper.wait()
    runner.rmdir()
    assert held.still_there() == []


def test_a_managers_holdings_are_what_is_beneath_it(places, tmp_path, sleeper):
    (tmp_path / FOLDERS[0] / "r1").mkdir()
    held = places.holdings(os.getpid())
    assert sleeper.pid in {pid for pid, _ in held.processes}
    assert held.runners == {tmp_path / FOLDERS[0] / "r1"}
