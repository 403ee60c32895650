"""Leases and reports: an older attempt's lease is another lease; what a report leaves open is nothing."""

from dataclasses import replace

from statuette.events.jobs import Outcome, Stage, Usage
from statuette.events.leases import Lease, Manifest, ManifestEntry, Report

LEASE = Lease(job="j", attempt=2, runner="r")


def test_a_lease_is_known_by_job_attempt_and_runner() -> None:
    lost = {LEASE}
    assert Lease(job="j", attempt=2, runner="r") in lost
    assert not lost & {replace(LEASE, attempt=1), replace(LEASE, runner="s"), replace(LEASE, job="k")}


def test_two_reports_share_no_stages() -> None:
    first, second = (Report(outcome=Outcome.RETURNED) for _ in range(2))
    first.stages[Stage.STARTED] = 1.0
    assert second.stages == {}
    assert (second.exit_code, second.usage) == (None, Usage(cpu_seconds=0.0, memory_peak=0))


def test_the_same_manifest_said_twice_is_the_same() -> None:
    entry = ManifestEntry(name="a", size=1, sha256="00")
    assert Manifest(entries=(entry,), sealed="s") == Manifest(entries=(replace(entry),), sealed="s")
    assert Manifest(entries=(entry,)) != Manifest(entries=(replace(entry, sha256="01"),))
