from pathlib import Path

import pytest

from statuette.backends.local.network import Tool, command


@pytest.mark.parametrize(
    ("name", "guards"),
    [
        ("slirp4netns", ["--disable-host-loopback", "--enable-sandbox", "--enable-seccomp"]),
        ("pasta", ["--no-map-gw", "--foreground", "-t none -u none -T none -U none"]),
    ],
)
def test_no_way_back_to_the_host(name, guards):
    line = command(Tool(name, Path("/usr/bin") / name), net="/net", user="/user", ready=9, life=0)
    assert f"/usr/bin/{name}" in line
    assert all(guard in " ".join(line) for guard in guards)
    assert "/net" in " ".join(line)
