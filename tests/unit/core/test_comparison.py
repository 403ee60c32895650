"""Passes that leave out what is unchanged find exactly what whole passes find, whatever happens between them."""

import asyncio
import io
from dataclasses import dataclass, field
from typing import Any

from hypothesis import given, settings
from hypothesis import strategies as st

from statuette.core.catalog import Catalog
from statuette.core.commits import CommitMarks
from statuette.core.comparison import SweepCount
from statuette.core.intake import HISTORY, Intake
from statuette.core.sweep import Sweep
from statuette.events.objects import ObjectRef
from statuette.ports.jobs import JobQuery
from statuette.testing.clock import VirtualClock
from statuette.testing.ledger import MemoryLedger
from statuette.testing.store import MemoryStore

from .conftest import make_record

KEYS = [f"in/{name}" for name in ("a", "a-b", "a/1", "a/2", "b", "deep/1", "deep/2", "deep/3", "z/", "z/1")] + ["out/1"]


@dataclass
class Side:
    """One store with its sweep: `whole` compares everything each time."""

    whole: bool
    page: int
    versioned: bool
    clock: VirtualClock = field(default_factory=lambda: VirtualClock(auto=False))

    def __post_init__(self) -> None:
        self.store = MemoryStore(clock=lambda: int(self.clock.wall() * 10**9))
        self.store.page = self.page
        self.ledger = MemoryLedger(self.clock)
        self.catalog = Catalog()
        for name, folders in {"cat": ["box/in"], "dog": ["box/in", "box/in/deep"], "young": ["box/in/a"]}.items():
            since = int(self.clock.wall()) + 20 if name == "young" else 0
            self.catalog.put(make_record(name, inputs=folders, since=since))
        intake = Intake(
            ledger=self.ledger.intake, catalog=self.catalog, marks=CommitMarks(b"k" * 32), clock=self.clock,
            wake=lambda _: None,
        )  # fmt: skip
        self.sweep = Sweep(
            objects=self.store.objects, ledger=self.ledger.intake, intake=intake, catalog=self.catalog,
            clock=self.clock,
        )  # fmt: skip

    async def begin(self) -> None:
        await self.store.buckets.create("box")
        if self.versioned:
            self.store.keep_versions("box")

    async def do(self, step: tuple[str, Any]) -> SweepCount | None:
        what, given = step
        if what == "put":
            key, data = given
            await self.store.objects.put(
                ObjectRef(bucket="box", key=key), io.BytesIO(data), size=len(data), metadata={}
            )
        elif what == "remove":
            await self.store.objects.remove("box", [given])
        elif what == "wait":
            await self.clock.advance(given)
        elif what == "redeploy":
            record = self.catalog.get(given)
            self.catalog.put(make_record(given, inputs=[f"box/{feed.prefix[:-1]}" for feed in record.feeds]))
        else:
            return await self.sweep.everything(why="test", whole=self.whole)
        return None

    async def jobs(self) -> set[tuple[str, str, str, int]]:
        found = set()
        for name in ("cat", "dog", "young"):
            for job in (await self.ledger.jobs.page(JobQuery(service=name), limit=1000)).jobs:
                at = job.event.object
                found.add((name, at.key, at.version.etag, at.version.modified))
        return found

    async def seen(self) -> set[tuple[str, str]]:
        return {
            (feed.service, row.object_key)
            for feed in self.catalog.feeds()
            for row in await self.ledger.intake.seen(feed.id, after="", limit=1000)
        }


steps = st.lists(
    st.one_of(
        st.tuples(st.just("put"), st.tuples(st.sampled_from(KEYS), st.sampled_from([b"x", b"y", b"longer"]))),
        st.tuples(st.just("remove"), st.sampled_from(KEYS)),
        st.tuples(st.just("wait"), st.sampled_from([0.4, 1, 13, HISTORY + 1])),
        st.tuples(st.just("redeploy"), st.sampled_from(["cat", "dog"])),
        st.tuples(st.just("sweep"), st.none()),
        st.tuples(st.just("sweep"), st.none()),
    ),
    max_size=40,
)


@settings(max_examples=150, deadline=None)
@given(steps=steps, page=st.integers(1, 6), versioned=st.booleans())
def test_what_passes_find_is_what_whole_passes_find(steps: list[tuple[str, Any]], page: int, versioned: bool) -> None:
    asyncio.run(compare([*steps, ("wait", HISTORY + 13), ("sweep", None)], page=page, versioned=versioned))


async def compare(steps: list[tuple[str, Any]], *, page: int, versioned: bool) -> None:
    incremental = Side(whole=False, page=page, versioned=versioned)
    whole = Side(whole=True, page=page, versioned=versioned)
    for side in (incremental, whole):
        await side.begin()
    for step in steps:
        counts = [await side.do(step) for side in (incremental, whole)]
        if counts[0] is None or counts[1] is None:
            continue
        one, other = counts
        assert (one.listed, one.recovered, one.forgotten) == (other.listed, other.recovered, other.forgotten)
        assert other.unchanged == 0
        assert await incremental.jobs() == await whole.jobs()
        assert await incremental.seen() == await whole.seen()
