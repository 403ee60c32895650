"""Services: deploy, update, remove, show; nothing half made."""

import asyncio

import pytest

from statuette.core.catalog import Condition
from statuette.core.intake import Intake
from statuette.core.managers import Managers
from statuette.core.ownership import Ownership
from statuette.core.services import Services, Surroundings
from statuette.core.sweep import Sweep
from statuette.events.principals import ADMIN, ADMIN_ID
from statuette.ports.backend import Preparation, Progress
from statuette.ports.errors import (
    BackendUnavailable,
    BadInput,
    Conflict,
    Forbidden,
    LedgerUnavailable,
    NotFound,
    StoreUnavailable,
    Unavailable,
)
from statuette.ports.jobs import JobQuery
from statuette.ports.services import Readiness, ServiceLedger
from statuette.ports.vault import Vault
from statuette.testing.backend import PlainBackend
from statuette.testing.store import MemoryBuckets, MemoryObjects

GIB = 1 << 30


class House:
    """Services over twins; any plug can be another."""

    def __init__(self, *, ledger, catalog, marks, clock, store, board, roster, **other):
        self.ledger, self.catalog, self.store, self.board, self.roster = ledger, catalog, store, board, roster
        self.changes = 0
        self.withdrawn = []
        self.ownership = Ownership(other.get("vault", ledger.vault))
        objects = other.get("objects", store.objects)
        intake = Intake(ledger=ledger.intake, catalog=catalog, marks=marks, clock=clock, wake=[].append)
        self.services = Services(
            Surroundings(
                ledger=other.get("services", ledger.services), catalog=catalog, ownership=self.ownership,
                buckets=other.get("buckets", store.buckets), objects=objects, keys=store.keys,
                events=other.get("events", store.events),
                backend=other.get("backend", PlainBackend(cpu=2000, memory=4 * GIB)),
                sweep=Sweep(objects=objects, ledger=ledger.intake, intake=intake, catalog=catalog, clock=clock),
                board=board, roster=roster, clock=clock, changed=self.changed, withdraw=self.withdrawn.append,
                namespace="statuette",
                managers=other.get("managers") or Managers(None, catalog=catalog, ttl=10.0, clock=clock),
                resolve=self.resolve,
            )
        )  # fmt: skip

    def changed(self):
        self.changes += 1

    async def resolve(self, host):
        return ["127.0.0.1"] if host.startswith("inward") else ["93.184.215.14"]

    async def nothing_is_left(self, *, buckets=()):
        assert await self.ledger.services.all() == []
        assert self.catalog.all() == []
        assert sorted(self.store.content) == list(buckets)
        assert await self.ledger.vault.names("") == []

    async def keys(self, service="cat"):
        page = await self.ledger.jobs.page(JobQuery(service=service), limit=1000)
        return [job.event.object.key for job in reversed(page.jobs)]


@pytest.fixture
def plugs(ledger, catalog, marks, clock, store, board, roster):
    return {
        "ledger": ledger, "catalog": catalog, "marks": marks, "clock": clock, "store": store, "board": board,
        "roster": roster,
    }  # fmt: skip


@pytest.fixture
async def build(plugs):
    """A house, ended when the test is over."""
    built = []

    def make(**other):
        built.append(House(**plugs, **other))
        return built[-1]

    yield make
    for house in built:
        await house.services.close()


@pytest.fixture
def house(build):
    return build()


def definition(name="cat", *, inputs=(), outputs=(), **fields):
    def places(paths):
        return [{"storage_provider": "minio", **(p if isinstance(p, dict) else {"path": p})} for p in paths]

    given = {"name": name, "image": "host", "script": "true", **fields}
    return given | {"input": places(inputs), "output": places(outputs)}


IN_AND_OUT = definition(inputs=["box/in"], outputs=["results/out"])


