"""What every `Interventions` and `Duties` keeps."""

import asyncio

from statuette.events.jobs import Job, JobState, Outcome, Retries
from statuette.events.leases import Report
from statuette.ports.queue import Backlog
from statuette.testing.ledger_suite_parts import NOW, House, lease_of, manifest, submitted


async def _states(house: House, ids: list[str]) -> list[JobState]:
    jobs = [await house.ledger.jobs.get(name) for name in ids]
    return [job.state for job in jobs if job]


async def _failed(house: House, *, lane: str = "", outcome: Outcome = Outcome.SCRIPT_FAILED) -> Job:
    """A dead letter, whatever the outcome."""
    await house.accept(submitted(lane=lane, retries=Retries(runner=0)))
    [job] = await house.lease()
    return await house.run(job, outcome, exit_code=3)


class CancelSuite:
    """Jobs are withdrawn, or their runs ended."""

    async def test_what_nobody_runs_is_withdrawn_and_what_runs_is_to_be_ended(self, house: House) -> None:
        ids = await house.accept(*(submitted(lane=lane) for lane in ("", "", "l", "l")))
        [running] = await house.lease()
        fitted = await house.ledger.interventions.cancel("reader", [*ids, ids[0], "nobody"], reason="enough")
        assert [job.id for job in fitted] == ids
        assert [job.state for job in fitted] == [JobState.LEASED] + [JobState.CANCELLED] * 3
        assert [job.cancelling for job in fitted] == ["enough", "", "", ""]
        assert fitted[1].reason == "enough"
        assert await house.ledger.jobs.get(running.id) == fitted[0]
        assert await house.ledger.jobs.backlog() == {"reader": Backlog(running=1)}
        assert not await house.lease(limit=9)

    async def test_a_retry_that_waits_is_withdrawn(self, house: House) -> None:
        await house.accept(submitted(retries=Retries(script=1)))
        [job] = await house.lease()
        await house.run(job, Outcome.SCRIPT_FAILED, exit_code=1)
        [after] = await house.ledger.interventions.cancel("reader", [job.id], reason="enough")
        assert after.state is JobState.CANCELLED
        await house.clock.advance(1000)
        assert not await house.lease()

    async def test_jobs_of_others_and_what_is_too_late_are_left(self, house: House) -> None:
        ids = await house.accept(*(submitted() for _ in range(3)), submitted(service="other"))
        committed, published, unpublished = await house.lease(limit=3)
        for job in (committed, published, unpublished):
            await house.ledger.queue.commit(lease_of(job), manifest("a"))
        await house.run(published)
        await house.run(unpublished, Outcome.UNPUBLISHED)
        before = [await house.ledger.jobs.get(name) for name in ids]
        assert await house.ledger.interventions.cancel("reader", ids, reason="enough") == []
        assert [await house.ledger.jobs.get(name) for name in ids] == before

    async def test_the_next_renewal_tells_and_the_lease_goes_on_until_the_last_word(self, house: House) -> None:
        await house.accept(submitted(), submitted())
        ending, other = await house.lease(limit=2)
        await house.ledger.interventions.cancel("reader", [ending.id], reason="enough")
        told = await house.ledger.queue.renew([lease_of(ending), lease_of(other)], ttl=1000, started={})
        assert told == [lease_of(ending)]
        await house.outlast(house.seconds)
        assert await house.ledger.queue.expire() == []
        after = await house.run(ending, Outcome.RUNNER_DIED)
        assert (after.state, after.reason) == (JobState.CANCELLED, "enough")

    async def test_outputs_that_count_are_published_all_the_same(self, house: House) -> None:
        await house.accept(submitted())
        [job] = await house.lease()
        await house.ledger.interventions.cancel("reader", [job.id], reason="enough")
        await house.ledger.queue.commit(lease_of(job), manifest("a"))
        assert await house.ledger.queue.renew([lease_of(job)], ttl=9, started={}) == []
        assert (await house.run(job)).state is JobState.PUBLISHED

    async def test_a_run_whose_lease_ends_is_cancelled_and_not_run_again(self, house: House) -> None:
        await house.accept(submitted(lane="l"), submitted(lane="l"))
        [job] = await house.lease()
        await house.ledger.interventions.cancel("reader", [job.id], reason="enough")
        [back] = await house.ledger.queue.expire(everything=True)
        assert (back.state, back.reason) == (JobState.CANCELLED, "enough")
        assert len(await house.lease(limit=9)) == 1

    async def test_the_next_of_the_lane_moves_up(self, house: House) -> None:
        first, second, third = await house.accept(*(submitted(lane="l") for _ in range(3)))
        await house.ledger.interventions.cancel("reader", [second], reason="enough")
        assert await _states(house, [first, second, third]) == [
            JobState.QUEUED, JobState.CANCELLED, JobState.WAITING,
        ]  # fmt: skip
        await house.ledger.interventions.cancel("reader", [first], reason="enough")
        assert [job.id for job in await house.lease(limit=5)] == [third]


