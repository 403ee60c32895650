"""What a sidecar is told, and what it is not."""

import json
from pathlib import Path

from statuette.backends.local import Share
from statuette.backends.local.limits import Limits
from statuette.main import sidecars as module
from statuette.main.sidecar import Configuration
from statuette.main.sidecars import in_processes, sidecar_backend
from statuette.main.state import held
from statuette.ports.backend import Environment, RunnerOrder
from statuette.settings import read

ORDER = RunnerOrder(
    id="cat-1", service="cat", revision=1, environment=Environment(image="host"), cpu=100, memory=1,
    files={"script.sh": b"\xff\0"}, variables={"A": "b"}, credential="cat-1.token",
)  # fmt: skip
SHARE = Share(slot=3, limits=Limits("cgroups, version 1", 1, {"memory": Path("/sys/fs/cgroup/memory/x")}))


def test_supervisors_are_tasks_unless_it_is_said(tmp_path):
    state = ["--state", str(tmp_path)]
    assert not in_processes(read(state, {})[0])
    assert in_processes(read(state, {"STATUETTE_SUPERVISOR": "process"})[0])


def test_all_that_it_needs_is_in_one_line_and_no_key_anywhere(tmp_path, monkeypatch):
    given = {}
    monkeypatch.setattr(module, "SidecarBackend", lambda _, **rest: given.update(rest))
    environment = {
        "STATUETTE_STORE_SECRET_KEY": "s3cret", "OSCAR_PASSWORD": "passw0rd", "PIP_INDEX_URL": "https://u:p1p@x/",
        "PATH": "/usr/bin", "AWS_SECRET_ACCESS_KEY": "aws", "STATUETTE_STORE_VERIFY": "off",
    }  # fmt: skip
    settings, _ = read(["--state", str(tmp_path / "state")], environment)
    with held(settings.state) as state:
        sidecar_backend(None, state, settings, manager="http://127.0.0.1:1")
    line = given["configure"](ORDER, SHARE)
    assert b"\n" not in line
    told = Configuration.model_validate_json(line)
    assert (told.order, told.share, told.verify, told.manager) == (ORDER, SHARE, False, "http://127.0.0.1:1")
    assert given["environment"] == {"PATH": "/usr/bin"}
    everything = json.dumps([line.decode(), given["command"], given["environment"]])
    assert not any(secret in everything for secret in ("s3cret", "passw0rd", "p1p", "aws"))
    assert "cat-1.token" not in json.dumps([given["command"], given["environment"]])