async def test_a_service_is_made_with_its_buckets_and_becomes_ready(house, user, settle):
    await house.services.create(user("alice"), IN_AND_OUT)
    [record] = await house.ledger.services.all()
    assert (record.name, record.revision, record.owner) == ("cat", 1, "alice")
    assert sorted(house.store.content) == ["box", "results"]
    assert house.ownership.owner("box") == house.ownership.owner("results") == "alice"
    await settle()
    assert house.catalog.condition("cat") == Condition(Readiness.READY)
    assert house.changes == 1


async def test_a_second_of_the_same_name_is_a_conflict(house, user):
    await house.services.create(ADMIN, IN_AND_OUT)
    [before] = await house.ledger.services.all()
    with pytest.raises(Conflict, match="'cat'"):
        await house.services.create(user("bob"), definition(inputs=["other/in"]))
    assert list(await house.ledger.services.all()) == [before]
    assert sorted(house.store.content) == ["box", "results"]


async def test_two_at_the_same_time_are_one_service_and_one_conflict(house):
    answers = await asyncio.gather(
        house.services.create(ADMIN, IN_AND_OUT), house.services.create(ADMIN, IN_AND_OUT), return_exceptions=True
    )
    assert [type(answer) for answer in answers] == [type(None), Conflict]


REFUSED = [
    (definition(script=""), BadInput, "script"),
    (definition(cpu="3"), BadInput, "2 cores"),
    (definition(memory="5Gi"), BadInput, "4 GiB"),
    (definition(image="docker.io/library/debian"), BadInput, "container engine"),
    (definition(inputs=["box/in"], outputs=["box/in/deep"]), BadInput, "start the service again"),
    (definition(inputs=["statuette-state/in"]), Forbidden, "the platform's own"),
    (definition(inputs=["mine/in", "bobs/in"]), Forbidden, "bobs belongs to someone else"),
    (
        definition(storage_providers={"minio": {"x": {"endpoint": "http://inward.example.org"}}}),
        BadInput,
        "storage_providers.minio.x.endpoint",
    ),
    (definition(inputs=[{"storage_provider": "minio.x", "path": "box/in"}]), BadInput, "minio.x"),
]


@pytest.mark.parametrize(("wrong", "fault", "named"), REFUSED)
async def test_what_is_refused_leaves_nothing(house, user, wrong, fault, named):
    await house.ownership.claim("bobs", "bob")
    with pytest.raises(fault, match=named):
        await house.services.create(user("alice"), wrong)
    await house.ownership.release("bobs")
    await house.nothing_is_left()


async def test_a_services_token_deploys_nothing(house, token_of):
    for attempt in (house.services.create, house.services.update):
        with pytest.raises(Forbidden):
            await attempt(token_of("cat"), IN_AND_OUT)
    await house.nothing_is_left()


class DownServices(ServiceLedger):
    """A ledger that cannot be written."""

    async def add(self, record):
        raise LedgerUnavailable

    async def replace(self, record):
        raise LedgerUnavailable

    async def remove(self, name, *, incarnation=""):
        raise LedgerUnavailable


class OneBucketFails(MemoryBuckets):
    """The bucket `results` cannot be made."""

    async def create(self, name):
        if name == "results":
            raise StoreUnavailable
        return await super().create(name)


class DownVault(Vault):
    """Nothing can be kept; nothing was."""

    async def write(self, name, value):
        raise LedgerUnavailable

    async def add(self, name, value):
        raise LedgerUnavailable

    async def erase(self, name):
        raise LedgerUnavailable


class ListingFails(MemoryObjects):
    """Can list nothing."""

    async def list(self, bucket, prefix, *, after=""):
        raise StoreUnavailable
        yield


async def test_when_the_ledger_is_down_nothing_is_left(build):
    house = build(services=DownServices())
    with pytest.raises(LedgerUnavailable):
        await house.services.create(ADMIN, IN_AND_OUT)
    await house.nothing_is_left()


