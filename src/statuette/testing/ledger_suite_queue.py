"""What every `QueueLedger` keeps."""

import asyncio

import pytest

from statuette.events.jobs import Job, JobState, Outcome, Retries, Stage, Usage
from statuette.events.leases import Commit, Lease, Report
from statuette.ports.errors import LeaseLost
from statuette.testing.ledger_suite_parts import NOW, House, lease_of, manifest, submitted


class LeaseSuite:
    """Handing out."""

    async def test_a_leased_job_is_its_next_attempt(self, house: House) -> None:
        [name] = await house.accept(submitted())
        [job] = await house.lease(runner="r7")
        assert (job.id, job.state, job.attempt, job.runner) == (name, JobState.LEASED, 1, "r7")
        assert job.stages[Stage.LEASED] == NOW
        assert await house.ledger.jobs.get(name) == job

    async def test_priority_goes_first_then_the_order_of_arrival(self, house: House) -> None:
        ids = await house.accept(*(submitted(priority=priority) for priority in (0, 5, -1, 5)))
        assert [job.id for job in await house.lease(limit=9)] == [ids[1], ids[3], ids[0], ids[2]]

    async def test_nobody_gets_what_another_has(self, house: House) -> None:
        ids = await house.accept(*(submitted() for _ in range(40)))
        batches = await asyncio.gather(*(house.lease(limit=3, runner=f"r{number}") for number in range(20)))
        taken = [job.id for batch in batches for job in batch]
        assert sorted(taken) == sorted(ids)

    async def test_a_service_gets_only_its_own(self, house: House) -> None:
        await house.accept(submitted(service="other"))
        assert not await house.lease("reader")
        assert not await house.lease("other", limit=0)
        assert len(await house.lease("other", limit=5)) == 1

    async def test_a_retry_waits_until_it_is_due(self, house: House) -> None:
        await house.accept(submitted(retries=Retries(script=1, delay=10.0)))
        [job] = await house.lease()
        after = await house.run(job, Outcome.SCRIPT_FAILED, exit_code=3)
        assert after.state is JobState.RETRYING
        assert NOW + 5 <= after.not_before < NOW + 10  # the wait is jittered
        await house.clock.advance(after.not_before - NOW - 0.01)
        assert not await house.lease()
        await house.clock.advance(10)
        [again] = await house.lease()
        assert again.attempt == 2

    async def test_retries_keep_their_place_among_the_others(self, house: House) -> None:
        first, second = await house.accept(submitted(retries=Retries(script=1, delay=10.0)), submitted())
        [job] = await house.lease()
        await house.run(job, Outcome.SCRIPT_FAILED, exit_code=3)
        await house.clock.advance(10)
        assert [job.id for job in await house.lease(limit=2)] == [first, second]


class FencingSuite:
    """An older attempt changes nothing."""

    async def test_every_write_of_an_older_attempt_is_refused(self, house: House) -> None:
        await house.accept(submitted())
        [job] = await house.lease()
        await house.run(job, Outcome.RETURNED)
        [newer] = await house.lease(runner="r2")
        with pytest.raises(LeaseLost):
            await house.ledger.queue.commit(lease_of(job), manifest("a"))
        with pytest.raises(LeaseLost):
            await house.run(job)
        lost = await house.ledger.queue.renew([lease_of(job), lease_of(newer)], ttl=9, started={})
        assert lost == [lease_of(job)]
        assert await house.ledger.jobs.get(job.id) == newer

    async def test_what_has_ended_or_never_was_is_refused(self, house: House) -> None:
        await house.accept(submitted())
        [job] = await house.lease()
        await house.run(job)
        for lease in (lease_of(job), Lease(job="nobody", attempt=1, runner="r")):
            with pytest.raises(LeaseLost):
                await house.run_lease(lease)
            assert await house.ledger.queue.renew([lease], ttl=9, started={}) == [lease]

    async def test_refusals_do_not_harm_what_is_written_beside_them(self, house: House) -> None:
        await house.accept(*(submitted() for _ in range(10)))
        jobs = await house.lease(limit=10)
        stale = [Lease(job=job.id, attempt=0, runner="r") for job in jobs]
        reports = [house.run_lease(lease) for pair in zip(stale, map(lease_of, jobs), strict=True) for lease in pair]
        answers = await asyncio.gather(*reports, return_exceptions=True)
        assert [type(answer) for answer in answers] == [LeaseLost, Job] * 10


