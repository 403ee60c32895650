"""Replay: what lies in the inputs is processed once more, as far as it is asked for."""

import pytest

from statuette.core.intake import Intake
from statuette.core.replay import MOST_KEYS, Replay, Selection
from statuette.events.jobs import JobState
from statuette.events.principals import ADMIN
from statuette.ports.errors import BadInput, Forbidden, NotFound
from statuette.ports.jobs import JobQuery
from statuette.testing.store import MemoryObjects, MemoryPage

ALL = Selection()


class SmallPages(MemoryObjects):
    """Lists three objects at a time."""

    async def list(self, bucket, prefix, *, after=""):
        async for page in super().list(bucket, prefix, after=after):
            for start in range(0, page.count, 3):
                yield MemoryPage(page.infos[start : start + 3])


class House:
    def __init__(self, *, ledger, catalog, marks, clock, store):
        self.ledger, self.clock = ledger, clock
        self.woken = []
        self.intake = Intake(ledger=ledger.intake, catalog=catalog, marks=marks, clock=clock, wake=self.woken.append)
        self.replay = Replay(objects=SmallPages(store), intake=self.intake, catalog=catalog)

    async def run(self, selection=ALL, **options):
        return await self.replay.run(ADMIN, "cat", selection, **options)

    async def jobs(self):
        return list(reversed((await self.ledger.jobs.page(JobQuery(service="cat"), limit=1000)).jobs))

    async def keys(self):
        return [job.event.object.key for job in await self.jobs()]


@pytest.fixture
def house(ledger, catalog, marks, clock, store):
    return House(ledger=ledger, catalog=catalog, marks=marks, clock=clock, store=store)


@pytest.fixture
async def box(put, store):
    """Five objects in the input, one beside it, and a folder marker."""
    for key in ("in/a", "in/b", "in/c", "in/sub/d", "in/sub/e", "elsewhere/x"):
        await put("box", key)
    await put("box", "in/sub/")


async def test_every_present_object_gets_a_new_job(house, deploy, box):
    service = deploy(inputs=["box/in"], priority=3, max_age=60, retries={"script": 2}, since=10**10)
    count = await house.run()
    assert (count.listed, count.matched, count.accepted, count.next, count.unknown) == (5, 5, 5, "", ())
    assert await house.keys() == ["in/a", "in/b", "in/c", "in/sub/d", "in/sub/e"]
    first = (await house.jobs())[0]
    assert (first.state, first.principal, first.incarnation) == (JobState.QUEUED, service.owner, service.incarnation)
    assert (first.retries.script, first.retries.max_age, first.priority) == (2, 60.0, 3)
    assert (first.event.object.version is not None, first.lane != "") == (True, True)
    assert sum(news["cat"] for news in house.woken) == 5


async def test_what_was_seen_is_not_touched(house, deploy, box, ledger):
    service = deploy(inputs=["box/in"])
    await house.run()
    assert await ledger.intake.seen(service.feeds[0].id, after="", limit=99) == []


async def test_a_second_replay_is_another_and_the_same_said_again_is_not(house, deploy, box, put, clock):
    deploy(inputs=["box/in"])
    first = await house.run(idempotency_key="k")
    assert (first.replay, first.accepted) == ("k", 5)
    await clock.advance(5)
    await put("box", "in/a", b"another version")
    again = await house.run(idempotency_key="k")
    assert (again.matched, again.accepted) == (5, 0)
    assert (await house.run()).accepted == 5
    assert (await house.run(idempotency_key="another")).accepted == 5


async def test_jobs_of_one_object_keep_their_order(house, deploy, box):
    deploy(inputs=["box/in"])
    await house.run()
    await house.run()
    states = [job.state for job in await house.jobs()]
    assert states == [JobState.QUEUED] * 5 + [JobState.WAITING] * 5