async def test_when_a_bucket_cannot_be_made_nothing_is_left(build, store):
    house = build(buckets=OneBucketFails(store))
    with pytest.raises(StoreUnavailable):
        await house.services.create(ADMIN, IN_AND_OUT)
    await house.nothing_is_left()


async def test_when_the_owner_cannot_be_kept_nothing_is_left(build):
    house = build(vault=DownVault())
    with pytest.raises(LedgerUnavailable):
        await house.services.create(ADMIN, IN_AND_OUT)
    await house.nothing_is_left()


async def test_when_an_input_cannot_be_looked_at_nothing_is_left(build, store):
    house = build(objects=ListingFails(store))
    with pytest.raises(StoreUnavailable):
        await house.services.create(ADMIN, IN_AND_OUT)
    await house.nothing_is_left()


async def test_a_bucket_that_was_there_before_survives_a_failed_deployment(build, store, put):
    await put("box", "in/precious")
    house = build(services=DownServices())
    with pytest.raises(LedgerUnavailable):
        await house.services.create(ADMIN, IN_AND_OUT)
    await house.nothing_is_left(buckets=["box"])
    assert list(store.content["box"].objects) == ["in/precious"]


async def test_a_store_that_is_away_is_told_and_leaves_nothing(house):
    house.store.down = True
    with pytest.raises(Unavailable):
        await house.services.create(ADMIN, IN_AND_OUT)
    house.store.down = False
    await house.nothing_is_left()


async def test_what_lies_there_already_is_left_alone_or_processed_as_the_input_says(house, put):
    await put("box", "in/old")
    await put("all", "in/old")
    await house.services.create(ADMIN, definition(inputs=["box/in", {"path": "all/in", "process_existing": True}]))
    assert await house.keys() == ["in/old"]
    [row] = await house.ledger.intake.seen(feed_of(house, "box").id, after="", limit=9)
    assert row.object_key == "in/old"


def feed_of(house, bucket):
    [feed] = [feed for feed in house.catalog.feeds() if feed.bucket == bucket]
    return feed


async def test_a_service_stands_though_its_first_sweep_fails(build, store, caplog):
    house = build(objects=ListingFails(store))
    await house.services.create(ADMIN, definition(inputs=[{"path": "box/in", "process_existing": True}]))
    assert [record.name for record in house.catalog.all()] == ["cat"]
    assert "waits for the next sweep" in caplog.text


async def test_an_update_is_the_next_revision_and_keeps_the_marks_of_its_inputs(house, clock, sit):
    await house.services.create(ADMIN, IN_AND_OUT)
    before = house.catalog.get("cat")
    seat = sit(before)
    await clock.advance(100)
    await house.services.update(ADMIN, definition(inputs=["box/in", "new/in"], script="echo"))
    after = house.catalog.get("cat")
    assert (after.revision, after.token, after.incarnation) == (2, before.token, before.incarnation)
    assert feed_of(house, "box") == before.feeds[0]
    assert feed_of(house, "new").since == before.feeds[0].since + 100
    assert list(await house.ledger.services.all()) == [after]
    assert seat.leaving, "runners of the old revision end after their present work"


async def test_an_update_of_what_is_not_there_or_not_ones_own_is_refused(house, user):
    with pytest.raises(NotFound):
        await house.services.update(ADMIN, IN_AND_OUT)
    await house.services.create(user("alice"), IN_AND_OUT)
    with pytest.raises(Forbidden):
        await house.services.update(user("bob"), IN_AND_OUT)
    await house.services.update(ADMIN, IN_AND_OUT)
    assert house.catalog.get("cat").owner == "alice"


