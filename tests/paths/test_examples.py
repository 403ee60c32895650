"""The examples as a user runs them: a platform is started, services are deployed, files go in, results come out."""

import json
import os
import re
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from statuette.cli.fdl import read

EXAMPLES = Path(__file__).parents[2] / "examples"
Statuette = Callable[..., "subprocess.CompletedProcess[str]"]


def environment() -> dict[str, str]:
    return {name: value for name, value in os.environ.items() if not name.startswith(("STATUETTE_", "OSCAR_"))}


@pytest.fixture(scope="module")
def statuette(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Statuette]:
    """The command line, with a platform of its own that is ended afterwards."""
    state = tmp_path_factory.mktemp("state")

    def run(*words: str, ok: bool = True) -> "subprocess.CompletedProcess[str]":
        command = [sys.executable, "-m", "statuette", *words, "--state", str(state)]
        done = subprocess.run(command, env=environment(), capture_output=True, text=True, timeout=300, check=False)
        assert not ok or done.returncode == 0, done.stderr
        return done

    run("up", "--detach", "--port", "0")
    yield run
    run("down")


@pytest.mark.parametrize("fdl", sorted(EXAMPLES.glob("*/*.yaml")), ids=lambda path: path.stem)
def test_an_example_is_valid_and_its_packages_are_pinned(fdl: Path) -> None:
    for service in read(fdl):
        python = service.service().python
        for requirement in python.requirements if python else []:
            assert re.fullmatch(r"[A-Za-z0-9-]+==[0-9.]+", requirement)


def test_hello_greets(statuette: Statuette, tmp_path: Path) -> None:
    statuette("apply", str(EXAMPLES / "hello" / "hello.yaml"))
    told = statuette("service", "put-file", "hello", str(EXAMPLES / "hello" / "ada.txt"), "--wait").stderr
    assert re.search(r"hello/in/ada\.txt: published stored, .*seen \+\d+ ms, .*published \+\d+ ms", told)
    assert statuette("service", "get-file", "hello", "hello/out/ada.txt", "-").stdout == "Hello, Ada!\n"


def test_hello_answers_a_call(statuette: Statuette) -> None:
    statuette("apply", str(EXAMPLES / "hello" / "hello.yaml"))
    assert statuette("service", "run", "hello", "--text-input", "Grace").stdout == "Hello, Grace!\n"


def test_one_frame_feeds_eight_services(statuette: Statuette, tmp_path: Path) -> None:
    statuette("apply", str(EXAMPLES / "fanout" / "fanout.yaml"))
    frame = EXAMPLES / "fanout" / "frames" / "radar-1205.csv"
    services = [path.stem for path in sorted((EXAMPLES / "fanout" / "scripts").glob("*.sh"))]
    assert len(services) == 8
    statuette("service", "put-file", "radar-peak", str(frame), "--wait")
    for service in services:
        assert followed(statuette, f"radar-{service}")["status"] == "Succeeded"
    peak = statuette("service", "get-file", "radar-peak", "radar/peak/radar-1205.peak.json", "-").stdout
    assert json.loads(peak) == {"peak_mm_h": 59.7, "row": 31, "column": 56}
    files = json.loads(statuette("service", "list-files", "radar-nowcast", "radar/nowcast", "-o", "json").stdout)
    assert len(files) == 6


def followed(statuette: Statuette, service: str) -> dict[str, object]:
    """The newest job of a service, after its end."""
    statuette("service", "logs", "get", service, "--latest", "--follow")
    return json.loads(statuette("service", "logs", "get", service, "--latest", "-o", "json").stdout)


@pytest.mark.slow
@pytest.mark.timeout(600)
def test_ocr_reads_a_receipt(statuette: Statuette, tmp_path: Path) -> None:
    statuette("apply", str(EXAMPLES / "ocr" / "ocr.yaml"))
    statuette("service", "put-file", "ocr", str(EXAMPLES / "ocr" / "pictures" / "receipt.jpg"), "--wait")
    text = statuette("service", "get-file", "ocr", "ocr/out/receipt.txt", "-").stdout
    for words in ("HARBOUR GROCERY", "Coffee beans", "25.75", "THANK YOU"):
        assert words in text
    (tmp_path / "broken.jpg").write_bytes(b"no picture")
    failed = statuette("service", "put-file", "ocr", str(tmp_path / "broken.jpg"), "--wait", ok=False)
    assert (failed.returncode, "exit code 1" in failed.stderr) == (1, True)
    assert "is no picture" in statuette("service", "logs", "get", "ocr", "--latest").stdout
