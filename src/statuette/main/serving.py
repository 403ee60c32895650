"""The manager's life: hold the state, open the plugs, answer, work, and end in good order."""

import asyncio
import gc
import logging
import signal
import socket
import time
from collections.abc import AsyncIterator, Iterator
from contextlib import AsyncExitStack, asynccontextmanager, contextmanager

import uvicorn

from statuette.core import Core
from statuette.main.joining import Joined, joined
from statuette.main.sidecars import in_processes
from statuette.main.state import StateFolder, announce
from statuette.ports.clock import Clock
from statuette.settings import Settings

log = logging.getLogger(__name__)

BACKLOG = 1024


class PortTaken(Exception):
    """The public port cannot be had; the message says why."""


class Door(uvicorn.Server):
    """The HTTP server inside the manager's loop; signals are the manager's own business."""

    @contextmanager
    def capture_signals(self) -> Iterator[None]:
        yield


def public_socket(settings: Settings) -> socket.socket:
    """The bound public port. Raises `PortTaken`."""
    family = socket.AF_INET6 if ":" in settings.listen else socket.AF_INET
    listener = socket.socket(family, socket.SOCK_STREAM)
    listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    try:
        listener.bind((settings.listen, settings.port))
    except (OSError, OverflowError) as error:  # the latter for a number that is no port
        listener.close()
        words = error.strerror if isinstance(error, OSError) else error
        raise PortTaken(f"cannot listen at {settings.listen}:{settings.port}: {words}; name another --port") from error
    listener.listen(BACKLOG)
    return listener


def url_of(listener: socket.socket, settings: Settings) -> str:
    """The address under which this machine reaches the public port."""
    port = listener.getsockname()[1]
    host = {"0.0.0.0": "127.0.0.1", "::": "[::1]"}.get(settings.listen, settings.listen)  # noqa: S104 - compared, not bound
    return f"http://[{host}]:{port}" if ":" in host and not host.startswith("[") else f"http://{host}:{port}"


async def serve(state: StateFolder, settings: Settings, listener: socket.socket, *, clock: Clock | None = None) -> None:
    """Run the manager until SIGTERM or SIGINT, by the machine's clock unless another is given."""
    ending = asyncio.Event()
    loop = asyncio.get_running_loop()
    for number in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(number, ending.set)
    async with AsyncExitStack() as stack:
        inner = stack.enter_context(inner_socket()) if in_processes(settings) else None
        everything = await stack.enter_async_context(joined(state, settings, inner_url=_inner_url(inner), clock=clock))
        if inner is not None:
            # Supervisors have to be heard longer than people: until the last of them has handed its work back.
            await stack.enter_async_context(_inner_door(everything, inner))
        await everything.core.start()
        gc.freeze()  # what is there by now stays: looking through it for rubbish takes 70 ms, in which no call goes on
        work = asyncio.create_task(everything.work(), name="work")
        door = _door(everything)
        serving = asyncio.create_task(door.serve(sockets=[listener]), name="door")
        announce(state, url_of(listener, settings), started=time.time())
        log.info("ready", extra={"action": "ready", "url": url_of(listener, settings)})
        try:
            await _first(ending, work, serving)
        finally:
            everything.stop()
            await _end(everything.core, door, work, serving, grace=settings.grace)


def inner_socket() -> socket.socket:
    """Where supervisors in processes of their own are heard: on this machine alone."""
    return socket.create_server(("127.0.0.1", 0), backlog=BACKLOG)


def _inner_url(inner: socket.socket | None) -> str:
    return f"http://127.0.0.1:{inner.getsockname()[1]}" if inner is not None else ""


@asynccontextmanager
async def _inner_door(everything: Joined, inner: socket.socket) -> AsyncIterator[None]:
    door = _door(everything)
    serving = asyncio.create_task(door.serve(sockets=[inner]), name="inner door")
    try:
        yield
    finally:
        door.should_exit = True
        await serving


def _door(everything: Joined) -> Door:
    config = uvicorn.Config(
        everything.app,
        loop="none",
        http="httptools",
        ws="none",
        lifespan="off",
        log_config=None,
        access_log=False,
        server_header=False,
        timeout_keep_alive=75,
        timeout_graceful_shutdown=5,
    )
    return Door(config)


async def _first(ending: asyncio.Event, *tasks: asyncio.Task[None]) -> None:
    """Wait for the signal to end, or for a part that ended by itself: that is a fault and is raised."""
    waiting = asyncio.create_task(ending.wait())
    done, _ = await asyncio.wait([waiting, *tasks], return_when=asyncio.FIRST_COMPLETED)
    waiting.cancel()
    for task in done - {waiting}:
        task.result()
        raise RuntimeError(f"the manager's {task.get_name()} ended by itself")


async def _end(core: Core, door: Door, work: asyncio.Task[None], serving: asyncio.Task[None], *, grace: float) -> None:
    """No more requests, no more leases; what runs may end within the grace time, the rest is returned."""
    log.info("ending", extra={"action": "end"})
    door.should_exit = True
    await core.drain(grace)
    work.cancel()
    results = await asyncio.gather(work, serving, return_exceptions=True)
    for result in results:
        if isinstance(result, Exception):
            log.error("ended with a fault", exc_info=result, extra={"action": "end"})