class RenewalSuite:
    """Leases end unless they are renewed."""

    async def test_what_ran_out_is_taken_back_and_runs_again(self, house: House) -> None:
        await house.accept(submitted(retries=Retries(delay=4.0)))
        [job] = await house.lease()
        assert await house.ledger.queue.expire() == []
        await house.outlast(house.seconds)
        [back] = await house.ledger.queue.expire()
        assert (back.id, back.state, back.faults) == (job.id, JobState.RETRYING, {Outcome.PLATFORM_FAULT: 1})
        assert await house.ledger.queue.expire() == []
        with pytest.raises(LeaseLost):
            await house.run(job)
        await house.clock.advance(1000)
        assert (await house.lease())[0].attempt == 2

    async def test_a_clock_set_back_makes_nobody_wait_longer(self, house: House) -> None:
        await house.accept(submitted(retries=Retries(script=1, delay=10.0)))
        [job] = await house.lease()
        await house.run(job, Outcome.SCRIPT_FAILED, exit_code=3)
        house.clock.set_back(86_400)
        await house.clock.advance(11)
        assert not await house.lease(), "the wait ends in a day"
        await house.ledger.queue.expire()
        assert not await house.lease()
        await house.clock.advance(10)
        assert (await house.lease())[0].attempt == 2

    async def test_what_was_due_before_the_clock_was_set_back_is_not_forgotten(self, house: House) -> None:
        await house.accept(*(submitted(retries=Retries(script=1, delay=10.0)) for _ in range(2)))
        house.clock.set_back(-86_400)
        for job in await house.lease(limit=2):
            await house.run(job, Outcome.SCRIPT_FAILED, exit_code=3)
        await house.clock.advance(11)
        [first] = await house.lease(limit=1)
        house.clock.set_back(86_400)
        await house.ledger.queue.expire()
        await house.clock.advance(11)
        [second] = await house.lease(limit=2)
        assert (first.attempt, second.attempt) == (2, 2)
        assert first.id != second.id

    async def test_a_renewed_lease_goes_on(self, house: House) -> None:
        await house.accept(submitted(), submitted())
        kept, lost = await house.lease(limit=2)
        assert await house.ledger.queue.renew([lease_of(kept)], ttl=1000, started={kept.id: NOW + 1}) == []
        await house.outlast(house.seconds)
        assert [job.id for job in await house.ledger.queue.expire()] == [lost.id]
        job = await house.ledger.jobs.get(kept.id)
        assert job is not None
        assert (job.state, job.stages[Stage.STARTED]) == (JobState.STARTED, NOW + 1)

    async def test_a_new_manager_takes_everything_back(self, house: House) -> None:
        await house.accept(*(submitted() for _ in range(3)))
        jobs = await house.lease(limit=2)
        back = await house.ledger.queue.expire(everything=True)
        assert {job.id for job in back} == {job.id for job in jobs}
        assert (await house.ledger.jobs.backlog())["reader"].queued == 3

    async def test_a_committed_job_is_taken_up_where_it_was(self, house: House) -> None:
        await house.accept(submitted())
        [job] = await house.lease()
        made = await house.ledger.queue.commit(lease_of(job), manifest("a"))
        [back] = await house.ledger.queue.expire(everything=True)
        assert back.state is JobState.UNPUBLISHED
        [again] = await house.lease("", runner="r2")
        assert (again.state, again.attempt, again.commit) == (JobState.COMMITTED, 2, made.id)
        assert await house.ledger.queue.commit(lease_of(again), manifest("a")) == made


class CommitSuite:
    """One attempt's outputs count."""

    async def test_a_commit_counts_and_is_said_again_the_same(self, house: House) -> None:
        job, made = await self._committed(house, "a", "b")
        again = await house.ledger.queue.commit(lease_of(job), manifest("a", "b"))
        assert again == made
        assert (made.job, made.generation, made.stale) == (job.id, 1, ())
        kept = await house.ledger.jobs.get(job.id)
        assert kept is not None
        assert (kept.state, kept.commit, kept.generation) == (JobState.COMMITTED, made.id, 1)

    async def test_said_twice_at_once_there_is_one_commit(self, house: House) -> None:
        await house.accept(submitted())
        [job] = await house.lease()
        calls = [house.ledger.queue.commit(lease_of(job), manifest("a")) for _ in range(5)]
        assert len({made.id for made in await asyncio.gather(*calls)}) == 1

    async def test_the_next_generation_lists_what_only_earlier_ones_had(self, house: House) -> None:
        job, _ = await self._committed(house, "a", "b")
        for names, stale in ((("b", "c"), ("a",)), (("d",), ("a", "b", "c"))):
            await house.run(job, Outcome.PLATFORM_FAULT)
            await house.clock.advance(1000)
            [job] = await house.lease()
            made = await house.ledger.queue.commit(lease_of(job), manifest(*names))
            assert made.stale == stale
        assert made.generation == 3

    async def test_thousands_of_files_are_no_trouble(self, house: House) -> None:
        names = [f"folder/{number:05}" for number in range(5000)]
        job, made = await self._committed(house, *names)
        _, kept = await house.ledger.jobs.history(job.id)
        assert kept == made

    async def _committed(self, house: House, *names: str) -> tuple[Job, Commit]:
        await house.accept(submitted())
        [job] = await house.lease()
        return job, await house.ledger.queue.commit(lease_of(job), manifest(*names))


