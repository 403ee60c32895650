"""What an address grants, and that it grants nothing else: on the twin and on a real SeaweedFS."""

import asyncio
import io
import time
from collections.abc import AsyncIterator
from dataclasses import dataclass, replace

import httpx
import pytest
from tests.contract.store.conftest import Plugs

from statuette.adapters.clock_system import SystemClock
from statuette.adapters.store_s3 import Endpoint, S3Presign
from statuette.adapters.store_seaweed import EmbeddedStore
from statuette.adapters.work_http import AddressBook, PresignedObjects
from statuette.events.leases import Lease
from statuette.events.objects import ObjectRef, ObjectVersion
from statuette.ports.errors import Forbidden, ObjectGone
from statuette.ports.presigning import Address, Presign
from statuette.testing.presigning import MemoryDoor, MemoryPresign
from statuette.testing.store_suite import get, put

LEASE = Lease(job="j", attempt=1, runner="r")
MARK = {"statuette-commit": "c.1.1.mac"}


@dataclass
class Signed:
    """A store that gives addresses, and who uses them without a key."""

    store: Plugs
    presign: Presign
    transport: httpx.AsyncBaseTransport | None
    objects: PresignedObjects
    book: AddressBook

    def ref(self, key: str, version: ObjectVersion | None = None) -> ObjectRef:
        return ObjectRef(bucket=self.store.bucket, key=key, version=version)

    def give(self, *addresses: tuple[ObjectRef, Address]) -> None:
        """Hand addresses over, as lease and commit do."""

        async def again() -> None:
            raise AssertionError("nothing is to be asked anew")

        for ref, address in addresses:
            if address.method == "GET":
                self.book.note_input(LEASE, ref, address, again=again)
        self.book.note_page(LEASE, [one for one in addresses if one[1].method != "GET"], again=again)

    async def asked(self, address: Address, **other: object) -> httpx.Response:
        """Use an address as it is, or with something changed."""
        values = {"method": address.method, "url": address.url, "headers": dict(address.headers)} | other
        async with httpx.AsyncClient(transport=self.transport, trust_env=False) as client:
            return await client.request(**values)  # type: ignore[arg-type]


@pytest.fixture
async def signed(store: Plugs, request: pytest.FixtureRequest) -> AsyncIterator[Signed]:
    clock = SystemClock()
    book = AddressBook(clock)
    transport: httpx.AsyncBaseTransport | None = None
    presign: Presign
    if store.memory is not None:
        presign = MemoryPresign(clock)
        transport = MemoryDoor(store.memory, presign)
    else:
        real: EmbeddedStore = request.getfixturevalue("seaweed")
        presign = S3Presign(
            Endpoint(url=real.s3.url, access_key=real.s3.access_key, secret_key=real.s3.secret_key, folders=True)
        )
    objects = PresignedObjects(book, transport=transport)
    yield Signed(store, presign, transport, objects, book)
    await objects.close()


@pytest.mark.parametrize("key", ["in/a", "in/two words+%2F ü~(1)'\"&=#?", "in/日本/x"])
@pytest.mark.parametrize("size", [0, 5, 3_000_000])
async def test_an_object_is_read_stored_described_and_removed_without_a_key(
    signed: Signed, key: str, size: int
) -> None:
    data, ref = b"x" * size, signed.ref(key)
    where = signed.presign
    signed.give(
        (ref, where.put(ref, size=size, metadata=MARK, life=60)),
        (ref, where.head(ref, life=60)),
        (ref, where.delete(ref, life=60)),
    )
    assert await signed.objects.head(ref) is None
    await signed.objects.put(ref, io.BytesIO(data), size=size, metadata=MARK)
    info, stored = await get(signed.store.objects, ref.bucket, key=key)
    assert (stored, dict(info.metadata)) == (data, MARK)
    assert await signed.objects.head(ref) == info
    exact = replace(ref, version=info.version)
    signed.give((exact, where.get(exact, life=60)), (ref, where.delete(ref, life=60)))
    sink = io.BytesIO()
    assert await signed.objects.fetch(exact, sink) == info
    assert sink.getvalue() == data
    await signed.objects.remove(ref.bucket, [key])
    await signed.objects.remove(ref.bucket, [key])
    assert await signed.store.objects.head(ref) is None