class ReviveSuite:
    """Dead letters run again."""

    async def test_a_dead_letter_runs_again_with_all_its_retries(self, house: House) -> None:
        dead = await _failed(house, outcome=Outcome.OUT_OF_MEMORY)
        assert await house.ledger.jobs.backlog() == {"reader": Backlog(dead=1)}
        await house.clock.advance(50)
        [again] = await house.ledger.interventions.revive("reader", [dead.id, dead.id, "nobody"])
        assert (again.state, again.faults, again.revived, again.ended) == (JobState.QUEUED, {}, NOW + 50, None)
        assert (again.key, again.sequence, again.attempt) == (dead.key, dead.sequence, 1)
        assert await house.ledger.jobs.get(dead.id) == again
        assert await house.ledger.jobs.backlog() == {"reader": Backlog(queued=1, oldest=NOW)}
        [job] = await house.lease()
        assert (job.id, job.attempt) == (dead.id, 2)
        past, _ = await house.ledger.jobs.history(dead.id)
        assert [attempt.outcome for attempt in past] == [Outcome.OUT_OF_MEMORY, None]

    async def test_it_takes_its_old_place(self, house: House) -> None:
        dead = await _failed(house)
        later = await house.accept(submitted(), submitted())
        await house.ledger.interventions.revive("reader", [dead.id])
        assert [job.id for job in await house.lease(limit=3)] == [dead.id, *later]

    async def test_a_cancelled_job_runs_again_and_others_do_not(self, house: House) -> None:
        ids = await house.accept(*(submitted() for _ in range(3)), submitted(service="other"))
        published, _ = await house.lease(limit=2)
        await house.run(published)
        await house.ledger.interventions.cancel("reader", [ids[2]], reason="enough")
        await house.ledger.interventions.cancel("other", [ids[3]], reason="enough")
        fitted = await house.ledger.interventions.revive("reader", ids)
        assert [(job.id, job.reason) for job in fitted] == [(ids[2], "")]

    async def test_a_taken_lane_is_waited_for(self, house: House) -> None:
        dead = await _failed(house, lane="l")
        running, waiting = await house.accept(submitted(lane="l"), submitted(lane="l"))
        [job] = await house.lease(limit=5)
        assert job.id == running
        [again] = await house.ledger.interventions.revive("reader", [dead.id])
        assert again.state is JobState.WAITING
        assert not await house.lease(limit=5)
        await house.run(job)
        assert [job.id for job in await house.lease(limit=5)] == [dead.id]
        assert await _states(house, [waiting]) == [JobState.WAITING]

    async def test_what_waits_before_the_running_one_does_not_move_up_with_another_s_end(self, house: House) -> None:
        dead = await _failed(house, lane="l")
        _, waiting = await house.accept(submitted(lane="l"), submitted(lane="l"))
        [job] = await house.lease(limit=5)
        await house.ledger.interventions.revive("reader", [dead.id])
        await house.ledger.interventions.cancel("reader", [waiting], reason="enough")
        assert await _states(house, [dead.id, job.id]) == [JobState.WAITING, JobState.LEASED]

    async def test_of_one_lane_one_is_queued_and_the_others_wait(self, house: House) -> None:
        dead = [(await _failed(house, lane="l")).id for _ in range(3)]
        back = await house.ledger.interventions.revive("reader", dead[::-1])
        assert [job.id for job in back] == dead
        assert [job.state for job in back] == [JobState.QUEUED, JobState.WAITING, JobState.WAITING]
        for name in dead:
            [job] = await house.lease(limit=5)
            assert job.id == name
            await house.run(job)

    async def test_asked_for_twice_at_once_it_runs_once(self, house: House) -> None:
        dead = await _failed(house)
        answers = await asyncio.gather(*(house.ledger.interventions.revive("reader", [dead.id]) for _ in range(5)))
        assert sum(len(answer) for answer in answers) == 1
        assert (await house.ledger.jobs.backlog())["reader"].queued == 1

    async def test_a_second_life_commits_the_next_generation(self, house: House) -> None:
        await house.accept(submitted(retries=Retries(runner=0)))
        [job] = await house.lease()
        await house.ledger.queue.commit(lease_of(job), manifest("a", "b"))
        await house.run(job, Outcome.RUNNER_DIED)
        await house.ledger.interventions.revive("reader", [job.id])
        [job] = await house.lease()
        made = await house.ledger.queue.commit(lease_of(job), manifest("b"))
        assert (made.generation, made.stale) == (2, ("a",))


