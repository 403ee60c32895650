"""Objects by address: what stores answer, as the platform's own errors. (What is granted: `tests/contract/store`.)"""

import io

import pytest

from statuette.adapters.work_http.addresses import AddressBook
from statuette.adapters.work_http.objects import LARGEST, PresignedObjects
from statuette.events.leases import Lease
from statuette.events.objects import ObjectRef
from statuette.ports.errors import DiskFull, Forbidden, NotFound, ObjectGone, StoreUnavailable, TooLarge
from statuette.ports.presigning import Address
from statuette.testing.clock import VirtualClock

LEASE = Lease(job="a", attempt=1, runner="r1")
REF = ObjectRef(bucket="b", key="a//../b c")
HEAD = {"etag": '"ABC"', "last_modified": "Thu, 01 Jan 1970 00:00:05 GMT"}


@pytest.fixture
async def objects(wire):
    book = AddressBook(VirtualClock(auto=False))

    async def again():
        raise AssertionError("nothing is to be asked anew")

    url = f"{wire.url}/b/a//../b%20c?X-Sig=1"
    book.note_input(LEASE, REF, Address(method="GET", url=url, life=60, headers={"if-match": '"abc"'}), again=again)
    put = {"content-length": "5", "x-amz-meta-k": "v"}
    others = [Address(method=method, url=url, life=60) for method in ("HEAD", "DELETE")]
    others.append(Address(method="PUT", url=url, life=60, headers=put))
    book.note_page(LEASE, [(REF, address) for address in others], again=again)
    made = PresignedObjects(book)
    yield made
    await made.close()


async def test_requests_go_out_as_they_were_signed(wire, objects):
    wire.answer = lambda _: wire.reply(200, b"hello", **HEAD, x_amz_meta_k="v", x_amz_version_id="null")
    sink = io.BytesIO()
    info = await objects.fetch(REF, sink)
    assert (sink.getvalue(), info.version.etag, info.version.modified, info.version.version_id) == (
        b"hello",
        "abc",
        5,
        "",
    )
    assert info.metadata == {"k": "v"}
    await objects.put(REF, io.BytesIO(b"hello!"), size=5, metadata={"k": "v"})
    assert {asked.target for asked in wire.asked} == {"/b/a//../b%20c?X-Sig=1"}
    assert wire.asked[0].headers["if-match"] == '"abc"'
    assert (wire.asked[1].body, wire.asked[1].headers["x-amz-meta-k"]) == (b"hello", "v")
    assert not any("authorization" in asked.headers for asked in wire.asked)


@pytest.mark.parametrize(
    ("status", "body", "error"),
    [
        (404, "", ObjectGone),
        (412, "", ObjectGone),
        (404, "<Code>NoSuchBucket</Code>", NotFound),
        (403, "<Code>AccessDenied</Code>", Forbidden),
        (500, "<Code>InternalError</Code>", StoreUnavailable),
        (503, "", StoreUnavailable),
        (507, "", DiskFull),
        (500, "no space left on device", DiskFull),
    ],
)
async def test_a_stores_answer_is_the_platforms_error(wire, objects, status, body, error):
    wire.always(status, body)
    with pytest.raises(error):
        await objects.fetch(REF, io.BytesIO())
    with pytest.raises(error):
        await objects.put(REF, io.BytesIO(b"hello"), size=5, metadata={"k": "v"})


async def test_a_stream_that_breaks_off_is_no_object(wire, objects):
    wire.answer = lambda _: wire.reply(200, b"hel", **HEAD, content_length="5")
    with pytest.raises(StoreUnavailable):
        await objects.fetch(REF, io.BytesIO())
    wire.answer = lambda _: b""
    with pytest.raises(StoreUnavailable):
        await objects.fetch(REF, io.BytesIO())


async def test_a_file_that_became_shorter_is_not_stored(wire, objects):
    with pytest.raises(OSError, match="too early"):
        await objects.put(REF, io.BytesIO(b"hel"), size=5, metadata={"k": "v"})


async def test_what_is_too_large_for_one_request_is_left_to_the_manager(objects):
    with pytest.raises(TooLarge):
        await objects.put(REF, io.BytesIO(), size=LARGEST + 1, metadata={"k": "v"})


async def test_nothing_there_is_nothing_to_remove(wire, objects):
    wire.always(404)
    await objects.remove("b", [REF.key])
    assert await objects.head(REF) is None
    wire.always(403)
    with pytest.raises(Forbidden):
        await objects.remove("b", [REF.key])
    with pytest.raises(Forbidden):
        await objects.head(REF)
