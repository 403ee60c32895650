"""Which leased jobs cannot be run here, and what becomes of them."""

from dataclasses import replace

import pytest

from statuette.core.managers import Managers, Several
from statuette.core.misfits import Misfits
from statuette.events.event import Event, EventKind
from statuette.events.jobs import Job, JobState, Outcome


@pytest.fixture
def job_of():
    def make(record, **event):
        return Job(
            id="cat-1", key="k", sequence=1, service=record.name, incarnation=record.incarnation,
            event=Event(kind=EventKind.RAW, **event), principal="p", state=JobState.LEASED, accepted=1.0,
        )  # fmt: skip

    return make


@pytest.fixture
def misfits(catalog, bodies, clock):
    def of(several=None):
        managers = Managers(several, catalog=catalog, ttl=10.0, clock=clock)
        return Misfits(managers=managers, bodies=bodies, most_hops=3)

    return of


async def test_most_jobs_fit(misfits, deploy, job_of, bodies):
    record = deploy()
    bodies.kept["here"] = b"x"
    assert await misfits().word(job_of(record), record) is None
    assert await misfits().word(job_of(record, payload_file="here", hops=3), record) is None


async def test_a_runaway_and_a_lost_body(misfits, deploy, job_of):
    record = deploy()
    runaway = await misfits().word(job_of(record, hops=4), record)
    lost = await misfits().word(job_of(record, payload_file="gone"), record)
    assert (runaway.outcome, lost.outcome) == (Outcome.RUNAWAY, Outcome.PLATFORM_FAULT)


async def test_a_job_of_another_life_is_cancelled_or_waits_for_who_knows_it(misfits, deploy, job_of, ledger):
    record = deploy()
    other = replace(job_of(record), incarnation="another life")
    assert (await misfits().word(other, record)).outcome is Outcome.CANCELLED
    assert await misfits().word(replace(other, revived=2.0), record) is None, "a person had it run again"
    # Another manager made the service anew; this one learns it a moment later.
    await ledger.services.add(replace(record, incarnation="another life"))
    several = Several(id="one", duties=ledger.duties, changes=ledger.changes)
    assert (await misfits(several).word(other, record)).outcome is Outcome.RETURNED
