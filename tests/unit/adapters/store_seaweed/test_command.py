"""How the embedded store is started: every door on loopback, no secret among the arguments."""

import os
from pathlib import Path

import pytest

from statuette.adapters.store_seaweed.command import command_line, find_weed, variables
from statuette.adapters.store_seaweed.home import Home

PORTS = {"master": 11_001, "volume": 11_002, "filer": 11_003, "s3": 11_004, "admin": 11_005}


@pytest.fixture
def home(tmp_path: Path) -> Home:
    return Home(folder=tmp_path, ports=PORTS, access_key="AKIA-ROOT", secret_key="s3cret")


def test_the_arguments(home: Home) -> None:
    program, *arguments = command_line(Path("/bin/weed"), home)
    assert program == "/bin/weed"
    where = arguments.index("mini")
    assert f"-config_dir={home.folder}" in arguments[:where]
    said = arguments[where + 1 :]
    assert f"-dir={home.data}" in said
    assert {"-ip=127.0.0.1", "-ip.bind=127.0.0.1", "-disableHttp=true", "-s3.autoCreateBucket=false"} <= set(said)
    for part, port in PORTS.items():
        assert f"-{part}.port={port}" in said
        assert f"-{part}.port.grpc={port + 10_000}" in said
    names = [word.partition("=")[0] for word in arguments]
    assert len(names) == len(set(names))


def test_no_secret_is_seen_by_the_machine(home: Home) -> None:
    assert not any("s3cret" in word or "AKIA-ROOT" in word for word in command_line(Path("weed"), home))


def test_the_environment_is_the_root_key_and_nothing_of_ours(home: Home, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("STATUETTE_PASSWORD", "not theirs")
    assert variables(home, memory_limit=5) == {
        "PATH": "/usr/bin:/bin",
        "HOME": str(home.folder),
        "TMPDIR": str(home.folder),
        "AWS_ACCESS_KEY_ID": "AKIA-ROOT",
        "AWS_SECRET_ACCESS_KEY": "s3cret",
        "GOMEMLIMIT": "5",
        "GOGC": "25",
    }


def test_the_program_of_the_wheel(need) -> None:
    try:
        weed = find_weed()
    except Exception as error:
        need(False, str(error))
        raise
    assert weed.name == "weed"
    assert os.access(weed, os.X_OK)
