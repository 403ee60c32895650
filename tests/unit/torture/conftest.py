"""A process to look at."""

import subprocess
import time
from collections.abc import Iterator

import pytest

from statuette.torture import tree


@pytest.fixture
def sleeper() -> Iterator[subprocess.Popen[bytes]]:
    with subprocess.Popen(["sleep", "60"]) as child:
        while tree.command(child.pid) != "sleep 60":  # until it has become that program
            time.sleep(0.01)
        yield child
        child.kill()
