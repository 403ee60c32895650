"""Claims: what a caller says happened counts only inside the service's inputs and his own rights."""

import pytest

from statuette.core.claims import Claims
from statuette.core.ownership import Ownership
from statuette.events.event import Event, EventKind
from statuette.events.objects import ObjectRef, ObjectVersion
from statuette.events.principals import ADMIN
from statuette.ports.errors import BadInput, Forbidden, NotFound


@pytest.fixture
async def claims(store, ledger):
    ownership = Ownership(ledger.vault)
    await ownership.claim("alices", "alice")
    await ownership.claim("bobs", "bob")
    return Claims(objects=store.objects, ownership=ownership)


def written(bucket, key, **fields):
    return Event(kind=EventKind.STORAGE, object=ObjectRef(bucket=bucket, key=key, provider="s3.theirs"), **fields)


@pytest.mark.parametrize("kind", [EventKind.RAW, EventKind.JSON])
async def test_plain_bodies_are_the_callers_own(claims, record, user, kind):
    forged = Event(kind=kind, payload=b"x", principal="root", inferred=True, commit="c0ffee.1")
    settled = await claims.settled(user("alice"), record(), forged)
    assert (settled.principal, settled.inferred, settled.commit, settled.payload) == ("alice", False, "", b"x")


async def test_the_version_is_the_stores_and_not_the_callers(claims, record, user, put):
    real = await put("alices", "in/x", b"data")
    forged = ObjectVersion(etag="forged", size=0, modified=0, version_id="v9")
    event = Event(
        kind=EventKind.STORAGE,
        object=ObjectRef(bucket="alices", key="in/x", provider="minio.other", version=forged),
        principal="root",
    )
    settled = await claims.settled(user("alice"), record(inputs=["alices/in"], owner="alice"), event)
    assert settled.object == ObjectRef(bucket="alices", key="in/x", provider="minio.default", version=real)
    assert settled.principal == "alice"


@pytest.mark.parametrize("key", ["out/x", "in/", "inx", "in"])
async def test_objects_outside_the_inputs_are_forbidden_before_the_store_is_asked(claims, record, store, key):
    store.down = True
    with pytest.raises(Forbidden, match="none of the inputs"):
        await claims.settled(ADMIN, record(inputs=["alices/in"]), written("alices", key))


@pytest.mark.parametrize("key", ["in/../x", "../in/x", "in//x", "in/\0", "in/" + "x" * 2000, "in/\udcff"])
async def test_keys_that_no_object_can_have_are_bad_input(claims, record, store, key):
    store.down = True
    with pytest.raises(BadInput, match="key"):
        await claims.settled(ADMIN, record(inputs=["alices/in"]), written("alices", key))


async def test_an_unknown_object_or_bucket_is_not_found(claims, record, put):
    await put("alices", "in/x")
    service = record(inputs=["alices/in", "missing/in"])
    with pytest.raises(NotFound, match="alices/in/y"):
        await claims.settled(ADMIN, service, written("alices", "in/y"))
    with pytest.raises(NotFound, match="missing"):
        await claims.settled(ADMIN, service, written("missing", "in/x"))


async def test_a_user_of_a_public_service_cannot_name_the_objects_of_others(claims, record, user, put):
    await put("alices", "in/x")
    public = record(inputs=["alices/in"], owner="alice", visibility="public")
    with pytest.raises(Forbidden, match="belongs to someone else"):
        await claims.settled(user("bob"), public, written("alices", "in/x"))
    for allowed in (user("alice"), ADMIN):
        assert (await claims.settled(allowed, public, written("alices", "in/x"))).principal == allowed.id


async def test_a_services_token_stands_for_its_owner(claims, record, token_of, put):
    await put("alices", "in/x")
    service = record(inputs=["alices/in"], owner="alice")
    assert (await claims.settled(token_of("cat"), service, written("alices", "in/x"))).principal == "cat"


@pytest.mark.parametrize("kind", [EventKind.ONEDATA, EventKind.DCACHE, EventKind.RUCIO])
async def test_events_of_stores_that_are_not_joined_are_refused(claims, record, kind):
    event = Event(kind=kind, object=ObjectRef(bucket="alices", key="in/x"))
    with pytest.raises(BadInput, match=str(kind)):
        await claims.settled(ADMIN, record(inputs=["alices/in"]), event)
