"""A store that somebody else runs is looked at, and says whether it has an event stream."""

import asyncio
import socket
from dataclasses import replace

import pytest

from statuette.adapters.store_seaweed import AttachedStore, EmbeddedStore, S3Door
from statuette.ports.errors import Forbidden, StoreUnavailable


async def test_it_is_known_by_its_answer_and_says_what_it_cannot(seaweed: EmbeddedStore) -> None:
    attached = AttachedStore(seaweed.s3)
    await attached.check()
    assert attached.folders
    assert "sweep alone" in attached.facts()["store events"]
    assert "stream" in AttachedStore(seaweed.s3, filer=seaweed.filer).facts()["store events"]


async def test_a_wrong_key_and_a_store_that_is_not_there_are_told_apart(seaweed: EmbeddedStore) -> None:
    with pytest.raises(Forbidden):
        await AttachedStore(S3Door(url=seaweed.s3.url, access_key="no", secret_key="no")).check()
    with pytest.raises(StoreUnavailable):
        await AttachedStore(S3Door(url="http://127.0.0.1:1", access_key="no", secret_key="no")).check()


async def test_a_store_that_is_just_being_started_is_waited_for(seaweed: EmbeddedStore) -> None:
    with socket.create_server(("127.0.0.1", 0)) as listener:
        port = listener.getsockname()[1]
    away = AttachedStore(replace(seaweed.s3, url=f"http://127.0.0.1:{port}"))
    checking = asyncio.create_task(away.check(patience=20))
    await asyncio.sleep(0.6)
    assert not checking.done()
    host, _, there = seaweed.s3.url.removeprefix("http://").rpartition(":")

    async def forward(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        onward, back = await asyncio.open_connection(host, int(there))
        back.write(await reader.readuntil(b"\r\n\r\n"))
        while data := await onward.read(4096):
            writer.write(data)
            await writer.drain()
            if b"</ListAllMyBucketsResult>" in data:
                break
        for one in (back, writer):
            one.close()

    async with await asyncio.start_server(forward, "127.0.0.1", port):
        await checking
    assert away.folders
