"""A back end in a process of its own, under the manager's root: it starts its one runner, and the manager clears up."""

import pytest

from statuette.backends.local import ProcessBackend
from statuette.ports.backend import End, RunOrder
from statuette.ports.errors import BackendUnavailable
from statuette.testing.backend_suite import Heard, order


@pytest.fixture
async def guest(backend, secret_folder, runner_script):
    share = backend.shared(7)
    guest = ProcessBackend(secret_folder / "runners", runner_script=runner_script, environment={}, share=share)
    yield guest
    await guest.close()


async def test_it_runs_scripts_as_the_manager_would(backend, guest):
    theirs, ours = await guest.start(order("echo here; id -u", name="theirs")), await backend.start(order("id -u"))
    heard = Heard()
    result = await theirs.run(RunOrder(id="1", variables={}, timeout=10), heard)
    assert (result.end, result.exit_code, heard.stdout.split()[0]) == (End.EXITED, 0, b"here")
    if backend.capacity().facts["users"] == "one for each runner":
        assert theirs.workspace.owner != ours.workspace.owner
    with pytest.raises(BackendUnavailable, match="no room"):
        await guest.start(order("true"))
    await guest.stop("theirs")
    await backend.stop(ours.id)


async def test_its_end_takes_nothing_of_the_managers(backend, guest, secret_folder):
    await guest.start(order("true", name="theirs"))
    await guest.close()
    runner = await backend.start(order("exit 3"))
    result = await runner.run(RunOrder(id="1", variables={}, timeout=10), Heard())
    assert result.exit_code == 3
    await backend.stop(runner.id)


async def test_what_it_left_is_ended(backend, guest, secret_folder):
    runner = await guest.start(order("sleep 60", name="theirs"))
    assert (secret_folder / "runners/open/runners/theirs").exists()
    await backend.end_leftover("theirs")
    await backend.end_leftover("theirs")
    assert not (secret_folder / "runners/open/runners/theirs").exists()
    result = await runner.run(RunOrder(id="1", variables={}, timeout=5), Heard())
    assert result.end is End.DIED
