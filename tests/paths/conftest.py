"""A whole platform for tests: the real manager as a process of its own, with the real store and sandboxes."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from .platform import Platform


@pytest.fixture(scope="session")
def shared(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Platform]:
    """One platform for all tests that leave it whole; each names its services with `fresh`."""
    platform = Platform(tmp_path_factory.mktemp("platform") / "state")
    platform.up()
    yield platform
    platform.down()


@pytest.fixture
def own(tmp_path: Path) -> Iterator[Platform]:
    """A platform of the test's own, to be broken."""
    platform = Platform(tmp_path / "state")
    yield platform
    platform.down()


@pytest.fixture
def name(request: pytest.FixtureRequest) -> str:
    """A service and bucket name of this test's own."""
    base = "".join(one if one.isalnum() else "-" for one in request.node.name.lower().removeprefix("test_"))
    return base.strip("-")[:30].strip("-")
