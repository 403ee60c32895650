"""What every `JobLedger`, `ServiceLedger` and `Vault` keeps."""

from dataclasses import replace

import pytest

from statuette.events.jobs import JobState, Outcome, Stage
from statuette.ports.errors import BadInput, Conflict, NotFound
from statuette.ports.jobs import JobQuery
from statuette.ports.queue import Backlog
from statuette.testing.ledger_suite_parts import (
    NOW,
    House,
    feed_of,
    lease_of,
    manifest,
    record_of,
    sighted,
    submitted,
)


class PageSuite:
    """Jobs in pages."""

    async def test_pages_go_from_the_newest_to_the_oldest(self, house: House) -> None:
        ids = await house.accept(*(submitted() for _ in range(7)))
        await house.accept(submitted(service="other"))
        await house.run((await house.lease())[0])
        met, token = list[str](), ""
        while True:
            page = await house.ledger.jobs.page(JobQuery(service="reader"), after=token, limit=3)
            met += [job.id for job in page.jobs]
            if not page.next:
                break
            token = page.next
        assert met == ids[::-1]

    async def test_a_page_that_fits_exactly_is_the_last(self, house: House) -> None:
        await house.accept(submitted(), submitted())
        page = await house.ledger.jobs.page(JobQuery(service="reader"), limit=2)
        assert (len(page.jobs), page.next) == (2, "")
        assert (await house.ledger.jobs.page(JobQuery(service="nobody"))).jobs == ()

    @pytest.mark.parametrize(
        ("choice", "expected"),
        [
            ({"principal": "bob"}, [1]),
            ({"incarnation": "another life"}, []),
            ({"object": "ocr/in/b"}, [2]),
            ({"states": frozenset({JobState.FAILED, JobState.LEASED})}, [3, 0]),
            ({"states": frozenset({JobState.QUEUED}), "principal": "alice"}, [2]),
            ({"object": "ocr/in/b", "principal": "bob"}, []),
        ],
    )
    async def test_filters_join(self, house: House, choice: dict[str, object], expected: list[int]) -> None:
        made = (submitted(priority=1), submitted(principal="bob"), submitted(name="in/b"), submitted(priority=2))
        ids = await house.accept(*made)
        failing, _ = await house.lease(limit=2)
        await house.run(failing, Outcome.SCRIPT_FAILED, exit_code=1)
        page = await house.ledger.jobs.page(JobQuery(service="reader", **choice))  # type: ignore[arg-type]
        assert [job.id for job in page.jobs] == [ids[place] for place in expected]

    @pytest.mark.parametrize("token", ["x", "-1", "1; drop table jobs", "٣"])
    async def test_a_made_up_token_is_refused(self, house: House, token: str) -> None:
        with pytest.raises(BadInput):
            await house.ledger.jobs.page(JobQuery(service="reader"), after=token)


class HistorySuite:
    """One job's attempts and counters."""

    async def test_an_unknown_job_has_nothing(self, house: House) -> None:
        assert await house.ledger.jobs.get("nobody") is None
        assert await house.ledger.jobs.history("nobody") == ([], None)

    async def test_the_attempt_under_way_shows_how_far_it_is(self, house: House) -> None:
        await house.accept(submitted())
        [job] = await house.lease()
        await house.run(job, Outcome.RETURNED)
        [job] = await house.lease()
        await house.ledger.queue.renew([lease_of(job)], ttl=9, started={job.id: NOW + 4})
        made = await house.ledger.queue.commit(lease_of(job), manifest("a"))
        [first, second], commit = await house.ledger.jobs.history(job.id)
        assert (first.outcome, second.outcome, second.ended) == (Outcome.RETURNED, None, None)
        assert second.stages[Stage.STARTED] == NOW + 4
        assert commit == made

    async def test_the_backlog_counts_what_stands_where(self, house: House) -> None:
        await house.accept(submitted(), submitted(), submitted(service="other"))
        await house.clock.advance(5)
        await house.accept(submitted(lane="l", priority=9), submitted(lane="l"), submitted())
        for job in await house.lease(limit=3):
            if job.lane:
                await house.ledger.queue.commit(lease_of(job), manifest("a"))
                await house.run(job, Outcome.UNPUBLISHED)
        assert await house.ledger.jobs.backlog() == {
            "reader": Backlog(queued=1, waiting=1, running=2, unpublished=1, oldest=NOW + 5),
            "other": Backlog(queued=1, oldest=NOW),
        }

    async def test_a_service_without_work_has_no_backlog(self, house: House) -> None:
        await house.accept(submitted())
        await house.run((await house.lease())[0])
        assert await house.ledger.jobs.backlog() == {}


