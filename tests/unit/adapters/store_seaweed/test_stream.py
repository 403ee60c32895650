"""The event stream, against a filer that is a small gRPC server: what it says, and how it can end."""

from collections.abc import AsyncIterator
from typing import Any

import grpc
import pytest

from statuette.adapters.store_seaweed import filer_pb2 as pb
from statuette.adapters.store_seaweed.doors import FilerDoor
from statuette.adapters.store_seaweed.stream import SeaweedEvents
from statuette.ports.errors import StoreUnavailable
from statuette.ports.store_events import Notice


class Filer:
    """Says `messages` to whoever subscribes, then ends with `status` (OK: an ordinary end)."""

    def __init__(self) -> None:
        self.messages: list[pb.SubscribeMetadataResponse] = []
        self.status = grpc.StatusCode.OK
        self.asked: list[pb.SubscribeMetadataRequest] = []
        self.events: SeaweedEvents = SeaweedEvents(FilerDoor(target=""))
        self.now = 0

    async def subscribe(self, request: Any, context: Any) -> AsyncIterator[Any]:
        self.asked.append(request)
        for message in self.messages:
            yield message
        if self.status is not grpc.StatusCode.OK:
            await context.abort(self.status, "broken")

    async def ping(self, request: Any, context: Any) -> Any:
        if not self.now:
            await context.abort(grpc.StatusCode.UNAVAILABLE, "away")
        return pb.PingResponse(start_time_ns=self.now)

    def handlers(self) -> grpc.GenericRpcHandler:
        named = {
            "SubscribeMetadata": grpc.unary_stream_rpc_method_handler(
                self.subscribe, pb.SubscribeMetadataRequest.FromString, pb.SubscribeMetadataResponse.SerializeToString
            ),
            "Ping": grpc.unary_unary_rpc_method_handler(
                self.ping, pb.PingRequest.FromString, pb.PingResponse.SerializeToString
            ),
        }
        return grpc.method_handlers_generic_handler("filer_pb.SeaweedFiler", named)

    async def followed(self, since: int) -> tuple[list[Notice], str]:
        """All notices and how it ended."""
        found: list[Notice] = []
        try:
            async for notice in self.events.follow(since):
                found.append(notice)  # noqa: PERF401 - what came before the fault is to be kept
        except StoreUnavailable as fault:
            return found, str(fault)
        pytest.fail("the stream ended without a fault")


@pytest.fixture
async def filer() -> AsyncIterator[Filer]:
    found = Filer()
    server = grpc.aio.server()
    server.add_generic_rpc_handlers([found.handlers()])
    port = server.add_insecure_port("127.0.0.1:0")
    await server.start()
    found.events = SeaweedEvents(FilerDoor(target=f"127.0.0.1:{port}"))
    yield found
    await server.stop(None)


def beat(at: int) -> pb.SubscribeMetadataResponse:
    return pb.SubscribeMetadataResponse(ts_ns=at)


def written(name: str, at: int) -> pb.SubscribeMetadataResponse:
    entry = pb.Entry(name=name, attributes=pb.Attributes(file_size=3, mtime=5), extended={"Seaweed-X-Amz-ETag": b"aa"})
    event = pb.EventNotification(new_entry=entry)
    return pb.SubscribeMetadataResponse(directory="/buckets/b", event_notification=event, ts_ns=at)


def told(notices: list[Notice]) -> list[tuple[int, str]]:
    return [(notice.position, notice.ref.key if notice.ref else "") for notice in notices]


async def test_the_first_word_is_the_position_asked_for(filer: Filer) -> None:
    filer.messages = [beat(900), beat(0), beat(901)]
    notices, _ = await filer.followed(500)
    assert told(notices) == [(500, ""), (900, ""), (901, "")]
    assert (filer.asked[0].since_ns, filer.asked[0].path_prefix) == (500, "/buckets/")


async def test_what_is_older_than_asked_for_is_not_passed_over(filer: Filer) -> None:
    filer.messages = [written("x", 400)]
    notices, _ = await filer.followed(500)
    assert told(notices) == [(400, ""), (400, "x")]


async def test_a_bundle_is_unpacked_in_its_order(filer: Filer) -> None:
    first = written("x", 7)
    first.events.extend([written("y", 8), written("z", 9)])
    filer.messages = [first]
    notices, _ = await filer.followed(1)
    assert told(notices) == [(1, ""), (7, "x"), (8, "y"), (9, "z")]


async def test_an_end_is_a_fault(filer: Filer) -> None:
    assert await filer.followed(1) == ([], "the store ended its event stream")


async def test_a_break_is_a_fault_that_says_which(filer: Filer) -> None:
    filer.messages, filer.status = [beat(5)], grpc.StatusCode.INTERNAL
    notices, words = await filer.followed(1)
    assert (told(notices), words) == ([(1, ""), (5, "")], "the store's event stream broke (INTERNAL)")


async def test_each_follower_has_an_id_of_its_own(filer: Filer) -> None:
    for _ in range(3):
        await filer.followed(1)
    assert len({request.client_id for request in filer.asked}) == 3
    assert all(request.client_epoch and request.client_supports_idle_heartbeat for request in filer.asked)


async def test_the_filer_s_own_time(filer: Filer) -> None:
    filer.now = 123
    assert await filer.events.now() == 123
    filer.now = 0
    with pytest.raises(StoreUnavailable, match=r"filer does not answer \(UNAVAILABLE\)"):
        await filer.events.now()


async def test_nobody_there(free_port: int) -> None:
    events = SeaweedEvents(FilerDoor(target=f"127.0.0.1:{free_port}"))
    with pytest.raises(StoreUnavailable, match="UNAVAILABLE"):
        await anext(events.follow(1))
