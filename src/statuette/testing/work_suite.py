"""What every plug of `Work` keeps: `WorkSuite`, over a platform that hands work out to the runner `r1`.

A test module subclasses it and gives it the fixture `house`, whose service stores what it makes in `box/out`.
"""

import asyncio
import hashlib
from pathlib import Path
from typing import Protocol

import pytest

from statuette.events.event import Event, EventKind
from statuette.events.jobs import JobState, Outcome, Stage, Usage
from statuette.events.leases import Lease, Manifest, ManifestEntry, Report
from statuette.events.objects import ObjectRef, ObjectVersion
from statuette.events.sealed import SealedFolder
from statuette.ports.errors import DiskFull, Fault, LeaseLost, LedgerUnavailable, UnsafeOutput
from statuette.ports.work import Assignment, Work

RUNNER = "r1"
SECRET = "token-of-cat"  # noqa: S105 - a twin's
DONE = Report(outcome=Outcome.PUBLISHED, exit_code=0)
SHA = hashlib.sha256(b"x").hexdigest()


class House(Protocol):
    """A platform as the suite needs it; `work` is what is tried."""

    work: Work

    async def job(self, event: Event) -> str:
        """Queue a job; its id."""

    async def large(self, data: bytes) -> Event:
        """An event whose body lies in a file of the platform's."""

    def call(self, event: Event) -> str:
        """Have somebody call; the call's id."""

    async def answered(self, call: str) -> tuple[Report, str]:
        """What the caller gets, and the folder with it."""

    async def state(self, job: str) -> JobState: ...

    async def stages(self, job: str) -> dict[Stage, float]: ...

    async def expire(self) -> None:
        """Let every lease run out."""

    def withdraw(self, lease: Lease) -> None:
        """Have a run ended."""

    def dismiss(self) -> None:
        """Have the runner end when it is free."""

    def fail(self, fault: type[Fault]) -> None:
        """Let the ledger answer the next word with a fault."""


def manifest_of(lease: Lease, *names: str) -> Manifest:
    """A manifest as this lease's supervisor makes it."""
    entries = tuple(ManifestEntry(name=name, size=1, sha256=SHA) for name in names)
    return Manifest(entries=entries, sealed=f"{lease.job}-{lease.attempt}")


def raw(payload: bytes = b"x") -> Event:
    """An event that is its payload."""
    return Event(kind=EventKind.RAW, payload=payload, principal="alice")


def stored(key: str = "in/a") -> Event:
    """An event of the store's."""
    version = ObjectVersion(etag="e1", size=3, modified=1000)
    ref = ObjectRef(bucket="box", key=key, version=version)
    return Event(kind=EventKind.STORAGE, object=ref, document="{}", time="2026-01-01T00:00:00Z", principal="alice")


def payload_of(assignment: Assignment) -> bytes:
    """The body, wherever it is."""
    if assignment.payload_path:
        return Path(assignment.payload_path).read_bytes()
    return assignment.payload or assignment.event.payload


