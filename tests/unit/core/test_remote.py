"""Supervisors far away: what they get, what is not believed of them, what is taken back when they are gone."""

import asyncio
from dataclasses import replace

import pytest
from tests.contract.work.conftest import OverHttp
from tests.unit.core.conftest import chunks

from statuette.core.dispatch import LEASE_TTL
from statuette.events.jobs import JobState, Outcome
from statuette.events.leases import Lease, Manifest, ManifestEntry, Report
from statuette.ports.errors import BadInput, Forbidden, LeaseLost, LedgerUnavailable, NotFound
from statuette.ports.wire import CancelledAsk, CommitAsk, LeaseAsk, RenewAsk, ReportAsk, WordsAsk
from statuette.testing.work_suite import DONE, RUNNER, SHA, manifest_of, raw, stored


@pytest.fixture
async def house(tmp_path):
    made = OverHttp(tmp_path / "house", wait=0.05)
    yield made
    await made.close()


async def leased(house, event=None, *, turn=0):
    """One job's offer."""
    await house.job(event or raw())
    [offer] = (await house.remote.lease(RUNNER, LeaseAsk(turn=turn))).offers
    return offer


async def test_an_answer_that_was_lost_is_given_again(house):
    first = await leased(house)
    assert (await house.remote.lease(RUNNER, LeaseAsk(turn=0))).offers == (first,)
    assert (await house.remote.lease(RUNNER, LeaseAsk(turn=1))).later


async def test_no_path_of_ours_leaves_and_a_payload_only_once(house):
    offer = await leased(house, await house.large(b"x" * 100))
    assert (offer.body, offer.assignment.payload_path, offer.assignment.event.payload_file) == (True, "", "")
    assert str(house.folder) not in offer.model_dump_json()
    lease = offer.assignment.lease
    assert house.remote.body(RUNNER, lease).read_bytes() == b"x" * 100
    small = await leased(house, raw(b"hello"), turn=1)
    assert (small.assignment.event.payload, small.assignment.payload, small.body) == (b"hello", b"", False)
    with pytest.raises(NotFound):
        house.remote.body(RUNNER, small.assignment.lease)


async def test_addresses_end_with_the_lease_and_a_renewal_gives_new_ones(house):
    offer = await leased(house, stored())
    lease = offer.assignment.lease
    assert offer.input.life == LEASE_TTL
    await house.clock.advance(20)
    page = await house.remote.commit(RUNNER, CommitAsk(lease=lease, manifest=manifest_of(lease, "a")))
    assert [address.life for address in page.puts] == [LEASE_TTL - 20]
    await house.clock.advance(20)
    again = await house.remote.commit(RUNNER, CommitAsk(lease=lease, manifest=manifest_of(lease, "a")))
    assert [address.life for address in again.puts] == [LEASE_TTL], "so late, it is prolonged first"
    await house.clock.advance(10)
    answer = await house.remote.renew(RUNNER, RenewAsk(leases=(lease,), inputs=(lease.job,)))
    assert answer.inputs[lease.job].life == LEASE_TTL
    await house.expire()
    answer = await house.remote.renew(RUNNER, RenewAsk(leases=(lease,), inputs=(lease.job,)))
    assert (answer.lost, answer.inputs) == ((lease,), {})


async def test_a_page_carries_each_addresss_size_and_metadata(house):
    lease = (await leased(house)).assignment.lease
    entries = tuple(ManifestEntry(name=f"{size}", size=size, sha256=SHA) for size in (0, 7))
    answer = await house.remote.commit(RUNNER, CommitAsk(lease=lease, manifest=Manifest(entries=entries)))
    assert [address.headers["content-length"] for address in answer.puts] == ["0", "7"]
    marks = [upload.metadata["statuette-commit"] for upload in answer.page.uploads]
    assert [address.headers["x-amz-meta-statuette-commit"] for address in answer.puts] == marks
    assert answer.heads == ()
    assert answer.page.commit.manifest.entries == (), "the asker has it"


