"""A process back end in a folder of its own, which has to be empty of runners at the end."""

import importlib.resources
import os

import pytest

from statuette.backends.local import ProcessBackend
from statuette.backends.local.sandbox import find_bubblewrap


@pytest.fixture(scope="session")
def runner_script():
    return importlib.resources.files("statuette.supervisor").joinpath("runner.sh").read_text()


@pytest.fixture
def secret_folder(tmp_path):
    folder = tmp_path / "state"
    folder.mkdir(mode=0o700)
    (folder / "file").write_text("of the platform")
    return folder


@pytest.fixture
async def backend(secret_folder, runner_script, need):
    need(find_bubblewrap() is not None, "bubblewrap")
    backend = ProcessBackend(secret_folder / "runners", runner_script=runner_script, environment=os.environ)
    assert await backend.recover() == []
    yield backend
    assert not any((secret_folder / "runners" / "open" / "runners").iterdir())
    await backend.close()
