"""`python -m statuette.main.sidecar`: one runner and its supervisor, in a process of their own.

It knows neither the ledger nor a key of the store: it speaks with the manager under its runner's credential. All it
needs comes as one line of JSON on standard input, never by arguments or the environment, which others can see. The end
of standard input is the manager's, and then this process ends at once.
"""

import asyncio
import ctypes
import json
import logging
import os
import signal
import sys
from contextlib import AsyncExitStack
from importlib import resources
from pathlib import Path

import uvloop
from pydantic import BaseModel, ConfigDict, ValidationError

from statuette.adapters.clock_system import SystemClock
from statuette.adapters.work_http import AddressBook, Door, HttpLogs, HttpWork, PresignedObjects
from statuette.backends.local import ProcessBackend, Share
from statuette.main.logs import set_up_logging
from statuette.ports.backend import RunnerOrder
from statuette.ports.errors import Fault
from statuette.supervisor import Supervisor

log = logging.getLogger(__name__)

_PR_SET_PDEATHSIG = 1


class Configuration(BaseModel):
    """All that a sidecar is told. `root` is the back end's folder, `sealed` has to lie on its file system;
    `verify`: whether the store's certificate is checked; `ttl`: the leases' life in seconds.
    """

    model_config = ConfigDict(frozen=True, ser_json_bytes="base64", val_json_bytes="base64")

    manager: str
    order: RunnerOrder
    share: Share
    root: Path
    sealed: Path
    ttl: float
    verify: bool = True
    log_level: str = "INFO"


def run() -> int:
    """Read the configuration, work until there is no more work; the exit code."""
    ctypes.CDLL(None).prctl(_PR_SET_PDEATHSIG, signal.SIGKILL)
    try:
        told = Configuration.model_validate_json(_line())
    except ValidationError as error:
        fields = ", ".join(".".join(map(str, one["loc"])) or "all of it" for one in error.errors())
        _answer({"fault": "BadInput", "message": f"the configuration cannot be read: {fields}"})
        return 2
    set_up_logging(told.log_level)
    with asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner:
        return runner.run(_work(told))


def _line() -> bytes:
    """The first line of standard input, read without taking more."""
    line = bytearray()
    while not line.endswith(b"\n"):
        data = os.read(0, 1 << 16)
        if not data:
            break
        line += data
    return bytes(line)


async def _work(told: Configuration) -> int:
    asyncio.get_running_loop().add_reader(0, _orphaned)
    clock = SystemClock()
    async with AsyncExitStack() as stack:
        backend = ProcessBackend(told.root, runner_script=_runner_script(), environment={}, share=told.share)
        stack.push_async_callback(backend.close)
        try:
            runner = await backend.start(told.order)
        except Fault as fault:
            _answer({"fault": type(fault).__name__, "message": str(fault)})
            return 1
        door = Door(told.manager, told.order.credential)
        stack.push_async_callback(door.close)
        book, logs = AddressBook(clock), HttpLogs(door, told.order.id, clock=clock)
        objects = PresignedObjects(book, verify=told.verify)
        stack.push_async_callback(objects.close)
        supervisor = Supervisor(
            work=HttpWork(door, book=book, logs=logs, clock=clock, spool=told.sealed),
            objects=objects,
            logs=logs,
            clock=clock,
            sealed_root=told.sealed,
            # Inputs fetched ahead are this supervisor's alone, and go with its runner's folders.
            staged=runner.workspace.host.with_name("staged"),
            ttl=told.ttl,
        )
        serving = asyncio.ensure_future(supervisor.serve(runner))
        asyncio.get_running_loop().add_signal_handler(signal.SIGTERM, serving.cancel)
        _answer({})
        await serving
    return 0


def _runner_script() -> str:
    return resources.files("statuette.supervisor").joinpath("runner.sh").read_text()


def _orphaned() -> None:
    """The manager is gone, and nobody would hear a last word. The runner dies with this process."""
    if not os.read(0, 1 << 16):
        os.kill(os.getpid(), signal.SIGKILL)


def _answer(words: dict[str, str]) -> None:
    sys.stdout.write(json.dumps(words) + "\n")
    sys.stdout.flush()


if __name__ == "__main__":
    sys.exit(run())