class PruneSuite:
    """Records of old jobs go."""

    async def test_the_oldest_go_first_and_dead_letters_have_a_time_of_their_own(self, house: House) -> None:
        ended = []
        for outcome in (Outcome.SCRIPT_FAILED, Outcome.PUBLISHED, Outcome.OUT_OF_MEMORY, Outcome.PUBLISHED):
            ended.append(await _failed(house, outcome=outcome))
            await house.clock.advance(10)
        failed, published, dead, later = ended
        prune = house.ledger.interventions.prune
        assert await prune(ended_before=NOW + 10, dead_before=NOW, limit=9) == []
        assert await prune(ended_before=NOW + 99, dead_before=NOW, limit=1) == [published]
        assert await prune(ended_before=NOW + 99, dead_before=NOW + 20, limit=9) == [failed, later]
        assert await house.ledger.jobs.backlog() == {"reader": Backlog(dead=1)}
        assert await prune(ended_before=NOW + 99, dead_before=NOW + 99, limit=9) == [dead]
        assert await house.ledger.jobs.backlog() == {}

    async def test_all_of_a_job_goes_but_what_was_seen(self, house: House) -> None:
        arrival = submitted()
        await house.accept(arrival)
        [job] = await house.lease()
        await house.ledger.queue.commit(lease_of(job), manifest("a"))
        await house.run(job)
        [gone] = await house.ledger.interventions.prune(ended_before=NOW + 1, dead_before=0.0, limit=5)
        assert gone.id == job.id
        assert await house.ledger.jobs.get(job.id) is None
        assert await house.ledger.jobs.history(job.id) == ([], None)

    async def test_unfinished_jobs_stay_however_old(self, house: House) -> None:
        await house.accept(*(submitted(lane="l") for _ in range(3)), submitted())
        await house.lease()
        assert await house.ledger.interventions.prune(ended_before=NOW + 9e9, dead_before=NOW + 9e9, limit=99) == []

    async def test_more_than_fits_into_one_transaction(self, house: House) -> None:
        ids = await house.accept(*(submitted() for _ in range(1100)))
        await house.ledger.interventions.cancel("reader", ids, reason="enough")
        prune = house.ledger.interventions.prune
        assert await prune(ended_before=NOW + 1, dead_before=0.0, limit=0) == []
        gone = await prune(ended_before=NOW + 1, dead_before=0.0, limit=1050)
        assert [job.id for job in gone] == ids[:1050]
        assert [job.id for job in await prune(ended_before=NOW + 1, dead_before=0.0, limit=1050)] == ids[1050:]


