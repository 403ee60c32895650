"""The twin is the model: any sequence of calls gives the same answers and the same ledger on SQLite and PostgreSQL."""

import asyncio
import tempfile
from collections.abc import Callable, Coroutine
from contextlib import AbstractContextManager
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from statuette.adapters.ledger_sql import open_ledger
from statuette.events.jobs import Job, JobState, Outcome, Retries
from statuette.events.leases import Commit, Lease, Report
from statuette.ports.errors import Fault
from statuette.ports.intake import Arrival
from statuette.ports.jobs import JobQuery
from statuette.testing.clock import VirtualClock
from statuette.testing.ledger import MemoryLedger
from statuette.testing.ledger_suite_parts import (
    NOW,
    Ledger,
    Made,
    feed_of,
    lease_of,
    manifest,
    new_job,
    record_of,
)

SERVICES = ("reader", "other")
FEEDS = {"reader": "feed-1", "other": "feed-2"}
Step = Callable[["Player"], Coroutine[Any, Any, Any]]


@dataclass(slots=True)
class Player:
    """One of the two ledgers, with the leases it gave out. `stretch` is what a lease's length is multiplied by."""

    ledger: Ledger
    clock: VirtualClock
    stretch: float = 1.0
    leases: list[Lease] = field(default_factory=list)
    jobs: list[str] = field(default_factory=list)

    def lease(self, choice: int) -> Lease:
        return self.leases[choice % len(self.leases)] if self.leases else Lease(job="nobody", attempt=1, runner="r")


def plain(value: Any) -> Any:
    """An answer with the random names of commits taken out."""
    if isinstance(value, Job):
        return replace(value, commit="commit" if value.commit else "")
    if isinstance(value, Commit):
        return replace(value, id="commit")
    if isinstance(value, (list, tuple)):
        return [plain(part) for part in value]
    return value


@st.composite
def accepting(draw: st.DrawFn) -> Step:
    arrivals = draw(st.lists(arrival(), min_size=1, max_size=6))
    position = draw(st.none() | st.integers(0, 50))

    async def step(player: Player) -> Any:
        answer = await player.ledger.intake.accept(arrivals, stream="filer", position=position)
        player.jobs += [one.job for one in answer if one.new and one.job]
        return answer

    return step


@st.composite
def arrival(draw: st.DrawFn) -> Arrival:
    service, name = draw(st.sampled_from(SERVICES)), draw(st.sampled_from("abc"))
    made = Made(
        key=draw(st.sampled_from([f"k{number}" for number in range(40)])),
        service=service,
        name=f"in/{name}",
        lane=draw(st.sampled_from(["", f"{service}/{name}", f"{service}/{name}"])),
        priority=draw(st.integers(-1, 1)),
        principal=draw(st.sampled_from(["alice", "bob"])),
        retries=Retries(
            script=draw(st.integers(0, 1)),
            runner=1,
            delay=2.0,
            max_age=draw(st.sampled_from([0.0, 20.0])),
            final=draw(st.sampled_from([(), (2,)])),
        ),
        modified=draw(st.sampled_from([None, 1, 2, 3])),
        deadline=draw(st.sampled_from([0.0, 0.0, NOW + 2, NOW + 8])),
        supersede=draw(st.booleans()),
    )
    job = draw(st.sampled_from([new_job(made)] * 4 + [None]))
    if draw(st.booleans()) and job:
        return Arrival(job=job)
    identities = tuple(draw(st.lists(st.sampled_from([f"e:{number}" for number in range(12)]), max_size=2)))
    return Arrival(job=job, feed=FEEDS[service], object_key=f"in/{name}", identities=identities, modified=3)


@st.composite
def leasing(draw: st.DrawFn) -> Step:
    service, limit = draw(st.sampled_from([*SERVICES, *SERVICES, ""])), draw(st.integers(0, 4))
    ttl = draw(st.sampled_from([1.0, 5.0]))

    async def step(player: Player) -> Any:
        jobs = await player.ledger.queue.lease(
            service, runner="r", limit=limit, ttl=ttl * player.stretch, revision=2, script_hash="cafe"
        )
        player.leases += [lease_of(job) for job in jobs]
        return jobs

    return step


@st.composite
def working(draw: st.DrawFn) -> Step:
    choice, older = draw(st.integers(0, 50)), draw(st.sampled_from([0, 0, 0, 0, 1]))
    outcome = draw(st.sampled_from(Outcome))
    names = draw(st.lists(st.sampled_from("xyz"), unique=True))
    what = draw(st.sampled_from(["commit", "report", "report", "renew"]))

    async def step(player: Player) -> Any:
        lease = player.lease(choice)
        lease = replace(lease, attempt=lease.attempt - older)
        if what == "commit":
            return await player.ledger.queue.commit(lease, manifest(*names))
        if what == "renew":
            started = {lease.job: NOW + 1} if names else {}
            both, ttl = [lease, player.lease(choice + 1)], 5.0 * player.stretch
            return await player.ledger.queue.renew(both, ttl=ttl, started=started)
        return await player.ledger.queue.report(lease, Report(outcome=outcome, exit_code=choice % 3, reason="why"))

    return step


