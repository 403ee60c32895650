"""A sealed folder counts as long as its job's upload may be gone on with from it."""

import pytest

from statuette.core.sealed import SealedNeeds
from statuette.events.jobs import Outcome
from statuette.events.leases import Lease, Manifest, ManifestEntry, Report
from statuette.testing.ledger_suite_parts import submitted


@pytest.fixture
async def leased(ledger):
    await ledger.intake.accept([submitted(service="cat")])
    [job] = await ledger.queue.lease("cat", runner="r", limit=1, ttl=60, revision=1, script_hash="")
    return Lease(job=job.id, attempt=job.attempt, runner="r")


def manifest(sealed):
    return Manifest(entries=(ManifestEntry(name="a", size=1, sha256="0" * 64),), sealed=sealed)


async def test_the_folder_of_the_commit_that_counts_is_needed_until_the_job_has_ended(ledger, leased):
    needs, name = SealedNeeds(ledger.jobs), f"{leased.job}-1"
    assert not await needs.needed(name), "nothing is committed yet"
    await ledger.queue.commit(leased, manifest(name))
    await ledger.queue.report(leased, Report(outcome=Outcome.UNPUBLISHED))
    assert await needs.needed(name)
    assert not await needs.needed(f"{leased.job}-2"), "another attempt's"


async def test_nothing_is_needed_of_a_job_that_has_ended_or_is_gone(ledger, leased):
    needs, name = SealedNeeds(ledger.jobs), f"{leased.job}-1"
    await ledger.queue.commit(leased, manifest(name))
    await ledger.queue.report(leased, Report(outcome=Outcome.PUBLISHED))
    assert not await needs.needed(name)
    assert not await needs.needed("call-4711")
