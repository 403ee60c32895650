"""What the ledger holds, read from outside; a position put ahead."""

from statuette.adapters.ledger_sql import open_ledger
from statuette.core.watch import STREAM
from statuette.events.leases import Lease, Manifest, ManifestEntry
from statuette.testing.clock import VirtualClock
from statuette.testing.ledger_suite_parts import submitted
from statuette.torture import history


async def test_jobs_commits_and_leases_are_read_and_the_position_is_put_ahead(tmp_path):
    url = f"sqlite:///{tmp_path / 'ledger.db'}"
    async with open_ledger(url, key_file=tmp_path / "key", clock=VirtualClock()) as ledger:
        await ledger.intake.accept([submitted(), submitted()], stream=STREAM, position=1000)
        [job] = await ledger.queue.lease("reader", runner="r", limit=1, ttl=60, revision=1, script_hash="")
        manifest = Manifest(entries=(ManifestEntry(name="a", size=1, sha256="0" * 64),))
        made = await ledger.queue.commit(Lease(job=job.id, attempt=1, runner="r"), manifest)
    found = history.read(url)
    assert len(found.jobs) == 2
    assert [(commit.id, commit.job) for commit in found.commits] == [(made.id, job.id)]
    assert found.commits[0].manifest == manifest
    assert found.leases == 1
    history.put_ahead(url)
    async with open_ledger(url, key_file=tmp_path / "key", clock=VirtualClock()) as ledger:
        assert await ledger.intake.position(STREAM) == 1000 + 36 * 3600 * 10**9