@st.composite
def intervening(draw: st.DrawFn) -> Step:
    what, choice = draw(st.sampled_from(["cancel", "revive", "prune"])), draw(st.integers(0, 9))
    service, ages = draw(st.sampled_from(SERVICES)), draw(st.tuples(*[st.integers(0, 40)] * 2))
    stride = draw(st.sampled_from([1, 2, 5, 9]))

    async def step(player: Player) -> Any:
        people, mine = player.ledger.interventions, player.jobs[choice % stride :: stride]
        if what == "cancel":
            return await people.cancel(service, mine, reason=f"why {choice}")
        if what == "revive":
            return await people.revive(service, mine)
        now = player.clock.wall()
        return await people.prune(ended_before=now - ages[0], dead_before=now - ages[1], limit=choice)

    return step


@st.composite
def taking_duties(draw: st.DrawFn) -> Step:
    duty, holder = draw(st.sampled_from(["sweep", "stream"])), draw(st.sampled_from(["one", "two"]))
    ttl, leaving = draw(st.sampled_from([1.0, 4.0])), draw(st.integers(0, 3)) == 0

    async def step(player: Player) -> Any:
        if leaving:
            return await player.ledger.duties.leave(duty, holder=holder)
        return await player.ledger.duties.take(duty, holder=holder, ttl=ttl * player.stretch)

    return step


@st.composite
def tidying(draw: st.DrawFn) -> Step:
    what, choice = draw(st.sampled_from(["remove", "forget", "drop", "expire", "everything"])), draw(st.integers(0, 9))
    service = draw(st.sampled_from(SERVICES))

    async def step(player: Player) -> Any:
        if what == "remove":
            return await player.ledger.jobs.remove(service, player.jobs[choice::3])
        if what == "forget":
            return await player.ledger.intake.forget(FEEDS[service], ["in/a", "in/b"][: choice % 3])
        if what == "drop":
            return await player.ledger.services.remove(service) if choice == 0 else None
        back = await player.ledger.queue.expire(everything=what == "everything" and choice < 3)
        return sorted(back, key=lambda job: job.id)

    return step


@st.composite
def waiting(draw: st.DrawFn) -> Step:
    seconds = draw(st.sampled_from([0.5, 1.0, 3.0, 30.0]))

    async def step(player: Player) -> Any:
        await player.clock.advance(seconds)

    return step


async def whole(ledger: Ledger) -> Any:
    """All that can be asked of a ledger."""
    told: list[Any] = [dict(await ledger.jobs.backlog()), await ledger.intake.position("filer")]
    for service in SERVICES:
        told.append(await ledger.intake.seen(FEEDS[service], after="", limit=1000))
        for query in (
            JobQuery(service=service),
            JobQuery(service=service, principal="bob"),
            JobQuery(service=service, states=frozenset({JobState.QUEUED, JobState.FAILED})),
            JobQuery(service=service, object="ocr/in/a"),
        ):
            page = await ledger.jobs.page(query, limit=1000)
            told += [page.jobs, [await ledger.jobs.history(job.id) for job in page.jobs]]
    return plain(told)


async def _answer(step: Step, player: Player) -> Any:
    try:
        return plain(await step(player))
    except Fault as fault:
        return type(fault)


async def _play(steps: list[Step], url: str, folder: Path) -> None:
    """On PostgreSQL leases go by the database's clock, which no test can turn: there they outlast the test."""
    clocks = VirtualClock(start=NOW), VirtualClock(start=NOW)
    real = url.startswith("postgresql")
    stretch, lease_clock = (1000.0, lambda: 0.0) if real else (1.0, clocks[0].monotonic)
    async with open_ledger(url, key_file=folder / "key", clock=clocks[1]) as kept:
        model = Player(MemoryLedger(clocks[0], lease_clock), clocks[0], stretch)
        tried = Player(kept, clocks[1], stretch)
        for player in (model, tried):
            for service in SERVICES:
                await player.ledger.services.add(record_of(service, feeds=(feed_of(service, FEEDS[service]),)))
        for step in steps:
            assert await _answer(step, tried) == await _answer(step, model)
        assert await whole(tried.ledger) == await whole(model.ledger)


WORK = [accepting(), accepting(), leasing(), leasing(), working(), working(), working(), tidying(), waiting()]
STEPS = st.one_of(*WORK, intervening(), intervening(), taking_duties())
GAMES = st.lists(STEPS, min_size=15, max_size=60)
PATIENT = settings(deadline=None, suppress_health_check=[HealthCheck.too_slow, HealthCheck.data_too_large])


@settings(PATIENT, max_examples=25)
@given(steps=GAMES)
def test_sqlite_does_as_the_twin_does(steps: list[Step]) -> None:
    with tempfile.TemporaryDirectory() as folder:
        asyncio.run(_play(steps, f"sqlite:///{folder}/ledger.db", Path(folder)))


@settings(PATIENT, max_examples=10)
@given(steps=GAMES)
def test_postgresql_does_as_the_twin_does(
    postgres_server: Callable[[], AbstractContextManager[str]], steps: list[Step]
) -> None:
    with tempfile.TemporaryDirectory() as folder, postgres_server() as url:
        asyncio.run(_play(steps, url, Path(folder)))