class ReportSuite:
    """Last words."""

    async def test_a_published_job_has_ended(self, house: House) -> None:
        await house.accept(submitted())
        [job] = await house.lease()
        await house.ledger.queue.commit(lease_of(job), manifest("a"))
        await house.clock.advance(3)
        after = await house.run(job)
        assert (after.state, after.ended, after.exit_code) == (JobState.PUBLISHED, NOW + 3, 0)
        assert await house.ledger.jobs.get(job.id) == after

    async def test_an_upload_that_could_not_be_made_is_tried_again_when_due(self, house: House) -> None:
        await house.accept(submitted(retries=Retries(delay=5.0)))
        [job] = await house.lease()
        await house.ledger.queue.commit(lease_of(job), manifest("a"))
        after = await house.run(job, Outcome.UNPUBLISHED)
        assert (after.state, await house.lease(""), await house.lease()) == (JobState.UNPUBLISHED, [], [])
        await house.clock.advance(5)
        [again] = await house.lease("")
        assert (await house.run(again)).state is JobState.PUBLISHED

    async def test_the_attempt_keeps_how_it_ended(self, house: House) -> None:
        await house.accept(submitted())
        [job] = await house.lease()
        stages = {Stage.STARTED: NOW + 1, Stage.ENDED: NOW + 2}
        usage = Usage(cpu_seconds=1.5, memory_peak=2**33)
        word = Report(outcome=Outcome.SCRIPT_FAILED, exit_code=3, reason="exit code 3", stages=stages, usage=usage)
        after = await house.ledger.queue.report(lease_of(job), word)
        [attempt], commit = await house.ledger.jobs.history(job.id)
        assert commit is None
        assert (attempt.outcome, attempt.exit_code, attempt.reason) == (Outcome.SCRIPT_FAILED, 3, "exit code 3")
        assert (attempt.number, attempt.runner, attempt.revision, attempt.script_hash) == (1, "r1", 1, "cafe")
        assert (attempt.leased, attempt.ended, attempt.usage, attempt.stages) == (NOW, NOW, usage, after.stages)
        assert after.stages | stages == after.stages


class LaneSuite:
    """One after another."""

    async def test_a_lane_runs_one_job_at_a_time_in_order(self, house: House) -> None:
        ids = await house.accept(*(submitted(lane="l") for _ in range(3)))
        for name in ids:
            [job] = await house.lease(limit=5)
            assert job.id == name
            await house.run(job)
        assert not await house.lease(limit=5)

    async def test_a_retry_keeps_the_lane(self, house: House) -> None:
        first, second = await house.accept(submitted(lane="l", retries=Retries(script=1)), submitted(lane="l"))
        [job] = await house.lease()
        await house.run(job, Outcome.SCRIPT_FAILED, exit_code=1)
        await house.clock.advance(10)
        [job] = await house.lease(limit=5)
        assert job.id == first
        await house.run(job, Outcome.SCRIPT_FAILED, exit_code=1)
        assert [job.id for job in await house.lease(limit=5)] == [second]

    async def test_lanes_do_not_wait_for_each_other(self, house: House) -> None:
        await house.accept(submitted(lane="l"), submitted(lane="m"), submitted(), submitted(lane="l"))
        assert len(await house.lease(limit=5)) == 3

    async def test_a_free_lane_lets_the_next_arrival_go_at_once(self, house: House) -> None:
        await house.accept(submitted(lane="l"))
        [job] = await house.lease()
        await house.run(job)
        [name] = await house.accept(submitted(lane="l"))
        assert [job.id for job in await house.lease()] == [name]

    async def test_a_withdrawn_job_lets_the_next_move_up(self, house: House) -> None:
        first, second, third = await house.accept(*(submitted(lane="l") for _ in range(3)))
        await house.ledger.jobs.remove("reader", [first, second])
        assert [job.id for job in await house.lease(limit=5)] == [third]