class DutySuite:
    """One manager at a time."""

    async def test_a_duty_is_one_holder_s_until_he_leaves_it(self, house: House) -> None:
        duties = house.ledger.duties
        assert await duties.take("sweep", holder="one", ttl=60)
        assert not await duties.take("sweep", holder="two", ttl=60)
        assert await duties.take("stream", holder="two", ttl=60)
        await duties.leave("sweep", holder="two")
        assert not await duties.take("sweep", holder="two", ttl=60)
        await duties.leave("sweep", holder="one")
        await duties.leave("sweep", holder="one")
        assert await duties.take("sweep", holder="two", ttl=60)

    async def test_it_passes_on_when_its_time_is_over_unless_it_was_prolonged(self, house: House) -> None:
        duties = house.ledger.duties
        for duty in ("sweep", "stream"):
            assert await duties.take(duty, holder="one", ttl=house.seconds)
        assert await duties.take("stream", holder="one", ttl=1000)
        await house.outlast(house.seconds)
        assert await duties.take("sweep", holder="two", ttl=60)
        assert not await duties.take("sweep", holder="one", ttl=60)
        assert not await duties.take("stream", holder="two", ttl=60)

    async def test_of_many_who_ask_at_once_one_gets_it(self, house: House) -> None:
        calls = [house.ledger.duties.take("sweep", holder=f"m{number}", ttl=60) for number in range(20)]
        assert sum(await asyncio.gather(*calls)) == 1


class DeadlineSuite:
    """What is not worth beginning any more."""

    async def test_an_overdue_job_is_given_up_and_the_next_is_handed_out(self, house: House) -> None:
        late, also, kept = await house.accept(
            submitted(deadline=NOW + 5), submitted(deadline=NOW + 6), submitted(deadline=NOW + 7)
        )
        await house.clock.advance(6.5)
        assert [job.id for job in await house.lease(limit=1)] == [kept]
        assert await _states(house, [late, also]) == [JobState.DEAD, JobState.DEAD]
        assert await house.ledger.jobs.backlog() == {"reader": Backlog(running=1, dead=2)}
        job = await house.ledger.jobs.get(late)
        assert job is not None
        assert (job.ended, "deadline" in job.reason, job.attempt) == (NOW + 6.5, True, 0)

    async def test_an_overdue_job_frees_its_lane(self, house: House) -> None:
        _, second = await house.accept(submitted(lane="l", deadline=NOW + 5), submitted(lane="l"))
        await house.clock.advance(6)
        assert [job.id for job in await house.lease(limit=5)] == [second]

    async def test_what_was_begun_in_time_is_tried_again_after_it(self, house: House) -> None:
        await house.accept(submitted(deadline=NOW + 5, retries=Retries(script=1, delay=10.0)))
        [job] = await house.lease()
        await house.run(job, Outcome.SCRIPT_FAILED, exit_code=1)
        await house.clock.advance(20)
        assert [again.id for again in await house.lease()] == [job.id]

    async def test_for_a_second_life_no_deadline_holds(self, house: House) -> None:
        [name] = await house.accept(submitted(deadline=NOW + 5))
        await house.clock.advance(6)
        assert not await house.lease()
        await house.ledger.interventions.revive("reader", [name])
        assert [job.id for job in await house.lease()] == [name]

    async def test_very_many_overdue_jobs_do_not_hide_the_one_that_is_in_time(self, house: House) -> None:
        await house.accept(*(submitted(deadline=NOW + 1) for _ in range(1500)))
        [kept] = await house.accept(submitted())
        await house.clock.advance(2)
        assert [job.id for job in await house.lease(limit=7)] == [kept]
        assert (await house.ledger.jobs.backlog())["reader"] == Backlog(running=1, dead=1500)

    async def test_many_who_ask_at_once_share_what_is_in_time(self, house: House) -> None:
        await house.accept(*(submitted(deadline=NOW + 1) for _ in range(20)))
        kept = await house.accept(*(submitted() for _ in range(10)))
        await house.clock.advance(2)
        taken = await asyncio.gather(*(house.lease(limit=2) for _ in range(8)))
        assert sorted(job.id for jobs in taken for job in jobs) == sorted(kept)


