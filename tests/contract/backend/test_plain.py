"""The twin keeps what every back end keeps, but for isolation."""

import pytest

from statuette.ports.backend import End
from statuette.ports.errors import BackendUnavailable
from statuette.testing.backend import DiesWhileRunning, FailsDuringStart, PlainBackend
from statuette.testing.backend_suite import BackendSuite, order, run


class TestPlainBackend(BackendSuite):
    @pytest.fixture
    def backend(self):
        return PlainBackend()


async def test_a_start_that_fails_leaves_nothing_after_stop():
    backend = FailsDuringStart()
    wanted = order(":")
    with pytest.raises(BackendUnavailable):
        await backend.start(wanted)
    folder = backend.started[wanted.id].workspace.host
    assert folder.exists()
    await backend.stop(wanted.id)
    assert not folder.exists()


async def test_a_runner_that_dies_stays_dead():
    backend = DiesWhileRunning()
    wanted = order("sleep 10")
    runner = await backend.start(wanted)
    for _ in range(2):
        assert (await run(runner))[0].end is End.DIED
    assert not await runner.reset()
    await backend.stop(wanted.id)