async def test_another_runners_lease_is_refused_everywhere(house):
    lease = (await leased(house)).assignment.lease
    house.sit("r2")
    house.remote.admit("r2")
    asks = [
        house.remote.renew("r2", RenewAsk(leases=(lease,), inputs=(lease.job,))),
        house.remote.commit("r2", CommitAsk(lease=lease, manifest=manifest_of(lease, "a"))),
        house.remote.report("r2", ReportAsk(lease=lease, report=DONE)),
        house.remote.words("r2", WordsAsk(lease=lease, number=0, words=(("stdout", b"x"),))),
        house.remote.answer("r2", lease, chunks(b"")),
    ]
    for ask in asks:
        with pytest.raises(Forbidden):
            await ask
    with pytest.raises(Forbidden):
        house.remote.body("r2", lease)
    mine = replace(lease, runner="r2")
    with pytest.raises(LeaseLost):
        await house.remote.report("r2", ReportAsk(lease=mine, report=DONE))
    assert (await house.remote.renew("r2", RenewAsk(leases=(mine,)))).lost == (mine,)
    assert await house.state(lease.job) is JobState.LEASED
    await house.remote.dismiss("r2")


async def test_a_last_word_said_twice_counts_as_said(house):
    lease = (await leased(house)).assignment.lease
    await house.remote.report(RUNNER, ReportAsk(lease=lease, report=DONE))
    await house.remote.report(RUNNER, ReportAsk(lease=lease, report=DONE))
    assert await house.state(lease.job) is JobState.PUBLISHED
    with pytest.raises(LeaseLost):
        await house.remote.report(RUNNER, ReportAsk(lease=replace(lease, attempt=2), report=DONE))


async def test_a_last_word_whose_asker_left_is_said_all_the_same(house):
    lease = (await leased(house)).assignment.lease
    saying = asyncio.create_task(house.remote.report(RUNNER, ReportAsk(lease=lease, report=DONE)))
    await asyncio.sleep(0)
    saying.cancel()
    await house.remote.report(RUNNER, ReportAsk(lease=lease, report=DONE))
    assert await house.state(lease.job) is JobState.PUBLISHED


BAD = [
    ({"name": "../x"}, "entries.0.name"),
    ({"name": "a//b"}, "entries.0.name"),
    ({"name": "a\0"}, "entries.0.name"),
    ({"name": "n" * 9000}, "entries.0.name"),
    ({"size": -1}, "entries.0.size"),
    ({"sha256": "xyz"}, "entries.0.sha256"),
]


@pytest.mark.parametrize(("change", "field"), BAD)
async def test_a_manifest_that_no_supervisor_makes_is_refused_by_its_field(house, change, field):
    lease = (await leased(house)).assignment.lease
    entry = ManifestEntry(**{"name": "a", "size": 1, "sha256": SHA} | change)
    with pytest.raises(BadInput, match=field):
        await house.remote.commit(RUNNER, CommitAsk(lease=lease, manifest=Manifest(entries=(entry,))))
    assert await house.state(lease.job) is JobState.LEASED


async def test_anothers_sealed_folder_cannot_be_named(house):
    lease = (await leased(house)).assignment.lease
    for sealed in ("other-1", "..", f"{lease.job}-2", "call-x"):
        manifest = replace(manifest_of(lease, "a"), sealed=sealed)
        with pytest.raises(BadInput, match="sealed"):
            await house.remote.commit(RUNNER, CommitAsk(lease=lease, manifest=manifest))
    twice = manifest_of(lease, "a", "a")
    with pytest.raises(BadInput, match="same name"):
        await house.remote.commit(RUNNER, CommitAsk(lease=lease, manifest=twice))


async def words(house, lease, number, *said):
    await house.remote.words(RUNNER, WordsAsk(lease=lease, number=number, words=said))


async def read(house, job):
    parts = house.logs.read("cat", job, 1, timestamps=False, follow=False)
    return b"".join([part async for part in parts])


async def test_a_log_is_written_in_order_once_and_masked_here_too(house):
    lease = (await leased(house)).assignment.lease
    await words(house, lease, 0, ("stdout", b"a\n"))
    await words(house, lease, 0, ("stdout", b"a\n"))
    await words(house, lease, 1, ("stderr", b"token-of-cat\n"))
    with pytest.raises(BadInput, match="number"):
        await words(house, lease, 3, ("stdout", b"c"))
    with pytest.raises(BadInput, match="words"):
        await words(house, lease, 2, ("stdin", b"c"))
    await house.remote.report(RUNNER, ReportAsk(lease=lease, report=DONE))
    assert await read(house, lease.job) == b"a\n***\n"
    with pytest.raises(LeaseLost):
        await words(house, lease, 2, ("stdout", b"late"))