class WorkSuite:
    """Tests of a `Work`."""

    async def one(self, house: House) -> Assignment:
        """Lease one piece of work."""
        [assignment] = await asyncio.wait_for(house.work.lease(RUNNER), 10)
        return assignment

    async def test_a_job_comes_with_all_that_its_run_needs(self, house: House) -> None:
        event = stored()
        job = await house.job(event)
        given = await self.one(house)
        assert given.lease == Lease(job=job, attempt=1, runner=RUNNER)
        assert (given.service, given.call, given.resume, given.stage_in) == ("cat", "", None, True)
        assert (given.timeout, given.publish_on_failure) == (77.0, False)
        assert (given.event, given.secrets) == (event, (SECRET,))
        assert given.variables == {"JOB_UUID": job}

    @pytest.mark.parametrize("payload", [b"", b"hello", bytes(range(256)) * 100])
    async def test_a_body_arrives_byte_by_byte(self, house: House, payload: bytes) -> None:
        await house.job(raw(payload))
        assert payload_of(await self.one(house)) == payload

    async def test_a_body_in_a_file_arrives_too_and_goes_with_the_last_word(self, house: House) -> None:
        data = bytes(range(256)) * 10_000
        await house.job(await house.large(data))
        given = await self.one(house)
        assert await asyncio.to_thread(payload_of, given) == data
        await house.work.report(given.lease, DONE)
        assert not await asyncio.to_thread(Path(given.payload_path).exists)

    async def test_who_asks_waits_and_gets_what_comes(self, house: House) -> None:
        leasing = asyncio.create_task(house.work.lease(RUNNER))
        await asyncio.sleep(0.3)
        assert not leasing.done()
        job = await house.job(raw())
        [given] = await asyncio.wait_for(leasing, 10)
        assert given.lease.job == job

    async def test_nothing_more_means_end(self, house: House) -> None:
        leasing = asyncio.create_task(house.work.lease(RUNNER))
        await asyncio.sleep(0.1)
        house.dismiss()
        assert list(await asyncio.wait_for(leasing, 10)) == []

    async def test_a_renewed_lease_lives_on_and_a_lost_one_is_named(self, house: House) -> None:
        job = await house.job(raw())
        lease = (await self.one(house)).lease
        assert list(await house.work.renew([lease], started={job: 5.0})) == []
        assert (await house.stages(job))[Stage.STARTED] == 5.0
        await house.expire()
        assert list(await house.work.renew([lease], started={})) == [lease]

    async def test_a_lost_lease_says_nothing_any_more(self, house: House) -> None:
        job = await house.job(raw())
        lease = (await self.one(house)).lease
        await house.expire()
        with pytest.raises(LeaseLost):
            await house.work.commit(lease, manifest_of(lease, "a"))
        with pytest.raises(LeaseLost):
            await house.work.report(lease, DONE)
        assert await house.state(job) is JobState.RETRYING

    async def test_a_commit_says_where_to_upload_page_by_page(self, house: House) -> None:
        job = await house.job(raw())
        lease = (await self.one(house)).lease
        manifest = manifest_of(lease, *(f"d/{number}" for number in range(1100)))
        page, uploads = await house.work.commit(lease, manifest), []
        first = page
        while True:
            uploads += [(upload.name, upload.target.bucket, upload.target.key) for upload in page.uploads]
            assert page.commit == first.commit
            if page.next is None:
                break
            page = await house.work.commit(lease, manifest, page=page.next)
        assert uploads == [(entry.name, "box", f"out/{entry.name}") for entry in manifest.entries]
        assert first.commit.manifest == manifest
        assert await house.work.commit(lease, manifest) == first
        assert all(upload.metadata["statuette-commit"] for upload in first.uploads)
        assert await house.state(job) is JobState.COMMITTED

    async def test_an_output_that_no_store_can_hold_commits_nothing(self, house: House) -> None:
        job = await house.job(raw())
        lease = (await self.one(house)).lease
        with pytest.raises(UnsafeOutput, match="1024"):
            await house.work.commit(lease, manifest_of(lease, "/".join(["p" * 200] * 6)))
        assert await house.state(job) is JobState.LEASED
        await house.work.report(lease, Report(outcome=Outcome.BAD_OUTPUT, reason="too long"))
        assert await house.state(job) is JobState.FAILED

    async def test_the_last_word_is_kept(self, house: House) -> None:
        job = await house.job(raw())
        lease = (await self.one(house)).lease
        report = Report(
            outcome=Outcome.PUBLISHED, exit_code=0, stages={Stage.SEALED: 2.5}, usage=Usage(cpu_seconds=0.5)
        )
        await house.work.commit(lease, manifest_of(lease, "a"))
        await house.work.report(lease, report)
        assert await house.state(job) is JobState.PUBLISHED
        assert (await house.stages(job))[Stage.SEALED] == 2.5

    @pytest.mark.parametrize("fault", [LedgerUnavailable, DiskFull])
    async def test_a_fault_is_told_by_its_class_and_the_word_can_be_said_again(
        self, house: House, fault: type[Fault]
    ) -> None:
        job = await house.job(raw())
        lease = (await self.one(house)).lease
        house.fail(fault)
        with pytest.raises(fault):
            await house.work.renew([lease], started={})
        house.fail(fault)
        with pytest.raises(fault):
            await house.work.report(lease, DONE)
        await house.work.report(lease, DONE)
        assert await house.state(job) is JobState.PUBLISHED

    async def test_withdrawals_are_heard(self, house: House) -> None:
        heeding = asyncio.create_task(house.work.cancelled(RUNNER))
        await asyncio.sleep(0.3)
        assert not heeding.done()
        await house.job(raw())
        lease = (await self.one(house)).lease
        house.withdraw(lease)
        assert list(await asyncio.wait_for(heeding, 10)) == [lease]

    async def test_a_call_is_answered_with_files(self, house: House, tmp_path: Path) -> None:
        call = house.call(raw(b"{}"))
        given = await self.one(house)
        assert (given.call, payload_of(given), 0 < given.timeout <= 30) == (call, b"{}", True)
        page = await house.work.commit(
            given.lease, Manifest(entries=(ManifestEntry(name="a/b.txt", size=1, sha256=""),))
        )
        assert [upload.target.key for upload in page.uploads] == ["out/a/b.txt"]
        sealed = SealedFolder(tmp_path / f"call-{call}")
        files = {"a/b.txt": b"1", "big": b"\n" * 3_000_000, "empty": b"", 'odd "name" \x7f ü': b"2"}
        for name, data in files.items():
            (sealed.out / name).parent.mkdir(parents=True, exist_ok=True)
            (sealed.out / name).write_bytes(data)
        sealed.stream("stdout").write_bytes(b"long words")
        report = Report(outcome=Outcome.PUBLISHED, exit_code=0, stderr=b"\xff short")
        await house.work.report(given.lease, report, sealed=str(sealed.path))
        told, folder = await house.answered(call)
        assert told == report
        got = SealedFolder(Path(folder))
        found = {path.relative_to(got.out).as_posix(): path for path in got.out.rglob("*") if path.is_file()}
        assert {name: path.read_bytes() for name, path in found.items()} == files
        assert got.stream("stdout").read_bytes() == b"long words"

    async def test_a_call_without_files_is_answered_by_its_report(self, house: House) -> None:
        call = house.call(raw(b"{}"))
        lease = (await self.one(house)).lease
        report = Report(outcome=Outcome.SCRIPT_FAILED, exit_code=3, reason="exit code 3", stdout=b"said")
        await house.work.report(lease, report)
        assert await house.answered(call) == (report, "")
