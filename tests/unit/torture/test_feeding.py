"""The uploaders: in time, in order, and again until acknowledged."""

import time

import pytest
from obstore.store import MemoryStore

from statuette.torture.feeding import Feeding
from statuette.torture.uploads import Contents, Upload, etag


class Moody:
    """A store that refuses every second request, after it has done what was asked."""

    def __init__(self) -> None:
        self.kept: dict[str, bytes] = {}
        self.asked = 0

    def put(self, key, content, **_):
        self.asked += 1
        self.kept[key] = content
        if self.asked % 2:
            raise OSError("not today")


def fed(store, uploads, **options):
    feeding = Feeding(lambda: store, "in", uploads=uploads, contents=Contents(1), **options)
    feeding.start()
    return feeding


def waited(feeding):
    deadline = time.monotonic() + 20
    while not feeding.done and time.monotonic() < deadline:
        time.sleep(0.01)
    assert feeding.done
    return feeding.journal


def test_every_upload_is_put_until_it_is_acknowledged():
    store = Moody()
    journal = waited(fed(store, [Upload(0.0, "a", 0), Upload(0.0, "a", 1)]))
    assert journal.count == journal.failures == 2
    assert len(journal.tried["a"]) == 4
    assert journal.acknowledged["a"] == [journal.tried["a"][1], journal.tried["a"][3]]
    assert etag(store.kept["in/a"]) == journal.acknowledged["a"][-1]


def test_a_real_store_takes_them():
    store = MemoryStore()
    journal = waited(fed(store, [Upload(0.0, f"b/{number}", 0) for number in range(20)]))
    assert journal.count == 20
    assert {etag(bytes(store.get(f"in/b/{number}").bytes())) for number in range(20)} == {
        tag for tags in journal.acknowledged.values() for tag in tags
    }


@pytest.mark.parametrize("at", [0.0, 3600.0])
def test_it_can_be_given_up(at):
    class Broken:
        def put(self, *_, **__):
            raise OSError("never")

    feeding = fed(Broken(), [Upload(at, "a", 0)])
    feeding.stop()
    assert feeding.done
    assert feeding.journal.count == 0