async def test_a_call_keeps_no_log_and_a_job_is_not_answered_with_files(house):
    house.call(raw(b"{}"))
    [offer] = (await house.remote.lease(RUNNER, LeaseAsk(turn=0))).offers
    with pytest.raises(BadInput, match="no log"):
        await words(house, offer.assignment.lease, 0, ("stdout", b"x"))
    job = (await leased(house, turn=1)).assignment.lease
    with pytest.raises(BadInput, match="only calls"):
        await house.remote.answer(RUNNER, job, chunks(b""))


async def left(house, count):
    """Wait until so many answers are left; they are removed in a thread."""
    async with asyncio.timeout(10):
        while len(list((house.folder / "answers").iterdir())) != count:  # noqa: ASYNC110 - folders give no sign
            await asyncio.sleep(0.01)


async def test_a_refused_answer_leaves_nothing(house):
    house.call(raw(b"{}"))
    [offer] = (await house.remote.lease(RUNNER, LeaseAsk(turn=0))).offers
    with pytest.raises(BadInput):
        await house.remote.answer(RUNNER, offer.assignment.lease, chunks(b"no head"))
    for _ in range(2):
        await house.remote.answer(RUNNER, offer.assignment.lease, chunks(b'{"name": "out/a", "size": 1}\n1'))
    await left(house, 1)  # the second took the first one's place


@pytest.mark.parametrize("committed", [False, True])
async def test_what_a_dead_supervisor_held_is_taken_back(house, committed):
    lease = (await leased(house)).assignment.lease
    if committed:
        await house.remote.commit(RUNNER, CommitAsk(lease=lease, manifest=manifest_of(lease, "a")))
    await house.remote.dismiss(RUNNER)
    state = await house.state(lease.job)
    assert state is (JobState.UNPUBLISHED if committed else JobState.RETRYING)
    [attempt], _ = await house.ledger.jobs.history(lease.job)
    assert attempt.outcome is (Outcome.UNPUBLISHED if committed else Outcome.PLATFORM_FAULT)
    assert house.remote.admission.runner_of(house.credential) is None
    with pytest.raises(Forbidden):
        await house.remote.lease(RUNNER, LeaseAsk(turn=1))


async def test_a_dead_supervisors_call_is_answered(house):
    call = house.call(raw(b"{}"))
    await house.remote.lease(RUNNER, LeaseAsk(turn=0))
    await house.remote.dismiss(RUNNER)
    assert (await house.answered(call))[0].outcome is Outcome.PLATFORM_FAULT


async def test_work_that_nobody_heard_of_is_taken_back_too(house):
    assert (await house.remote.lease(RUNNER, LeaseAsk(turn=0))).later
    job = await house.job(raw())
    house.dismiss()
    await house.remote.dismiss(RUNNER)
    assert await house.state(job) in (JobState.RETRYING, JobState.QUEUED)


async def test_a_ledger_that_is_away_costs_the_lease_its_time(house, caplog):
    lease = (await leased(house)).assignment.lease
    house.fail(LedgerUnavailable)
    await house.remote.dismiss(RUNNER)
    assert "not taken back" in caplog.text
    assert await house.state(lease.job) is JobState.LEASED


async def test_withdrawals_wait_for_their_turn(house):
    lease = Lease(job="cat-1", attempt=1, runner=RUNNER)
    assert (await house.remote.cancelled(RUNNER, CancelledAsk(turn=0))).later
    house.withdraw(lease)
    for _ in range(2):
        assert (await house.remote.cancelled(RUNNER, CancelledAsk(turn=0))).leases == (lease,)
    assert (await house.remote.cancelled(RUNNER, CancelledAsk(turn=1))).later


async def test_a_report_without_the_files_leaves_no_folder(house):
    call = house.call(raw(b"{}"))
    [offer] = (await house.remote.lease(RUNNER, LeaseAsk(turn=0))).offers
    lease = offer.assignment.lease
    await house.remote.answer(RUNNER, lease, chunks(b""))
    failed = Report(outcome=Outcome.SCRIPT_FAILED, exit_code=1)
    await house.remote.report(RUNNER, ReportAsk(lease=lease, report=failed))
    assert await house.answered(call) == (failed, "")
    await left(house, 0)
