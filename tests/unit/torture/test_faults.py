"""Faults, delivered to what the tests put in the platform's place."""

import signal
import subprocess
from types import SimpleNamespace

import pytest

from statuette.backends.local import processes
from statuette.torture.clock import offset
from statuette.torture.faults import Fire, Targets
from statuette.torture.leftovers import Places
from statuette.torture.schedule import Fault, Kind, Part


class Manager:
    """A process that passes for a manager; `kill` as the platform's."""

    def __init__(self, process):
        self.process, self.before_start, self.ready, self.spared = process, [], True, False

    @property
    def pid(self):
        return self.process.pid if self.process.poll() is None else None

    def kill(self):
        self.process.kill()
        self.process.wait()
        return True


class Filling:
    """A disk that notes what is done to it."""

    def __init__(self):
        self.acts = []

    def fill(self):
        self.acts.append("fill")

    def free(self):
        self.acts.append("free")


@pytest.fixture
def house(tmp_path, sleeper):
    disk, manager = Filling(), Manager(sleeper)
    store = SimpleNamespace(
        s3=SimpleNamespace(slow=0.0, failing=False, closed=False, cut=lambda: None),
        filer=SimpleNamespace(slow=0.0, failing=False, closed=False, cut=lambda: None),
        pid=None,
    )
    targets = Targets(manager, Places(tmp_path), disk, tmp_path / "clock", f"sqlite:///{tmp_path}/none.db", store)
    return SimpleNamespace(
        fire=Fire(targets, seed=1), disk=disk, manager=manager, store=store, clock=tmp_path / "clock"
    )


async def test_a_killed_manager_and_what_it_held_are_noted(house):
    await house.fire.burn([Fault(0.0, Kind.KILL, Part.MANAGER)], seconds=5)
    assert house.fire.delivered == {(Kind.KILL, Part.MANAGER): 1}
    assert house.manager.pid is None


async def test_nobody_to_hit_is_not_counted(house):
    await house.fire.burn([Fault(0.0, Kind.KILL, Part.RUNNER), Fault(0.0, Kind.KILL, Part.STORE)], seconds=0.5)
    assert not house.fire.delivered


async def test_the_clock_is_moved_and_set_right_when_the_fire_ends(house):
    seen = []
    house.disk.fill = lambda: seen.append(offset(house.clock))
    faults = [Fault(0.0, Kind.CLOCK, Part.MANAGER, amount=-60.0), Fault(0.1, Kind.FULL, Part.DISK, 0.01)]
    await house.fire.burn(faults, seconds=5)
    assert seen == [-60.0]
    assert offset(house.clock) == 0.0
    assert house.disk.acts == ["free", "free"]


async def test_a_stopped_process_goes_on(house):
    await house.fire.burn([Fault(0.0, Kind.STOP, Part.MANAGER, 0.05)], seconds=5)
    assert house.fire.delivered == {(Kind.STOP, Part.MANAGER): 1}
    now = processes.stat(house.manager.pid)
    assert now is not None
    assert now.state not in "Tt"


async def test_the_proxies_are_well_again_afterwards(house):
    lasting = [(Kind.ERRORS, Part.STORE), (Kind.SLOW, Part.STORE), (Kind.CUT, Part.STREAM)]
    faults = [Fault(0.0, kind, part, 9.0) for kind, part in lasting]
    await house.fire.burn(faults, seconds=0.2)
    for proxy in (house.store.s3, house.store.filer):
        assert (proxy.slow, proxy.failing, proxy.closed) == (0.0, False, False)


async def test_the_position_is_put_ahead_between_two_managers(house):
    await house.fire.burn([Fault(0.0, Kind.AHEAD, Part.STREAM)], seconds=5)
    assert house.manager.pid is None
    assert len(house.manager.before_start) == 1
    house.manager.before_start[0]()  # no ledger is there: told in the log, and the manager starts all the same


async def test_manager_and_store_die_together_after_a_while_of_blindness(house):
    with subprocess.Popen(["sleep", "60"]) as store:  # noqa: ASYNC220 - a stand-in
        house.store.pid = store.pid
        await house.fire.burn([Fault(0.0, Kind.BLIND, Part.STREAM, 0.05)], seconds=5)
        assert store.wait(5) == -signal.SIGKILL
    assert house.manager.pid is None
    assert house.fire.delivered[Kind.KILL, Part.MANAGER] == house.fire.delivered[Kind.KILL, Part.STORE] == 1