@pytest.mark.parametrize(
    ("prefix", "keys"),
    [
        ("box/in/sub", ["in/sub/d", "in/sub/e"]),
        ("box/in/sub/d", ["in/sub/d"]),
        ("box/i", ["in/a", "in/b", "in/c", "in/sub/d", "in/sub/e"]),
        ("bo", ["in/a", "in/b", "in/c", "in/sub/d", "in/sub/e"]),
        ("box/in/x", []),
        ("box/elsewhere", []),
        ("boxes/in", []),
        ("other", []),
    ],
)
async def test_a_prefix_narrows_it(house, deploy, box, prefix, keys):
    deploy(inputs=["box/in"])
    count = await house.run(Selection(prefix=prefix))
    assert (await house.keys(), count.accepted) == (keys, len(keys))


async def test_times_narrow_it(house, deploy, put, clock):
    deploy(inputs=["box/in"])
    times = []
    for key in ("in/a", "in/b", "in/c"):
        times.append(float((await put("box", key)).modified))
        await clock.advance(10)
    assert (await house.run(Selection(since=times[1]))).matched == 2
    assert (await house.run(Selection(until=times[1]))).matched == 1
    assert (await house.run(Selection(since=times[1], until=times[2]))).matched == 1


async def test_named_objects_and_those_that_are_not_there(house, deploy, box):
    deploy(inputs=["box/in"])
    places = ("box/in/a", "box/in/nothing", "box/elsewhere/x", "nowhere/in/a", "box/in/sub/", "words", "box/in/a")
    count = await house.run(Selection(keys=places))
    assert await house.keys() == ["in/a"]
    assert (count.listed, count.matched, count.accepted) == (6, 1, 1)
    assert count.unknown == places[1:6]


async def test_named_objects_may_be_narrowed_too(house, deploy, box):
    deploy(inputs=["box/in"])
    count = await house.run(Selection(keys=("box/in/a", "box/in/sub/d"), prefix="box/in/sub/"))
    assert (count.matched, count.unknown) == (1, ())


async def test_too_many_names_are_refused(house, deploy):
    deploy(inputs=["box/in"])
    with pytest.raises(BadInput, match=r"^keys: at most"):
        await house.run(Selection(keys=tuple(f"box/in/{number}" for number in range(MOST_KEYS + 1))))


async def test_a_dry_run_only_counts(house, deploy, box):
    deploy(inputs=["box/in"])
    count = await house.run(dry_run=True)
    assert (count.matched, count.accepted, await house.jobs()) == (5, 0, [])


async def test_parts_of_a_replay_make_the_whole(house, deploy, box, put):
    deploy(inputs=["box/in", "box/elsewhere"])
    parts, after = [], ""
    while not parts or after:
        parts.append(await house.run(idempotency_key="k", after=after, limit=1))
        after = parts[-1].next
    assert len(parts) > 2
    assert sum(part.listed for part in parts) == sum(part.accepted for part in parts) == 6
    assert sorted(await house.keys()) == ["elsewhere/x", "in/a", "in/b", "in/c", "in/sub/d", "in/sub/e"]


@pytest.mark.parametrize("after", ["x", "x:y", ":"])
async def test_a_made_up_place_to_go_on_is_refused(house, deploy, after):
    deploy(inputs=["box/in"])
    with pytest.raises(BadInput, match=r"^after: "):
        await house.run(after=after)


async def test_an_object_of_two_inputs_gets_one_job(house, deploy, box):
    deploy(inputs=["box/in", "box/in/sub"])
    assert (await house.run()).accepted == 5


async def test_an_input_whose_bucket_is_gone_has_nothing(house, deploy):
    deploy(inputs=["nowhere/in"])
    assert (await house.run()).listed == 0


async def test_only_who_may_change_the_service_replays(house, deploy, user):
    deploy(owner="alice", visibility="public")
    with pytest.raises(Forbidden):
        await house.replay.run(user("bob"), "cat", ALL)
    with pytest.raises(NotFound):
        await house.replay.run(ADMIN, "nobody", ALL)
    await house.replay.run(user("alice"), "cat", ALL)
