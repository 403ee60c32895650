"""The public port: bound or told why not; the address it is reached at; a part that ends by itself is a fault."""

import asyncio
import signal
import socket
from pathlib import Path
from typing import Any

import pytest

from statuette.main.serving import Door, PortTaken, _first, public_socket, url_of
from statuette.settings import Settings


def settings(**more: Any) -> Settings:
    return Settings(state=Path("/nowhere"), **{"port": 0} | more)


def test_a_free_port_is_taken_and_listened_at() -> None:
    with public_socket(settings()) as listener:
        port = listener.getsockname()[1]
        assert url_of(listener, settings()) == f"http://127.0.0.1:{port}"
        with socket.create_connection(("127.0.0.1", port), timeout=1):
            accepted, _ = listener.accept()
            accepted.close()


def test_a_taken_port_is_told_with_its_remedy() -> None:
    with public_socket(settings()) as listener:
        port = listener.getsockname()[1]
        with pytest.raises(PortTaken, match=rf"127\.0\.0\.1:{port}: Address already in use; name another --port"):
            public_socket(settings(port=port))


@pytest.mark.parametrize("port", [65_536, -1])
def test_a_port_that_cannot_be(port: int) -> None:
    with pytest.raises(PortTaken, match="0-65535"):
        public_socket(settings(port=port))


def test_an_address_that_is_not_ours() -> None:
    with pytest.raises(PortTaken, match=r"192\.0\.2\.1"):
        public_socket(settings(listen="192.0.2.1"))


@pytest.mark.parametrize(
    ("listen", "host"),
    [("0.0.0.0", "127.0.0.1"), ("::", "[::1]"), ("::1", "[::1]"), ("10.1.2.3", "10.1.2.3"), ("box", "box")],
)
def test_the_address_people_are_given(listen: str, host: str) -> None:
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        port = listener.getsockname()[1]
        assert url_of(listener, settings(listen=listen)) == f"http://{host}:{port}"


def test_the_door_leaves_signals_alone() -> None:
    before = signal.getsignal(signal.SIGTERM)
    with Door.capture_signals(Door.__new__(Door)):
        assert signal.getsignal(signal.SIGTERM) is before


async def forever() -> None:
    await asyncio.Event().wait()


async def test_a_signal_ends_the_waiting() -> None:
    ending, work = asyncio.Event(), asyncio.create_task(forever())
    asyncio.get_running_loop().call_soon(ending.set)
    await _first(ending, work)
    assert not work.done()
    work.cancel()


async def test_a_part_that_fails_is_raised_as_it_failed() -> None:
    async def broken() -> None:
        raise ValueError("broken")

    work = asyncio.create_task(forever())
    with pytest.raises(ValueError, match="broken"):
        await _first(asyncio.Event(), work, asyncio.create_task(broken()))
    work.cancel()


async def test_a_part_that_ends_by_itself_is_a_fault() -> None:
    door = asyncio.create_task(asyncio.sleep(0), name="door")
    with pytest.raises(RuntimeError, match="the manager's door ended by itself"):
        await _first(asyncio.Event(), door)