async def test_another_version_is_not_read(signed: Signed) -> None:
    old = await put(signed.store.objects, signed.store.bucket, key="in/a", data=b"old")
    ref = signed.ref("in/a", old)
    signed.give((ref, signed.presign.get(ref, life=60)))
    await put(signed.store.objects, signed.store.bucket, key="in/a", data=b"new")
    with pytest.raises(ObjectGone):
        await signed.objects.fetch(ref, io.BytesIO())


async def test_the_condition_cannot_be_left_out(signed: Signed) -> None:
    old = await put(signed.store.objects, signed.store.bucket, key="in/a", data=b"old")
    address = signed.presign.get(signed.ref("in/a", old), life=60)
    await put(signed.store.objects, signed.store.bucket, key="in/a", data=b"new")
    assert (await signed.asked(address, headers={}, url=address.url.replace("etag=", "x="))).status_code == 403


async def test_an_old_version_is_read_where_versions_are_kept(signed: Signed) -> None:
    await signed.store.keep_versions()
    old = await put(signed.store.objects, signed.store.bucket, key="in/a", data=b"old")
    await put(signed.store.objects, signed.store.bucket, key="in/a", data=b"new")
    ref = signed.ref("in/a", old)
    signed.give((ref, signed.presign.get(ref, life=60)))
    sink = io.BytesIO()
    await signed.objects.fetch(ref, sink)
    assert sink.getvalue() == b"old"


async def test_an_address_ends(signed: Signed) -> None:
    await put(signed.store.objects, signed.store.bucket, key="in/a")
    address = signed.presign.get(signed.ref("in/a"), life=1)
    assert (await signed.asked(address)).status_code == 200
    end = time.monotonic() + 1 + 2  # whole seconds on both sides
    while (await signed.asked(address)).status_code == 200:
        assert time.monotonic() < end
        await asyncio.sleep(0.2)
    assert (await signed.asked(address)).status_code == 403


async def test_an_address_is_for_one_key_one_method_and_one_metadata(signed: Signed) -> None:
    await put(signed.store.objects, signed.store.bucket, key="in/b", data=b"secret")
    ref = signed.ref("out/a")
    address = signed.presign.put(ref, size=5, metadata=MARK, life=60)
    wrong = [
        {"url": address.url.replace("/out/a", "/in/b")},
        {"method": "DELETE", "headers": {}},
        {"method": "GET", "headers": {}},
        {"headers": {**address.headers, "x-amz-meta-statuette-commit": "forged"}},
        {"headers": {name: value for name, value in address.headers.items() if "meta" not in name}},
        {"headers": {**address.headers, "content-length": "4"}, "content": b"abcd"},
    ]
    for other in wrong:
        answer = await signed.asked(address, **({"content": b"abcde"} | other))
        assert answer.status_code == 403, (other, answer.text)
    assert await signed.store.objects.head(ref) is None
    assert (await get(signed.store.objects, ref.bucket, key="in/b"))[1] == b"secret"
    reading = signed.presign.get(signed.ref("in/a"), life=60)
    assert (await signed.asked(reading, url=reading.url.replace("/in/a", "/in/b"))).status_code == 403


async def test_what_no_address_came_for_is_not_even_asked(signed: Signed) -> None:
    ref = signed.ref("in/a")
    with pytest.raises(Forbidden):
        await signed.objects.fetch(ref, io.BytesIO())
    with pytest.raises(Forbidden):
        signed.objects.list(ref.bucket, "")
    signed.give((ref, signed.presign.put(ref, size=5, metadata=MARK, life=60)))
    for metadata, size in (({}, 5), (MARK, 4)):
        with pytest.raises(Forbidden):
            await signed.objects.put(ref, io.BytesIO(b"hello"), size=size, metadata=metadata)
