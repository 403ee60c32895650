"""The checks and completions of a deployment, each a pure step."""

import pytest

from statuette.core import deployment
from statuette.core.ownership import Ownership
from statuette.events.principals import ADMIN, ADMIN_ID
from statuette.ports.backend import Capacity
from statuette.ports.errors import BadInput, Forbidden
from statuette.ports.store_keys import StoreAddress
from statuette.spec import load_service
from statuette.testing.store import MemoryStore

MACHINE = Capacity(cpu=2000, memory=4 << 30, runners=8)
ADDRESS = StoreAddress(endpoint="http://store.example.org:9000", region="us-east-1", verify=True)


def service(**fields):
    return load_service({"name": "cat", "image": "host", "script": "true", **fields})


def place(path, provider="minio.default", **fields):
    return {"storage_provider": provider, "path": path, **fields}


def test_every_wrong_field_is_named_at_once():
    with pytest.raises(BadInput) as refused:
        deployment.read_definition({"name": "No Name", "image": "host", "script": "", "cpu": "many"})
    named = {problem.partition(":")[0] for problem in refused.value.problems}
    assert {"name", "script", "cpu"} <= named


@pytest.mark.parametrize(
    ("fields", "numbers"),
    [
        ({"cpu": "2.5"}, ("2.5", "2 cores")),
        ({"memory": "8Gi"}, ("8Gi", "4 GiB")),
        ({"enable_gpu": True}, ("enable_gpu", "no GPU")),
    ],
)
def test_a_runner_larger_than_the_machine_is_refused_with_both_numbers(fields, numbers):
    with pytest.raises(BadInput) as refused:
        deployment.check_size(service(**fields), MACHINE)
    assert all(number in str(refused.value) for number in numbers)


def test_what_just_fits_is_allowed():
    deployment.check_size(service(cpu="2", memory="4Gi"), MACHINE)


def test_providers_that_are_not_joined_are_named_with_their_field():
    providers = {"s3": {"mine": {"access_key": "a", "secret_key": "b", "region": "r"}}}
    definition = service(output=[place("box/out"), place("box/out", "s3.mine")], storage_providers=providers)
    with pytest.raises(BadInput, match=r"output\[1\]\.storage_provider: s3\.mine"):
        deployment.check_providers(definition)
    deployment.check_providers(service(input=[place("box/in")], output=[place("box/out")]))


INWARD = [
    "127.0.0.1",
    "127.8.9.10",
    "::1",
    "::ffff:127.0.0.1",
    "169.254.169.254",
    "fe80::1%eth0",
    "0.0.0.0",
    "224.0.0.1",
]


def elsewhere(endpoint):
    provider = {"endpoint": endpoint, "access_key": "a", "secret_key": "b"}
    return service(storage_providers={"minio": {"far": provider}})


@pytest.mark.parametrize("address", INWARD)
async def test_endpoints_that_lead_inward_are_refused_whatever_their_name(address):
    async def resolve(host):
        assert host == "innocent.example.org"
        return ["93.184.215.14", address]

    with pytest.raises(BadInput, match=r"storage_providers\.minio\.far\.endpoint"):
        await deployment.check_endpoints(elsewhere("https://innocent.example.org:9000"), resolve)


async def test_public_endpoints_and_names_that_nobody_knows_are_allowed():
    async def resolve(host):
        return {"public.example.org": ["93.184.215.14", "2606:2800:21f::1"]}.get(host, [])

    await deployment.check_endpoints(elsewhere("https://public.example.org"), resolve)
    await deployment.check_endpoints(elsewhere("https://unknown.example.org"), resolve)


async def test_the_platforms_own_store_is_not_asked_about():
    async def resolve(host):
        pytest.fail(f"{host} was resolved")

    definition = service(storage_providers={"minio": {"default": {"endpoint": "http://127.0.0.1:8333"}}})
    await deployment.check_endpoints(definition, resolve)


async def test_the_machines_resolver_knows_literal_addresses_and_no_nonsense():
    assert await deployment.resolve("127.0.0.1") == ["127.0.0.1"]
    assert await deployment.resolve("::1") == ["::1"]
    assert await deployment.resolve("no host at all") == []


