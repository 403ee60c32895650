"""Starts that fail, managers that die, environments that are made: what only sandboxed processes have."""

import asyncio
import json
import os
import signal
import subprocess
import sys
import time
from dataclasses import replace

import pytest

from statuette.backends.local import ProcessBackend, processes
from statuette.ports.backend import End, Environment, Preparation
from statuette.ports.errors import BackendUnavailable, BadInput
from statuette.testing.backend_suite import order, run

HOSTING = """
import asyncio, json, os, sys, threading
from pathlib import Path
from statuette.backends.local import ProcessBackend, processes
from statuette.testing.backend_suite import order, run
async def main():
    backend = ProcessBackend(Path(sys.argv[1]), runner_script=Path(sys.argv[2]).read_text(), environment=os.environ)
    await backend.recover()
    idle = await backend.start(order(":", name="idle", network=True))
    busy = await backend.start(order("echo on; (setsid sleep 987 &); sleep 987", name="busy"))
    def output(stream, data):
        made = [json.loads(path.read_text()) for path in Path(sys.argv[1]).rglob("processes.json")]
        joined = backend._parts["idle"].connection
        if joined:
            made.append({joined.process.pid: processes.stat(joined.process.pid).started})
        print(json.dumps(made), flush=True)
    from statuette.ports.backend import RunOrder
    await busy.run(RunOrder(id="x", variables={}), output)
asyncio.run(main())
"""


@pytest.fixture
def hosting(secret_folder, runner_script, tmp_path):
    """A manager in a process of its own, with an idle and a busy runner; and the numbers and start times of all their
    processes."""
    (tmp_path / "runner.sh").write_text(runner_script)
    line = [sys.executable, "-c", HOSTING, str(secret_folder / "runners"), str(tmp_path / "runner.sh")]
    manager = subprocess.Popen(line, stdout=subprocess.PIPE)
    made = [(int(pid), started) for each in json.loads(manager.stdout.readline()) for pid, started in each.items()]
    time.sleep(0.3)  # what only came by on the way has gone
    below = {pid for number, _ in made for pid in processes.descendants(number)}
    yield manager, made + [(pid, found.started) for pid in below if (found := processes.stat(pid))]
    manager.kill()
    manager.wait()
    manager.stdout.close()


async def test_a_dead_managers_runners_die_with_it(hosting, secret_folder, runner_script):
    manager, made = hosting
    assert len(made) >= 6
    assert all(processes.alive(*each) for each in made)
    os.kill(manager.pid, signal.SIGKILL)
    deadline = time.monotonic() + 5
    while any(processes.alive(*each) for each in made):
        assert time.monotonic() < deadline
        await asyncio.sleep(0.05)
    backend = ProcessBackend(secret_folder / "runners", runner_script=runner_script, environment=os.environ)
    assert await backend.recover() == []
    assert not any((secret_folder / "runners" / "open" / "runners").iterdir())
    runner = await backend.start(order("exit 5", name="busy"))
    assert (await run(runner))[0].exit_code == 5
    await backend.close()


async def test_recover_ends_what_still_lives(secret_folder, runner_script, backend):
    """A runner whose manager has forgotten it, as when the death signal was lost."""
    lost = ProcessBackend(secret_folder / "runners", runner_script=runner_script, environment=os.environ)
    await lost.start(order(":", name="lost"))
    made = json.loads(next(secret_folder.rglob("processes.json")).read_text())
    assert all(processes.alive(int(pid), started) for pid, started in made.items())
    await backend.recover()
    assert not any(processes.alive(int(pid), started) for pid, started in made.items())
    await lost.close()


@pytest.mark.parametrize(
    ("script", "change"),
    [
        ("exit 0", {}),  # process 1 ends at once
        ("while :; do :; done", {}),  # process 1 never answers
        (None, {"memory": 1}),  # no process fits into the group
    ],
)
async def test_a_start_that_fails_leaves_nothing_after_stop(secret_folder, runner_script, script, change, need):
    need(os.geteuid() == 0 or script is not None, "groups")
    backend = ProcessBackend(secret_folder / "runners", runner_script=script or runner_script, environment=os.environ)
    wanted = replace(order(":"), **change)
    with pytest.raises(BackendUnavailable):
        await backend.start(wanted)
    await backend.stop(wanted.id)
    assert not any((secret_folder / "runners" / "open" / "runners").iterdir())
    assert _groups(wanted.id) == []
    await backend.close()


@pytest.mark.parametrize("after", [0, 0.001, 0.003, 0.006, 0.01, 0.02])
async def test_a_start_cancelled_at_any_step_leaves_nothing_after_stop(backend, secret_folder, after):
    wanted = order(":", network=True)
    starting = asyncio.ensure_future(backend.start(wanted))
    await asyncio.sleep(after)
    starting.cancel()
    await asyncio.wait({starting})
    await backend.stop(wanted.id)
    assert not any((secret_folder / "runners" / "open" / "runners").iterdir())
    assert _groups(wanted.id) == []


async def test_a_strict_umask_changes_nothing(secret_folder, runner_script):
    before = os.umask(0o077)
    try:
        backend = ProcessBackend(secret_folder / "runners", runner_script=runner_script, environment=os.environ)
        runner = await backend.start(order("cat /oscar/config/script.sh >/oscar/io/out/copy"))
        assert (await run(runner))[0].exit_code == 0
        await backend.close()
    finally:
        os.umask(before)


async def test_orders_that_cannot_be_met(backend):
    good = order(":")
    for bad in (
        replace(good, id="../up"),
        replace(good, files={"../../x": b""}),
        replace(good, gpu=True),
        replace(good, environment=Environment(image="alpine")),
        replace(good, environment=Environment(image="host", python_requirements=("six==1.17.0",))),
        replace(good, environment=Environment(image="host", python_requirements=("-r /etc/passwd",))),
    ):
        with pytest.raises(BadInput):
            await backend.start(bad)


async def test_python_packages_are_made_once_and_used(backend, secret_folder):
    wanted = Environment(image="host", python_requirements=("six==1.17.0",))
    both = await asyncio.gather(*(_prepare(backend, wanted) for _ in range(2)))
    assert [steps[-1].step for steps in both] == [Preparation.READY] * 2
    made = list((secret_folder / "runners" / "open" / "environments").iterdir())
    assert len(made) == 1
    assert sum("Successfully installed" in step.text for steps in both for step in steps) == 1
    script = "python3 -c 'import six, sys; print(six.__version__, sys.prefix)'; echo x >/oscar/python/x || exit 6"
    runner = await backend.start(replace(order(script), environment=wanted))
    result, heard = await run(runner)
    assert (result.end, result.exit_code) == (End.EXITED, 6)
    assert bytes(heard.stdout) == b"1.17.0 /oscar/python\n"
    await backend.stop(runner.id)


async def test_packages_that_do_not_exist_leave_nothing(backend, secret_folder):
    with pytest.raises(BadInput, match=r"six==999"):
        await _prepare(backend, Environment(image="host", python_requirements=("six==999.0",)))
    assert not any((secret_folder / "runners" / "open" / "environments").iterdir())


async def _prepare(backend, environment):
    return [step async for step in backend.prepare(environment)]


def _groups(name):
    found = subprocess.run(["find", "/sys/fs/cgroup", "-name", name], capture_output=True, text=True, check=False)
    return found.stdout.split()
