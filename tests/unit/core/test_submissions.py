"""Submissions: durable before they are answered, each once under its key."""

import json
from base64 import b64encode

import pytest

from statuette.core.claims import Claims
from statuette.core.ownership import Ownership
from statuette.core.reading import INLINE, BodyLimits, Reading
from statuette.core.submissions import LONGEST_KEY, MOST_RECORDS, Submissions
from statuette.events.event import EventKind
from statuette.events.jobs import JobState
from statuette.events.principals import ADMIN
from statuette.ports.errors import BadInput, Conflict, Forbidden, LedgerUnavailable, NotFound, TooLarge
from statuette.ports.jobs import JobQuery
from statuette.testing.ledger import MemoryIntake

LARGE = b"\xff" * (INLINE + 1)
OTHER = b"\xfe" * (INLINE + 1)


class House:
    """Submissions over twins, and what the fleet was told."""

    def __init__(self, *, ledger, catalog, store, bodies, clock, intake=None):
        self.ledger, self.news = ledger, []
        self.submissions = Submissions(
            ledger=intake or ledger.intake,
            catalog=catalog,
            claims=Claims(objects=store.objects, ownership=Ownership(ledger.vault)),
            reading=Reading(bodies=bodies, clock=clock, limits=BodyLimits(1 << 20)),
            clock=clock,
            wake=lambda news: self.news.append(dict(news)),
        )

    async def jobs(self, service="cat"):
        page = await self.ledger.jobs.page(JobQuery(service=service), limit=100)
        return list(reversed(page.jobs))


@pytest.fixture
def plugs(ledger, catalog, store, bodies, clock):
    return {"ledger": ledger, "catalog": catalog, "store": store, "bodies": bodies, "clock": clock}


@pytest.fixture
def house(plugs):
    return House(**plugs)


@pytest.fixture
def submit(house, body):
    async def send(content, *, caller=ADMIN, service="cat", key="", **fields):
        return await house.submissions.submit(caller, service, body(content), idempotency_key=key, **fields)

    return send


def notification(*keys, bucket="box"):
    records = [{"eventSource": "minio:s3", "s3": {"bucket": {"name": bucket}, "object": {"key": key}}} for key in keys]
    return json.dumps({"Records": records}).encode()


async def test_a_body_becomes_a_job_of_its_caller(house, deploy, submit, user, clock):
    service = deploy(owner="alice")
    submitted = await submit(b'{"a": 1}', caller=user("alice"), source_ip="10.1.2.3")
    [job] = await house.jobs()
    assert submitted.jobs == (job.id,)
    assert submitted.new
    assert (job.state, job.principal, job.incarnation, job.lane) == (JobState.QUEUED, "alice", service.incarnation, "")
    assert (job.event.kind, job.event.payload, job.event.source_ip) == (EventKind.JSON, b'{"a": 1}', "10.1.2.3")
    assert job.accepted == clock.wall()
    assert house.news == [{"cat": 1}]


async def test_base64_is_decoded(house, deploy, submit):
    deploy()
    await submit(b64encode(b"\x89PNG"))
    assert (await house.jobs())[0].event.payload == b"\x89PNG"


async def test_a_large_body_stays_in_its_file_until_its_job_is_gone(house, deploy, submit, bodies):
    deploy()
    await submit(LARGE)
    [job] = await house.jobs()
    assert bodies.kept == {job.event.payload_file: LARGE}
    assert job.event.payload == b""


async def test_without_a_key_the_same_body_is_two_jobs(house, deploy, submit):
    deploy()
    first, second = await submit(b"x"), await submit(b"x")
    assert first.jobs != second.jobs
    assert len(await house.jobs()) == 2


async def test_the_same_key_and_body_is_the_same_job_and_its_second_file_is_dropped(house, deploy, submit, bodies):
    deploy()
    first = await submit(LARGE, key="k1")
    second = await submit(LARGE, key="k1")
    assert (first.jobs, first.new, second.new) == (second.jobs, True, False)
    [job] = await house.jobs()
    assert list(bodies.kept) == [job.event.payload_file]
    assert house.news == [{"cat": 1}]