async def test_jobs_that_queue_need_a_bucket_that_keeps_versions():
    store = MemoryStore()
    await store.buckets.create("box")
    await deployment.check_overwriting(service(input=[place("box/in")]), store.buckets)
    queueing = service(input=[place("box/in")], on_overwrite="queue")
    with pytest.raises(BadInput, match=r"on_overwrite: queue needs .* bucket box keeps only the last"):
        await deployment.check_overwriting(queueing, store.buckets)
    store.keep_versions("box")
    await deployment.check_overwriting(queueing, store.buckets)


async def test_buckets_of_others_and_of_the_platform_are_refused(record, user, ledger):
    ownership = Ownership(ledger.vault)
    await ownership.claim("bobs", "bob")
    deployment.check_buckets(user("bob"), record(inputs=["bobs/in"]), ownership)
    deployment.check_buckets(ADMIN, record(inputs=["bobs/in"]), ownership)
    with pytest.raises(Forbidden, match="bobs belongs to someone else"):
        deployment.check_buckets(user("alice"), record(outputs=["bobs/out"]), ownership)
    with pytest.raises(Forbidden, match="statuette-state is the platform's own"):
        deployment.check_buckets(ADMIN, record(inputs=["statuette-state/in"]), ownership)
    mount = {"storage_provider": "minio.default", "path": "bobs/data"}
    with pytest.raises(Forbidden, match="bobs"):
        deployment.check_buckets(user("alice"), record(mount=mount), ownership)


def test_a_first_record_has_a_life_and_a_token_of_its_own(user):
    one, two = (deployment.first_record(service(), owner=user("alice"), now=5.0, since=4) for _ in range(2))
    assert (one.revision, one.owner, one.created, one.updated) == (1, "alice", 5.0, 5.0)
    assert one.incarnation != two.incarnation
    assert one.token != two.token
    assert len(one.token) == 64
    assert deployment.first_record(service(), owner=ADMIN, now=0.0, since=0).owner == ADMIN_ID


def test_inputs_begin_at_the_stores_time_unless_existing_objects_are_wanted(record):
    definition = service(input=[place("box/new"), place("box/all", process_existing=True)])
    made = deployment.first_record(definition, owner=ADMIN, now=99.5, since=42)
    assert {feed.prefix: feed.since for feed in made.feeds} == {"new/": 42, "all/": 0}
    assert len({feed.id for feed in made.feeds}) == 2


def test_an_update_keeps_what_stays_and_marks_what_is_new(user):
    old = deployment.first_record(service(input=[place("box/a"), place("box/b")]), owner=user("al"), now=1.0, since=10)
    new = deployment.next_record(old, service(input=[place("box/b"), place("box/c")]), now=2.0, since=20)
    assert (new.revision, new.created, new.updated) == (2, 1.0, 2.0)
    assert (new.token, new.owner, new.incarnation) == (old.token, "al", old.incarnation)
    assert {feed.prefix: feed.since for feed in new.feeds} == {"b/": 10, "c/": 20}
    assert [feed.prefix for feed in deployment.new_feeds(new, old)] == ["c/"]
    assert len(deployment.new_feeds(new, None)) == 2


def test_the_server_completes_labels_owner_namespace_and_its_own_store():
    forged = {"default": {"endpoint": "http://evil.example.org", "access_key": "k", "secret_key": "s"}}
    definition = service(labels={"mine": "1"}, storage_providers={"minio": forged})
    done = deployment.completed(definition, address=ADDRESS, owner="alice", namespace="ns")
    assert (done.owner, done.namespace) == ("alice", "ns")
    assert done.labels["mine"] == "1"
    assert (done.labels["oscar_service"], done.labels["owner_name"]) == ("cat", "alice")
    default = done.storage_providers.minio["default"]
    assert (default.endpoint, default.region) == (ADDRESS.endpoint, "us-east-1")
    assert {default.access_key, default.secret_key}.isdisjoint({"k", "s"})
    admins = deployment.completed(definition, address=ADDRESS, owner=ADMIN_ID, namespace="ns")
    assert admins.labels["owner_name"] == "oscar"