async def test_a_failed_update_leaves_the_service_as_it_was(build, house):
    await house.services.create(ADMIN, IN_AND_OUT)
    before = house.catalog.get("cat")
    broken = build(services=DownServices())
    await broken.ownership.load()
    with pytest.raises(LedgerUnavailable):
        await broken.services.update(ADMIN, definition(inputs=["box/in", "extra/in"]))
    assert house.catalog.get("cat") is before
    assert sorted(house.store.content) == ["box", "results"]
    assert broken.ownership.owner("extra") == ""
    assert broken.ownership.owner("box") == ADMIN_ID


SECRETIVE = definition(
    environment={"secrets": {"PASSWORD": "hunter2"}},
    storage_providers={
        "minio": {"far": {"endpoint": "https://far.example.org", "access_key": "AK", "secret_key": "SK"}}
    },
)


async def test_secrets_are_kept_apart_shown_blank_and_come_back_with_what_was_shown(house):
    await house.services.create(ADMIN, SECRETIVE)
    record = house.catalog.get("cat")
    assert set(record.secrets.values()) == {"hunter2", "AK", "SK"}
    shown = house.services.get(ADMIN, "cat").wire
    assert not any(secret in repr(shown) for secret in ("hunter2", "'AK'", "'SK'"))
    assert "hunter2" not in repr(record)
    await house.services.update(ADMIN, shown | {"script": "echo new"})
    again = house.catalog.get("cat")
    assert again.secrets == record.secrets
    assert again.definition.script == "echo new"
    changed = shown | {"environment": {"secrets": {"PASSWORD": "better"}}}
    await house.services.update(ADMIN, changed)
    assert house.catalog.get("cat").secrets["environment.secrets.PASSWORD"] == "better"


async def test_a_removed_service_leaves_its_buckets_and_ends_its_runners_and_calls(house, sit, put):
    await house.services.create(ADMIN, IN_AND_OUT)
    seat = sit(house.catalog.get("cat"))
    await put("box", "in/x")
    await house.services.remove(ADMIN, "cat")
    assert house.catalog.find("cat") is None
    assert await house.ledger.services.all() == []
    assert seat.leaving
    assert sorted(house.store.content) == ["box", "results"]
    assert house.ownership.owner("box") == ADMIN_ID
    with pytest.raises(NotFound):
        await house.services.remove(ADMIN, "cat")


async def test_purging_empties_only_buckets_that_no_other_service_uses(house, put):
    await house.services.create(ADMIN, definition("cat", inputs=["box/in"], outputs=["shared/out"]))
    await house.services.create(ADMIN, definition("dog", inputs=["shared/out"]))
    for n in range(1500):
        await put("box", f"in/{n}")
    await put("shared", "out/x")
    await house.services.remove(ADMIN, "cat", purge=True)
    assert sorted(house.store.content) == ["shared"]
    assert house.ownership.owner("box") == ""
    await house.services.remove(ADMIN, "dog", purge=True)
    await house.nothing_is_left()


async def test_purging_a_bucket_that_is_gone_already_is_no_fault(house):
    await house.services.create(ADMIN, IN_AND_OUT)
    await house.store.buckets.remove("box")
    await house.services.remove(ADMIN, "cat", purge=True)
    await house.nothing_is_left()


async def test_only_owner_and_admin_remove(house, user, token_of):
    await house.services.create(user("alice"), definition(visibility="public"))
    for caller in (user("bob"), token_of("cat")):
        with pytest.raises(Forbidden):
            await house.services.remove(caller, "cat", purge=True)
    await house.services.remove(user("alice"), "cat")


async def test_when_the_ledger_cannot_forget_it_the_service_stays(build, house):
    await house.services.create(ADMIN, IN_AND_OUT)
    with pytest.raises(LedgerUnavailable):
        await build(services=DownServices()).services.remove(ADMIN, "cat")
    assert house.catalog.find("cat") is not None


