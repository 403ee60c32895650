"""The filer's stream of metadata as the port `StoreEvents`."""

import asyncio
import random
from collections.abc import AsyncIterator
from typing import Protocol

import grpc

from statuette.adapters.store_seaweed import filer_pb2 as pb
from statuette.adapters.store_seaweed.doors import FilerDoor
from statuette.adapters.store_seaweed.notices import BUCKETS, notices_of
from statuette.ports.errors import StoreUnavailable
from statuette.ports.store_events import Notice

_SERVICE = "/filer_pb.SeaweedFiler/"
_SILENCE = 20.0
"""Seconds without a word after which the stream is taken for dead: an idle filer sends a heartbeat every five."""
_ANSWER = 5.0


class SeaweedEvents:
    """Reads one filer's stream. Each `follow` is a connection of its own: a dead one never holds back the next."""

    def __init__(self, filer: FilerDoor) -> None:
        self._filer = filer

    async def follow(self, since: int) -> AsyncIterator[Notice]:
        stands = False
        async with self._filer.channel() as channel:
            call = _subscribe(channel, since)
            while True:
                message = await _next(call)
                if not stands:
                    stands = True
                    # Said with the position asked for: what follows may be older than now.
                    yield Notice(position=min(since, message.ts_ns or since), ref=None)
                if not message.HasField("event_notification"):
                    if message.ts_ns:
                        yield Notice(position=message.ts_ns, ref=None)
                    continue
                for change in (message, *message.events):
                    for notice in notices_of(change):
                        yield notice

    async def now(self) -> int:
        async with self._filer.channel() as channel:
            ping = channel.unary_unary(
                _SERVICE + "Ping",
                request_serializer=pb.PingRequest.SerializeToString,
                response_deserializer=pb.PingResponse.FromString,
            )
            try:
                answer: pb.PingResponse = await ping(pb.PingRequest(), timeout=_ANSWER)
            except grpc.aio.AioRpcError as error:
                raise StoreUnavailable(f"the store's filer does not answer ({error.code().name})") from error
        return answer.start_time_ns


class _Call(Protocol):
    async def read(self) -> pb.SubscribeMetadataResponse | object: ...


def _subscribe(channel: grpc.aio.Channel, since: int) -> _Call:
    subscribe = channel.unary_stream(
        _SERVICE + "SubscribeMetadata",
        request_serializer=pb.SubscribeMetadataRequest.SerializeToString,
        response_deserializer=pb.SubscribeMetadataResponse.FromString,
    )
    request = pb.SubscribeMetadataRequest(
        client_name="statuette",
        path_prefix=BUCKETS,
        since_ns=since,
        # The filer ends the older of two streams with one client id.
        client_id=random.SystemRandom().randrange(1, 2**31),
        client_epoch=1,
        client_supports_idle_heartbeat=True,
    )
    call: _Call = subscribe(request)
    return call


async def _next(call: _Call) -> pb.SubscribeMetadataResponse:
    try:
        async with asyncio.timeout(_SILENCE):  # not wait_for, which before Python 3.12 can swallow a cancellation
            message = await call.read()
    except grpc.aio.AioRpcError as error:
        raise StoreUnavailable(f"the store's event stream broke ({error.code().name})") from error
    except TimeoutError as error:
        raise StoreUnavailable(f"the store's event stream was silent for {_SILENCE:.0f} s") from error
    if not isinstance(message, pb.SubscribeMetadataResponse):
        raise StoreUnavailable("the store ended its event stream")
    return message