async def test_the_same_key_with_another_body_is_a_conflict_and_leaves_nothing(house, deploy, submit, bodies):
    deploy()
    await submit(LARGE, key="k1")
    with pytest.raises(Conflict, match="Idempotency-Key"):
        await submit(OTHER, key="k1")
    assert len(await house.jobs()) == 1
    assert list(bodies.kept.values()) == [LARGE]


async def test_a_conflict_of_several_records_makes_no_job_of_any(house, deploy, submit, put):
    deploy(inputs=["box/in"])
    for key in "abc":
        await put("box", f"in/{key}")
    await submit(notification("in/a"), key="k1")
    with pytest.raises(Conflict):
        await submit(notification("in/b", "in/c"), key="k1")
    assert [job.event.object.key for job in await house.jobs()] == ["in/a"]


async def test_a_key_counts_for_one_caller_one_service_one_life(house, deploy, submit, user):
    deploy("cat", visibility="public")
    deploy("dog", visibility="public")
    ids = [
        (await submit(b"x", key="k1", caller=caller, service=service)).jobs
        for caller in (user("alice"), user("bob"))
        for service in ("cat", "dog")
    ]
    assert len(set(ids)) == 4


async def test_a_key_that_is_too_long_is_refused(deploy, submit):
    deploy()
    await submit(b"x", key="k" * LONGEST_KEY)
    with pytest.raises(BadInput, match="Idempotency-Key: at most 255"):
        await submit(b"x", key="k" * (LONGEST_KEY + 1))


async def test_each_record_is_a_job_for_the_version_that_stands_now(house, deploy, submit, put):
    deploy(inputs=["box/in"])
    versions = [await put("box", "in/a", b"1"), await put("box", "in/b c", b"2")]
    submitted = await submit(notification("in/a", "in/b+c"), key="k1")
    jobs = await house.jobs()
    assert submitted.jobs == tuple(job.id for job in jobs)
    assert [job.event.object.version for job in jobs] == versions
    assert all(job.lane for job in jobs)
    assert house.news == [{"cat": 2}]
    assert (await submit(notification("in/a", "in/b+c"), key="k1")).jobs == submitted.jobs


async def test_a_record_outside_the_inputs_spoils_the_whole_submission(house, deploy, submit, put):
    deploy(inputs=["box/in"])
    await put("box", "in/a")
    await put("box", "secret/b")
    with pytest.raises(Forbidden):
        await submit(notification("in/a", "secret/b"))
    assert await house.jobs() == []


async def test_a_body_of_too_many_records_is_refused_before_the_store_is_asked(house, deploy, submit, store):
    deploy(inputs=["box/in"])
    store.down = True
    with pytest.raises(BadInput, match=f"at most {MOST_RECORDS}"):
        await submit(notification(*(f"in/{n}" for n in range(MOST_RECORDS + 1))))
    assert await house.jobs() == []


async def test_an_object_that_is_not_there_is_not_found(house, deploy, submit, put):
    deploy(inputs=["box/in"])
    await put("box", "in/a")
    with pytest.raises(NotFound):
        await submit(notification("in/missing"))
    assert await house.jobs() == []


async def test_who_may_not_submit_is_told_before_the_body_is_read(deploy, submit, user, token_of, bodies):
    deploy(owner="alice")
    for caller in (user("bob"), token_of("dog")):
        with pytest.raises(Forbidden):
            await submit(LARGE, caller=caller)
    with pytest.raises(NotFound):
        await submit(LARGE, service="nobody")
    assert (await submit(b"x", caller=token_of("cat"))).new
    assert bodies.kept == {}


async def test_a_body_over_the_limit_is_refused_and_leaves_nothing(house, deploy, submit, bodies):
    deploy()
    with pytest.raises(TooLarge):
        await submit(b"x" * ((1 << 20) + 1))
    assert (await house.jobs(), bodies.kept, house.news) == ([], {}, [])


class DownIntake(MemoryIntake):
    """A ledger that cannot be written."""

    def __init__(self):
        pass

    async def accept(self, arrivals, *, stream="", position=None):
        raise LedgerUnavailable


async def test_when_the_ledger_is_down_the_bodys_file_is_dropped(plugs, deploy, body, bodies):
    deploy()
    house = House(**plugs, intake=DownIntake())
    with pytest.raises(LedgerUnavailable):
        await house.submissions.submit(ADMIN, "cat", body(LARGE))
    assert (bodies.kept, house.news) == ({}, [])