async def test_everybody_sees_what_he_may_and_the_token_only_if_it_is_his(house, user):
    await house.services.create(user("alice"), definition("hers"))
    await house.services.create(user("bob"), definition("open", visibility="public"))

    def seen(caller):
        return {view.wire["name"]: bool(view.wire["token"]) for view in house.services.all(caller)}

    assert seen(ADMIN) == {"hers": True, "open": True}
    assert seen(user("alice")) == {"hers": True, "open": False}
    assert seen(user("carol")) == {"open": False}
    with pytest.raises(Forbidden):
        house.services.get(user("carol"), "hers")
    with pytest.raises(NotFound):
        house.services.get(ADMIN, "nobody")


async def test_a_view_tells_the_contracts_fields_and_how_the_service_stands(house, settle):
    await house.services.create(ADMIN, IN_AND_OUT)
    await settle()
    wire = house.services.get(ADMIN, "cat").wire
    assert wire["status"] == {"state": "ready", "detail": "", "revision": 1}
    assert list(wire)[-1] == "status"
    assert (wire["namespace"], wire["owner"]) == ("statuette", ADMIN_ID)
    assert wire["storage_providers"]["minio"]["default"]["endpoint"] == "http://127.0.0.1:9000"


async def test_services_stand_again_after_a_restart(build, house, catalog, settle):
    await house.services.create(ADMIN, IN_AND_OUT)
    catalog.drop("cat")
    again = build()
    await again.services.load()
    await settle()
    assert catalog.get("cat").revision == 1
    assert catalog.condition("cat").readiness is Readiness.READY


class InstallFails(PlainBackend):
    """An environment that is installed for a while and then turns out not to be had."""

    def __init__(self):
        super().__init__()
        self.gate = asyncio.Event()

    async def prepare(self, environment):
        yield Progress(step=Preparation.INSTALLING, text="numpy 2.1.0")
        await self.gate.wait()
        raise BadInput("numpy 2.1.0 has no build for this machine")


async def test_an_environment_is_told_while_it_is_made_and_when_it_cannot_be(build, settle):
    backend = InstallFails()
    house = build(backend=backend)
    await house.services.create(ADMIN, IN_AND_OUT)
    await settle()
    assert house.catalog.condition("cat") == Condition(Readiness.PREPARING, "numpy 2.1.0")
    backend.gate.set()
    await settle()
    assert house.catalog.condition("cat").readiness is Readiness.FAILED
    assert "no build" in house.services.get(ADMIN, "cat").wire["status"]["detail"]


class AwayForAWhile(PlainBackend):
    """Cannot make anything the first `fails` times."""

    fails = 4
    tries = 0

    async def prepare(self, environment):
        self.tries += 1
        if self.tries <= self.fails:
            raise BackendUnavailable("the index does not answer")
        async for progress in super().prepare(environment):
            yield progress


async def test_an_environment_is_tried_again_ever_more_seldom(build, settle, clock):
    backend = AwayForAWhile()
    house = build(backend=backend)
    await house.services.create(ADMIN, IN_AND_OUT)
    await settle()
    assert house.catalog.condition("cat") == Condition(Readiness.PREPARING, "the index does not answer; trying again")
    tries = []
    for _ in range(8):
        tries.append(backend.tries)
        await clock.advance(1.0)
        await settle()
    assert tries == [2, 3, 3, 4, 4, 4, 4, 5]
    assert house.catalog.condition("cat").readiness is Readiness.READY


async def test_a_service_that_is_updated_has_only_its_new_environment_made(build, settle):
    backend = InstallFails()
    house = build(backend=backend)
    await house.services.create(ADMIN, IN_AND_OUT)
    await settle()
    await house.services.update(ADMIN, IN_AND_OUT)
    await house.services.remove(ADMIN, "cat")
    backend.gate.set()
    await settle()
    assert house.catalog.condition("cat") == Condition(Readiness.FAILED, "not deployed")


async def test_without_the_stores_clock_ours_counts(build, clock):
    house = build(events=None)
    await house.services.create(ADMIN, IN_AND_OUT)
    assert feed_of(house, "box").since == int(clock.wall())
