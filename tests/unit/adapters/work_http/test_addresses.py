"""The book of addresses: the right one, in time, and none of another's."""

import pytest

from statuette.adapters.work_http.addresses import MARGIN, AddressBook
from statuette.events.leases import Lease
from statuette.events.objects import ObjectRef, ObjectVersion
from statuette.ports.errors import Forbidden, LeaseLost
from statuette.ports.presigning import Address
from statuette.testing.clock import VirtualClock

LEASE, OTHER = (Lease(job=job, attempt=1, runner="r1") for job in ("a", "b"))
IN = ObjectRef(bucket="b", key="in/a", version=ObjectVersion(etag="1", size=1, modified=1))
OUT = ObjectRef(bucket="b", key="out/a")


def address(name, method="GET", life=60.0):
    return Address(method=method, url=f"http://store/{name}", life=life)


@pytest.fixture
def clock():
    return VirtualClock(auto=False)


@pytest.fixture
def book(clock):
    return AddressBook(clock)


async def never():
    raise AssertionError("nothing is to be asked anew")


async def test_an_input_is_found_by_exactly_its_version(book):
    book.note_input(LEASE, IN, address("in"), again=never)
    assert (await book.find("GET", IN)).url == "http://store/in"
    other = ObjectRef(bucket="b", key="in/a", version=ObjectVersion(etag="2", size=1, modified=1))
    for ref in (other, ObjectRef(bucket="b", key="in/a"), OUT):
        with pytest.raises(Forbidden):
            await book.find("GET", ref)


async def test_outputs_are_found_by_method_and_a_page_takes_the_place_of_the_last(book):
    book.note_page(LEASE, [(OUT, address("put", "PUT")), (OUT, address("head", "HEAD"))], again=never)
    assert [(await book.find(method, OUT)).url[-3:] for method in ("PUT", "HEAD")] == ["put", "ead"]
    book.note_page(LEASE, [(ObjectRef(bucket="b", key="out/b"), address("next", "PUT"))], again=never)
    with pytest.raises(Forbidden):
        await book.find("PUT", OUT)


async def test_an_address_that_ends_soon_is_asked_for_anew(book, clock):
    async def again():
        book.note_page(LEASE, [(OUT, address("new", "PUT"))], again=never)

    book.note_page(LEASE, [(OUT, address("old", "PUT"))], again=again)
    await clock.advance(60 - MARGIN - 1)
    assert (await book.find("PUT", OUT)).url.endswith("old")
    await clock.advance(2)
    assert (await book.find("PUT", OUT)).url.endswith("new")


async def test_a_lease_that_is_lost_gives_no_address(book, clock):
    async def lost():
        raise LeaseLost

    async def forgotten():
        book.forget(LEASE)

    for again, error in ((lost, LeaseLost), (forgotten, Forbidden)):
        book.note_input(LEASE, IN, address("in"), again=again)
        await clock.advance(60)
        with pytest.raises(error):
            await book.find("GET", IN)


async def test_what_is_over_is_forgotten_and_the_rest_is_not(book):
    for lease in (LEASE, OTHER):
        book.note_input(lease, IN, address(lease.job), again=never)
    book.note_page(LEASE, [(OUT, address("put", "PUT"))], again=never)
    book.forget(LEASE)
    book.forget(LEASE)
    assert (await book.find("GET", IN)).url.endswith("b")
    with pytest.raises(Forbidden):
        await book.find("PUT", OUT)
