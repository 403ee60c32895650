"""Processes around runners: how they are told, heard, ended, and cleared up after. The processes here are shells."""

import asyncio
import json
import os
import signal

import pytest

from statuette.backends.local import sidecars as module
from statuette.backends.local.sidecars import SidecarBackend, SidecarSupervision
from statuette.ports.backend import Capacity, Preparation, Progress, RunOrder
from statuette.ports.errors import BackendUnavailable, BadInput, RunnerLost
from statuette.testing.backend import PlainBackend
from statuette.testing.backend_suite import HOST, order

READY = "read -r line; echo '{}'; "


class Keeper:
    """What a sidecar's back end asks of the manager's, in memory."""

    def __init__(self):
        self.ended, self.closed, self.slots = [], False, []

    def capacity(self):
        return Capacity(cpu=1, memory=1, runners=2)

    def shared(self, slot):
        self.slots.append(slot)
        return slot

    async def prepare(self, environment):
        yield Progress(step=Preparation.READY, text="ready")

    async def end_leftover(self, runner):
        self.ended.append(runner)

    async def recover(self):
        return []

    async def close(self):
        self.closed = True


@pytest.fixture
def keeper():
    return Keeper()


@pytest.fixture
async def made(keeper, tmp_path):
    """Makes a back end whose processes are this script; their standard error is ours."""
    backends = []

    def make(script):
        backend = SidecarBackend(
            keeper,
            command=["/bin/sh", "-c", script],
            environment={"FOLDER": str(tmp_path)},
            configure=lambda one, share: json.dumps({"id": one.id, "share": share, "token": one.credential}).encode(),
        )
        backends.append(backend)
        return backend

    yield make
    for backend in backends:
        await backend.close()


async def test_a_process_is_told_on_its_standard_input_alone(made, tmp_path):
    backend = made('read -r line; echo "$line" > $FOLDER/told; env > $FOLDER/env; echo "{}"; read -r more; exit 0')
    runner = await backend.start(order("", name="r1"))
    told = json.loads((tmp_path / "told").read_text())
    assert (told["id"], told["share"], runner.id) == ("r1", 0, "r1")
    names = {line.partition("=")[0] for line in (tmp_path / "env").read_text().splitlines()}
    assert names <= {"FOLDER", "PWD", "OLDPWD", "SHLVL", "_"}
    assert os.getsid(runner.process.pid) == runner.process.pid, "a terminal's signals are the manager's"


@pytest.mark.parametrize(
    ("script", "error", "words"),
    [
        ("exit 3", BackendUnavailable, "ended before"),
        ('echo \'{"fault": "BadInput", "message": "no such image"}\'', BadInput, "no such image"),
        ('echo \'{"fault": "BackendUnavailable", "message": "no room"}\'', BackendUnavailable, "no room"),
    ],
)
async def test_one_that_cannot_start_says_why(made, keeper, script, error, words):
    backend = made(script)
    with pytest.raises(error, match=words):
        await backend.start(order("", name="r1"))
    await backend.stop("r1")
    assert keeper.ended == ["r1"]


async def test_one_that_says_nothing_is_given_up(made, monkeypatch):
    monkeypatch.setattr(module, "_START", 0.2)
    backend = made("exec sleep 60")
    with pytest.raises(BackendUnavailable, match="does not answer"):
        await backend.start(order("", name="r1"))


async def test_places_are_given_once_and_again_after_the_end(made, keeper):
    backend = made(READY + "read -r more")
    for name in ("r1", "r2"):
        await backend.start(order("", name=name))
    with pytest.raises(BackendUnavailable, match="no room"):
        await backend.start(order("", name="r3"))
    with pytest.raises(BadInput, match="already"):
        await backend.start(order("", name="r1"))
    await backend.stop("r1")
    await backend.stop("r1")
    await backend.start(order("", name="r3"))
    assert (keeper.slots, keeper.ended) == ([0, 1, 0], ["r1"])


async def test_serving_waits_for_the_process(made):
    backend, supervision = made(READY + "sleep 0.2; exit 0"), SidecarSupervision()
    runner = await backend.start(order("", name="r1"))
    assert await supervision.serve(runner) is False
    assert await supervision.serve(runner) is False


@pytest.mark.parametrize(("last", "words"), [("exit 4", "exit code 4"), ("kill -9 $$", "signal 9")])
async def test_a_process_that_fails_is_told(made, last, words):
    runner = await made(READY + last).start(order("", name="r1"))
    with pytest.raises(BackendUnavailable, match=words):
        await SidecarSupervision().serve(runner)


async def test_cancelled_it_has_the_work_handed_back(made, tmp_path):
    backend = made("trap 'echo back > $FOLDER/handed; exit 0' TERM; " + READY + "while :; do sleep 0.05; done")
    runner = await backend.start(order("", name="r1"))
    serving = asyncio.create_task(SidecarSupervision().serve(runner))
    await asyncio.sleep(0.1)
    serving.cancel()
    assert await serving is False
    assert (tmp_path / "handed").read_text() == "back\n"


async def test_one_that_does_not_listen_is_killed(made, monkeypatch, caplog):
    monkeypatch.setattr(module, "_GRACE", 0.2)
    backend = made("trap '' TERM; " + READY + "while :; do sleep 0.05; done")
    runner = await backend.start(order("", name="r1"))
    await backend.stop("r1")
    assert runner.process.returncode == -signal.SIGKILL
    assert "killed" in caplog.text


async def test_a_start_that_is_cancelled_leaves_no_process(made):
    backend = made("exec sleep 60")
    starting = asyncio.create_task(backend.start(order("", name="r1")))
    await asyncio.sleep(0.2)
    starting.cancel()
    await asyncio.gather(starting, return_exceptions=True)
    runner = backend._sidecars["r1"]
    await backend.stop("r1")
    assert runner.process.poll() is not None


async def test_nobody_else_runs_anything_there(made):
    runner = await made(READY + "read -r more").start(order("", name="r1"))
    with pytest.raises(RunnerLost):
        await runner.run(RunOrder(id="x", variables={}), lambda *_: None)
    with pytest.raises(RunnerLost):
        runner.workspace  # noqa: B018 - asking is what is refused
    assert await runner.reset() is False
    await runner.kill()
    assert await runner.ended() == -signal.SIGKILL


async def test_another_back_ends_runner_is_not_served():
    backend = PlainBackend()
    runner = await backend.start(order("true", name="r1"))
    with pytest.raises(BadInput):
        await SidecarSupervision().serve(runner)
    await backend.stop("r1")


async def test_the_rest_is_the_keepers(made, keeper):
    backend = made("exit 0")
    assert [step.text async for step in backend.prepare(HOST)] == ["ready"]
    assert (backend.capacity(), await backend.recover()) == (keeper.capacity(), [])
    await backend.close()
    assert keeper.closed