class RemovalSuite:
    """Records are deleted, running jobs are not."""

    async def test_ended_and_waiting_jobs_go_and_running_ones_stay(self, house: House) -> None:
        ids = await house.accept(*(submitted() for _ in range(4)), submitted(service="other"))
        ended, running = await house.lease(limit=2)
        await house.run(ended)
        removed = await house.ledger.jobs.remove("reader", [*ids, "nobody"])
        assert removed == [ids[0], ids[2], ids[3]]
        assert await house.ledger.jobs.get(ended.id) is None
        assert await house.ledger.jobs.history(ended.id) == ([], None)
        assert await house.ledger.jobs.get(running.id) == running
        assert set(await house.ledger.jobs.backlog()) == {"reader", "other"}

    async def test_an_upload_to_be_repeated_is_not_thrown_away(self, house: House) -> None:
        ids = await house.accept(submitted())
        [job] = await house.lease()
        await house.ledger.queue.commit(lease_of(job), manifest("a"))
        await house.run(job, Outcome.UNPUBLISHED)
        assert await house.ledger.jobs.remove("reader", ids) == []


class ServiceSuite:
    """Deployed services."""

    async def test_services_come_back_as_they_were_kept(self, house: House) -> None:
        fed = (feed_of("reader", "feed-2"), feed_of("reader", "feed-1"))
        records = [record_of("reader", feeds=fed), record_of("Zebra"), record_of("a-b")]
        for record in records:
            await house.ledger.services.add(record)
        assert await house.ledger.services.all() == [records[1], records[2], records[0]]

    async def test_a_name_is_taken_once(self, house: House) -> None:
        await house.ledger.services.add(record_of())
        with pytest.raises(Conflict):
            await house.ledger.services.add(record_of())

    async def test_only_the_next_revision_replaces(self, house: House) -> None:
        first = record_of(feeds=(feed_of("reader", "feed-1"),))
        await house.ledger.services.add(first)
        for wrong in (first, replace(first, revision=3), replace(first, revision=2, incarnation="life-2")):
            with pytest.raises(Conflict):
                await house.ledger.services.replace(wrong)
        second = record_of(revision=2, feeds=(feed_of("reader", "feed-9"),))
        await house.ledger.services.replace(second)
        assert await house.ledger.services.all() == [second]
        with pytest.raises(NotFound):
            await house.ledger.services.replace(record_of("nobody", revision=2))

    async def test_removal_drops_sightings_and_withdraws_what_nobody_runs(self, house: House) -> None:
        await house.ledger.services.add(record_of(feeds=(feed_of("reader", "feed-1"),)))
        await house.ledger.services.replace(record_of(revision=2, feeds=(feed_of("reader", "feed-2"),)))
        running, idle = await house.accept(sighted("in/a", feed="feed-1"), sighted("in/b", feed="feed-2"))
        await house.accept(sighted("in/c", feed="feed-of-another"))
        [job, _] = await house.lease(limit=2)
        await house.run(replace(job, id=idle), Outcome.RETURNED)
        await house.ledger.services.remove("reader")
        await house.ledger.services.remove("reader")
        assert await house.ledger.services.all() == []
        kept = [await house.ledger.intake.seen(f"feed-{name}", after="", limit=9) for name in ("1", "2", "of-another")]
        assert [len(page) for page in kept] == [0, 0, 1]
        states = [await house.ledger.jobs.get(name) for name in (running, idle)]
        assert [job.state for job in states if job] == [JobState.LEASED, JobState.CANCELLED]

    async def test_many_waiting_jobs_are_withdrawn(self, house: House) -> None:
        await house.ledger.services.add(record_of())
        await house.accept(*(submitted(lane=f"l{number % 7}") for number in range(2100)))
        await house.ledger.services.remove("reader")
        assert await house.ledger.jobs.backlog() == {}
        assert not await house.lease()


class VaultSuite:
    """Small secrets."""

    async def test_values_are_written_read_and_erased(self, house: House) -> None:
        vault = house.ledger.vault
        await vault.write("root/key", "one")
        await vault.write("root/key", "twö\n")
        assert (await vault.read("root/key"), await vault.read("root")) == ("twö\n", None)
        await vault.erase("root/key")
        await vault.erase("root/key")
        assert await vault.read("root/key") is None

    async def test_names_go_by_prefix_to_the_letter(self, house: House) -> None:
        for name in ("bucket/b", "bucket/a", "Bucket/c", "bucket_x", "other"):
            await house.ledger.vault.write(name, "v")
        assert await house.ledger.vault.names("bucket/") == ["bucket/a", "bucket/b"]
        assert await house.ledger.vault.names("bucket_") == ["bucket_x"]
        assert await house.ledger.vault.names("") == ["Bucket/c", "bucket/a", "bucket/b", "bucket_x", "other"]
