"""Buckets: listings without folder markers, content and mark together."""

import hashlib
import threading

from obstore.store import MemoryStore

from statuette.torture.bucket import listed, looked_at


def test_objects_are_listed_and_looked_at():
    store = MemoryStore()
    store.put("in/a", b"one", attributes={"statuette-commit": "c1.2.0.mac"})
    store.put("in/über/b", b"")
    store.put("elsewhere", b"x")
    found = looked_at(store, listed(store, "bucket/in"), stop=threading.Event())
    assert sorted(one.place for one in found) == ["bucket/in/a", "bucket/in/über/b"]
    first = next(one for one in found if one.place == "bucket/in/a")
    assert (first.commit, first.size) == ("c1.2", 3)
    assert first.sha256 == hashlib.sha256(b"one").hexdigest()
    assert next(one for one in found if one.size == 0).commit == ""