class SupersedeSuite:
    """A newer version of an object takes the place of the older ones that nobody has begun."""

    async def test_what_nobody_began_is_superseded(self, house: House) -> None:
        [old] = await house.accept(submitted(lane="l", modified=5))
        [new] = await house.accept(submitted(lane="l", modified=6))
        job = await house.ledger.jobs.get(old)
        assert job is not None
        assert (job.state, job.ended) == (JobState.SUPERSEDED, NOW)
        assert [job.id for job in await house.lease(limit=5)] == [new]
        assert await house.ledger.jobs.backlog() == {"reader": Backlog(running=1)}

    async def test_within_one_call_the_last_stands(self, house: House) -> None:
        answers = await house.ledger.intake.accept([submitted(lane="l", modified=at) for at in (1, 2, 3)])
        assert [answer.new for answer in answers] == [True, True, True]
        assert await _states(house, [answer.job for answer in answers]) == [
            JobState.SUPERSEDED, JobState.SUPERSEDED, JobState.QUEUED,
        ]  # fmt: skip
        assert await house.ledger.jobs.backlog() == {"reader": Backlog(queued=1, oldest=NOW)}

    async def test_what_runs_goes_on_and_what_waits_behind_it_is_superseded(self, house: House) -> None:
        ids = await house.accept(submitted(lane="l", modified=1), submitted(lane="m", modified=1))
        [job, _] = await house.lease(limit=2)
        ids += await house.accept(submitted(lane="l", modified=2), submitted(lane="l", modified=3))
        assert await _states(house, ids) == [
            JobState.LEASED, JobState.LEASED, JobState.SUPERSEDED, JobState.WAITING,
        ]  # fmt: skip
        await house.run(job)
        assert [job.id for job in await house.lease(limit=5)] == [ids[3]]

    async def test_neither_the_same_time_nor_an_older_version_takes_a_place(self, house: House) -> None:
        ids = await house.accept(*(submitted(lane="l", modified=at) for at in (5, 5, 4, None)))
        ids += await house.accept(*(submitted(lane="l", modified=at) for at in (5, 3, None)))
        states = await _states(house, ids)
        assert states == [
            JobState.QUEUED, JobState.WAITING, JobState.SUPERSEDED, *[JobState.WAITING] * 4,
        ]  # fmt: skip

    async def test_who_is_to_run_after_it_takes_no_place(self, house: House) -> None:
        ids = await house.accept(*(submitted(lane="l", modified=at, supersede=False) for at in (1, 2, 3)))
        assert await _states(house, ids) == [JobState.QUEUED, JobState.WAITING, JobState.WAITING]

    async def test_what_was_seen_before_takes_no_place(self, house: House) -> None:
        await house.accept(submitted(lane="l", modified=9, key="k"))
        [job] = await house.lease()
        await house.run(job)
        [old] = await house.accept(submitted(lane="l", modified=1))
        [again] = await house.ledger.intake.accept([submitted(lane="l", modified=9, key="k")])
        assert (again.job, again.new) == (job.id, False)
        assert await _states(house, [old]) == [JobState.QUEUED]

    async def test_a_retry_is_superseded_but_nothing_whose_outputs_count(self, house: House) -> None:
        retries = Retries(script=3, runner=3)
        await house.accept(*(submitted(lane=lane, modified=1, retries=retries) for lane in "lm"))
        one, two = await house.lease(limit=2)
        await house.run(one, Outcome.SCRIPT_FAILED, exit_code=1)
        await house.ledger.queue.commit(lease_of(two), manifest("a"))
        await house.ledger.queue.report(lease_of(two), Report(outcome=Outcome.PLATFORM_FAULT))
        ids = await house.accept(*(submitted(lane=lane, modified=2) for lane in "lm"))
        assert await _states(house, [one.id, *ids, two.id]) == [
            JobState.SUPERSEDED, JobState.QUEUED, JobState.WAITING, JobState.RETRYING,
        ]  # fmt: skip
