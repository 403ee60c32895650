"""Where `runner.sh` lies."""

import importlib.resources

import pytest


def pytest_configure():
    pytest.runner_script = importlib.resources.files("statuette.supervisor").joinpath("runner.sh")
