"""The sidecar's process: what it says to a bad configuration, and that it does not outlive who told it."""

import json
import subprocess
import sys

from tests.unit.main.test_sidecars import SHARE

from statuette.main.sidecar import Configuration
from statuette.ports.backend import Environment, RunnerOrder

COMMAND = [sys.executable, "-m", "statuette.main.sidecar"]


def said(line):
    process = subprocess.run(COMMAND, input=line, capture_output=True, timeout=60, check=False)
    return process.returncode, json.loads(process.stdout)


def test_what_cannot_be_read_is_named_and_not_repeated():
    code, told = said(b'{"manager": "http://x", "root": 5, "order": {"credential": "s3cret"}}\n')
    assert (code, told["fault"]) == (2, "BadInput")
    assert "root" in told["message"]
    assert "s3cret" not in json.dumps(told)


def test_an_end_without_a_word_is_no_configuration():
    assert said(b"")[0] == 2


def test_a_runner_that_cannot_start_is_told_by_its_fault(tmp_path):
    order = RunnerOrder(
        id="cat-1", service="cat", revision=1, environment=Environment(image="ubuntu"), cpu=100, memory=1 << 26
    )
    told = Configuration(
        manager="http://127.0.0.1:1", order=order, share=SHARE, root=tmp_path, sealed=tmp_path / "sealed", ttl=60
    )
    with subprocess.Popen(COMMAND, stdin=subprocess.PIPE, stdout=subprocess.PIPE) as process:
        process.stdin.write(told.model_dump_json().encode() + b"\n")
        process.stdin.flush()
        answer = json.loads(process.stdout.readline())
        assert process.wait(30) == 1
    assert answer["fault"] == "BadInput"
    assert "ubuntu" in answer["message"]
