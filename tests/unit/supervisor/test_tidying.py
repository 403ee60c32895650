"""What of an earlier life's sealed folders is kept."""

import pytest

from statuette.events.jobs import Outcome
from statuette.events.leases import Lease, Manifest, ManifestEntry, Report
from statuette.supervisor.tidying import tidy
from statuette.testing.clock import VirtualClock
from statuette.testing.ledger import MemoryLedger
from statuette.testing.ledger_suite_parts import submitted

ENTRY = ManifestEntry(name="out.txt", size=1, sha256="0" * 64)


@pytest.fixture
def clock():
    return VirtualClock()


@pytest.fixture
def ledger(clock):
    return MemoryLedger(clock)


@pytest.fixture
def sealed(tmp_path):
    """Makes a sealed folder with a file in it; `left` names those that are there."""

    def make(name):
        (tmp_path / name).mkdir()
        (tmp_path / name / "out.txt").write_text("x")
        return name

    make.left = lambda: sorted(path.name for path in tmp_path.iterdir())
    return make


async def ran(ledger, *, commit=True, outcome=None):
    """A job that was run once; the name of its folder."""
    [accepted] = await ledger.intake.accept([submitted()])
    [job] = await ledger.queue.lease("reader", runner="r", limit=1, ttl=9, revision=1, script_hash="")
    lease = Lease(job=job.id, attempt=job.attempt, runner="r")
    name = f"{accepted.job}-{job.attempt}"
    if commit:
        await ledger.queue.commit(lease, Manifest(entries=(ENTRY,), sealed=name))
    if outcome:
        await ledger.queue.report(lease, Report(outcome=outcome))
    return name


@pytest.mark.parametrize("outcome", [None, Outcome.UNPUBLISHED])
async def test_what_is_still_to_be_published_is_kept(ledger, sealed, tmp_path, outcome):
    name = sealed(await ran(ledger, outcome=outcome))
    await tidy(tmp_path, ledger.jobs)
    assert sealed.left() == [name]


async def test_what_was_published_elsewhere_or_never_committed_goes(ledger, sealed, tmp_path):
    sealed(await ran(ledger, outcome=Outcome.PUBLISHED))
    sealed(await ran(ledger, commit=False))
    sealed("unknown-job-1")
    sealed("call-0123456789abcdef")
    await tidy(tmp_path, ledger.jobs)
    assert sealed.left() == []


async def test_of_a_job_that_was_run_again_only_the_last_commit_counts(ledger, clock, sealed, tmp_path):
    first = sealed(await ran(ledger, outcome=Outcome.PLATFORM_FAULT))
    await clock.advance(60)
    job = first.rpartition("-")[0]
    [again] = await ledger.queue.lease("reader", runner="r", limit=1, ttl=9, revision=1, script_hash="")
    second = sealed(f"{job}-{again.attempt}")
    lease = Lease(job=job, attempt=again.attempt, runner="r")
    await ledger.queue.commit(lease, Manifest(entries=(ENTRY,), sealed=second))
    await tidy(tmp_path, ledger.jobs)
    assert sealed.left() == [second]


async def test_a_folder_that_is_not_there_is_no_trouble(ledger, tmp_path):
    await tidy(tmp_path / "nothing", ledger.jobs)
