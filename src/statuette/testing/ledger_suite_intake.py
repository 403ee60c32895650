"""What every `IntakeLedger` keeps."""

import asyncio

from statuette.events.jobs import JobState
from statuette.ports.intake import Arrival, Seen
from statuette.testing.ledger_suite_parts import NOW, House, Made, new_job, sighted, submitted


class AcceptSuite:
    """Jobs are made once."""

    async def test_a_submitted_job_is_kept_whole(self, house: House) -> None:
        new = new_job(Made(body_hash="beef", priority=3, lane="lane"))
        [accepted] = await house.ledger.intake.accept([Arrival(job=new)])
        job = await house.ledger.jobs.get(new.id)
        assert accepted.new
        assert (accepted.job, accepted.body_hash) == (new.id, "beef")
        assert job is not None
        kept = (job.key, job.service, job.incarnation, job.event, job.principal, job.lane, job.priority, job.body_hash)
        given = (new.key, new.service, new.incarnation, new.event, new.principal, new.lane, new.priority, "beef")
        assert kept == given
        assert (job.stages, job.retries) == (new.stages, new.retries)
        assert (job.state, job.accepted, job.attempt) == (JobState.QUEUED, NOW, 0)

    async def test_a_key_makes_one_job(self, house: House) -> None:
        first, second = submitted(key="k", body_hash="one"), submitted(key="k", body_hash="two")
        [one] = await house.ledger.intake.accept([first])
        [again, other] = await house.ledger.intake.accept([second, submitted(key="l")])
        assert (again.job, again.new, again.body_hash) == (one.job, False, "one")
        assert other.new

    async def test_a_key_makes_one_job_within_one_call(self, house: House) -> None:
        one, again = await house.ledger.intake.accept([submitted(key="k"), submitted(key="k")])
        assert (one.new, again.new, again.job) == (True, False, one.job)

    async def test_many_calls_at_once_make_one_job_of_a_key(self, house: House) -> None:
        calls = [house.ledger.intake.accept([submitted(key="k")]) for _ in range(20)]
        answers = [accepted for answer in await asyncio.gather(*calls) for accepted in answer]
        assert sum(accepted.new for accepted in answers) == 1
        assert len({accepted.job for accepted in answers}) == 1

    async def test_no_arrivals_no_answers(self, house: House) -> None:
        assert await house.ledger.intake.accept([]) == []

    async def test_jobs_come_out_in_the_order_they_came(self, house: House) -> None:
        ids = await house.accept(*(submitted() for _ in range(30)))
        assert [job.id for job in await house.lease(limit=30)] == ids


class SightingsSuite:
    """What was seen makes no second job."""

    async def test_an_object_that_was_seen_makes_no_second_job(self, house: House) -> None:
        await house.accept(sighted("in/a", "e:1"))
        [again] = await house.ledger.intake.accept([sighted("in/a", "e:1")])
        assert (again.job, again.new) == ("", False)

    async def test_any_identity_counts_and_the_others_are_added(self, house: House) -> None:
        await house.accept(sighted("in/a", "e:1", "c:9"))
        again = await house.ledger.intake.accept([sighted("in/a", "c:9", "v:7"), sighted("in/a", "v:7")])
        assert [accepted.new for accepted in again] == [False, False]
        assert [seen.identity for seen in await self._seen(house)] == ["c:9", "e:1", "v:7"]

    async def test_another_key_or_feed_is_another_sighting(self, house: House) -> None:
        arrivals = [sighted("in/a", "e:1"), sighted("in/b", "e:1"), sighted("in/a", "e:1", feed="feed-2")]
        assert all(accepted.new for accepted in await house.ledger.intake.accept(arrivals))

    async def test_a_sighting_alone_makes_no_job(self, house: House) -> None:
        noted = Arrival(job=None, feed="feed-1", object_key="in/a", identities=("e:1",), modified=5)
        [first] = await house.ledger.intake.accept([noted])
        [second] = await house.ledger.intake.accept([noted])
        assert (first.job, first.new, second.new) == ("", True, False)
        assert not await house.lease()

    async def test_an_existing_key_still_notes_the_sighting(self, house: House) -> None:
        [first] = await house.accept(submitted(key="k"))
        [again] = await house.ledger.intake.accept([sighted("in/a", "e:1", job=new_job(Made(key="k")))])
        assert (again.job, again.new) == (first, False)
        assert len(await self._seen(house)) == 1

    async def test_a_seen_object_names_the_job_that_stands_for_its_key(self, house: House) -> None:
        job = new_job(Made(key="k", body_hash="beef"))
        await house.accept(sighted("in/a", "e:1", job=job))
        [again] = await house.ledger.intake.accept([sighted("in/a", "e:1", job=new_job(Made(key="k")))])
        assert (again.job, again.new, again.body_hash) == (job.id, False, "beef")

    async def test_deleted_records_do_not_make_old_files_run_again(self, house: House) -> None:
        ids = await house.accept(sighted("in/a", "e:1"))
        assert await house.ledger.jobs.remove("reader", ids) == ids
        [again] = await house.ledger.intake.accept([sighted("in/a", "e:1")])
        assert not again.new

    async def test_what_is_forgotten_is_new_again(self, house: House) -> None:
        await house.accept(sighted("in/a", "e:1"), sighted("in/b", "e:1"))
        await house.ledger.intake.forget("feed-1", ["in/a", "in/none"])
        again = await house.ledger.intake.accept([sighted("in/a", "e:1"), sighted("in/b", "e:1")])
        assert [accepted.new for accepted in again] == [True, False]

    async def test_pages_follow_the_keys_and_never_cut_one(self, house: House) -> None:
        names = ["in/B", "in/a", "in/a b", "in/é", "in/😀"]
        await house.accept(*(sighted(name, "e:1", "e:2", "e:3") for name in reversed(names)))
        after, met = "", list[str]()
        while page := await house.ledger.intake.seen("feed-1", after=after, limit=2):
            assert [seen.identity for seen in page] == ["e:1", "e:2", "e:3"] * (len(page) // 3)
            met += dict.fromkeys(seen.object_key for seen in page)
            after = page[-1].object_key
        assert met == names

    async def _seen(self, house: House) -> list[Seen]:
        return await house.ledger.intake.seen("feed-1", after="", limit=100)


class PositionSuite:
    """How far the stream was read."""

    async def test_a_stream_never_read_has_no_position(self, house: House) -> None:
        assert await house.ledger.intake.position("filer") is None

    async def test_the_position_is_kept_with_the_jobs_and_only_moves_forward(self, house: House) -> None:
        far = 1_700_000_000_123_456_789
        await house.ledger.intake.accept([submitted()], stream="filer", position=far)
        await house.ledger.intake.accept([], stream="filer", position=far - 1)
        await house.ledger.intake.accept([], stream="other", position=0)
        await house.ledger.intake.accept([], stream="filer")
        assert await house.ledger.intake.position("filer") == far
        assert await house.ledger.intake.position("other") == 0
