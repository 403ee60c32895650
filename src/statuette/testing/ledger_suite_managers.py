"""The ledger as several managers need it: whose runner has what, what was changed elsewhere, who was first."""

import asyncio
from dataclasses import replace

import pytest

from statuette.events.homes import runner_name
from statuette.events.jobs import JobState, Outcome
from statuette.ports.errors import LeaseLost
from statuette.testing.ledger_suite_parts import House, feed_of, lease_of, manifest, record_of, sighted, submitted

ONE, OTHER = runner_name("one", "reader-1"), runner_name("other", "reader-2")


class HomesSuite:
    """Leases and uploads go by the manager that a runner's name tells."""

    async def test_a_manager_takes_back_its_own_leases_only(self, house: House) -> None:
        await house.accept(submitted(), submitted(), submitted())
        [mine] = await house.lease(runner=ONE)
        [other] = await house.lease(runner=OTHER)
        [lookalike] = await house.lease(runner="one-reader-1")
        [back] = await house.ledger.queue.expire(home="one")
        assert (back.id, back.state) == (mine.id, JobState.RETRYING)
        with pytest.raises(LeaseLost):
            await house.ledger.queue.commit(lease_of(mine), manifest("a"))
        for job in (other, lookalike):
            assert (await house.ledger.queue.commit(lease_of(job), manifest("a"))).generation == 1

    async def test_a_letter_of_a_home_stands_for_itself(self, house: House) -> None:
        await house.accept(submitted())
        await house.lease(runner=ONE)
        assert await house.ledger.queue.expire(home="o%") == []
        assert await house.ledger.queue.expire(home="o_e") == []

    @pytest.mark.parametrize("end", ["expired", Outcome.UNPUBLISHED, Outcome.RETURNED])
    async def test_an_upload_waits_for_the_manager_that_has_its_folder(self, house: House, end: str) -> None:
        await house.accept(submitted())
        [job] = await house.lease(runner=ONE)
        await house.ledger.queue.commit(lease_of(job), manifest("a"))
        if end == "expired":
            await house.ledger.queue.expire(home="one")
        else:
            await house.run(job, Outcome(end))
        await house.clock.advance(600)
        assert await house.lease("", runner=runner_name("other", "publisher")) == []
        assert await house.lease("", runner="publisher") == []
        [again] = await house.lease("", runner=runner_name("one", "publisher"))
        assert (again.id, again.state) == (job.id, JobState.COMMITTED)


class ChangesSuite:
    """What other managers changed is told by a count."""

    async def test_every_change_moves_the_count_and_nothing_else_does(self, house: House) -> None:
        ledger, counts = house.ledger, [await house.ledger.changes.count()]

        async def told() -> bool:
            counts.append(await ledger.changes.count())
            return counts[-1] > counts[-2]

        await ledger.services.add(record_of())
        assert await told()
        await ledger.services.replace(record_of(revision=2))
        assert await told()
        await ledger.vault.write("a", "1")
        assert await told()
        await ledger.vault.erase("a")
        assert await told()
        await ledger.services.remove("reader")
        assert await told()
        await house.accept(submitted())
        await ledger.services.remove("reader")
        assert not await told()

    async def test_heads_and_records_say_what_stands(self, house: House) -> None:
        ledger = house.ledger
        records = [record_of(name, feeds=(feed_of(name, f"feed-{name}"),)) for name in ("a", "b", "c")]
        for record in records:
            await ledger.services.add(record)
        await ledger.services.replace(second := replace(records[1], revision=2))
        assert await ledger.changes.heads() == {"a": ("life-1", 1), "b": ("life-1", 2), "c": ("life-1", 1)}
        assert await ledger.changes.records(["c", "nobody", "b"]) == [second, records[2]]
        assert await ledger.changes.records([]) == []

    async def test_a_life_is_removed_and_the_next_one_stays(self, house: House) -> None:
        ledger = house.ledger
        old, new = record_of(feeds=(feed_of("reader", "old"),)), record_of(feeds=(feed_of("reader", "new"),))
        new = replace(new, incarnation="life-2", feeds=(replace(new.feeds[0], incarnation="life-2"),))
        await ledger.services.add(old)
        [late] = await house.accept(submitted())
        await ledger.services.remove("reader", incarnation="life-1")
        await ledger.services.add(new)
        [kept, later] = await house.accept(submitted(incarnation="life-2"), submitted())
        await house.accept(sighted("in/a", feed="new"))
        await ledger.services.remove("reader", incarnation="life-1")
        assert await ledger.services.all() == [new]
        assert len(await ledger.intake.seen("new", after="", limit=9)) == 1
        found = [await ledger.jobs.get(job) for job in (late, kept, later)]
        assert [job.state for job in found if job] == [JobState.CANCELLED, JobState.QUEUED, JobState.CANCELLED]


class FirstSuite:
    """Of several that write the same name at once, one succeeds."""

    async def test_a_value_is_added_once(self, house: House) -> None:
        vault = house.ledger.vault
        added = await asyncio.gather(*(vault.add("mark", f"{number}") for number in range(5)))
        assert sorted(added) == [False] * 4 + [True]
        assert await vault.read("mark") == str(added.index(True))
        await vault.erase("mark")
        assert await vault.add("mark", "again")
