"""`status`, `doctor`, `version`."""

import json
import sys

import pytest

import statuette
from statuette.cli.errors import CommandError
from statuette.cli.system import examine, finding_row

STATUS = {
    "cluster": {},
    "statuette": {
        "store": {"state": "ready"},
        "backend": {"memory": "cgroup", "network": "pasta"},
        "runners": 2,
        "disk": {"free_bytes": 3 * 2**30},
        "uptime": 12.4,
        "backlog": {"ocr": {"queued": 5, "running": 1}},
        "services": {"ocr": {"state": "ready", "detail": None}},
        "sweep": {"listed": 7, "recovered": 3},
        "dead_letters": {"failed": 2, "dead": 9, "services": {"ocr": {"failed": 2, "dead": 1}, "gone": {"dead": 8}}},
    },
}


def test_status_shows_facts_and_backlog(run, platform) -> None:
    platform.answer("GET", "/system/status", STATUS)
    platform.answer("GET", "/system/info", {"version": "0.1.0"})
    lines = [" ".join(line.split()) for line in run("status").stdout.splitlines()]
    for line in ("backend.network pasta", "disk.free_bytes 3.0 GiB", "uptime 12 s", "ocr ready 5 0 1 0 2 1"):
        assert line in lines
    for line in ("sweep.recovered 3", "dead_letters.failed 2", "dead_letters.dead 9", "gone 0 0 0 0 0 8"):
        assert line in lines
    assert not any(line.startswith("dead_letters.services") for line in lines)


def test_a_sweep_tells_what_it_found(run, platform) -> None:
    platform.answer("POST", "/system/sweep", {"listed": 7, "recovered": 3})
    platform.answer("POST", "/system/sweep/ocr", {"listed": 7, "failed": 1})
    assert "7 objects looked at, 3 found" in run("sweep").stdout
    assert json.loads(run("sweep", "-o", "json").stdout)["recovered"] == 3
    result = run("sweep", "ocr")
    assert (result.exit_code, "1 inputs could not be swept" in result.stderr) == (1, True)


def test_status_as_json_is_the_platforms_answer(run, platform) -> None:
    platform.answer("GET", "/system/status", STATUS)
    assert json.loads(run("status", "-o", "json").stdout)["statuette"]["runners"] == 2


@pytest.mark.parametrize(("ok", "mark"), [(True, "ok"), (False, "missing"), (None, "less")])
def test_a_finding_says_whether_it_is_needed(ok: bool | None, mark: str) -> None:
    assert finding_row({"name": "bubblewrap", "ok": ok, "words": "w", "fix": None}) == ["bubblewrap", mark, "w", ""]


def test_an_examination_is_a_list_of_findings() -> None:
    assert examine([sys.executable, "-c", 'print(\'[{"name": "x", "ok": true}]\')']) == [{"name": "x", "ok": True}]


def test_an_examination_that_fails_tells_its_last_words() -> None:
    with pytest.raises(CommandError, match="the examination failed: no idea"):
        examine([sys.executable, "-c", "import sys; sys.exit('no idea')"])


@pytest.mark.parametrize("words", [("version",), ("v",), ("--version",)])
def test_the_version_is_printed(run, words: tuple[str, ...]) -> None:
    assert run(*words).stdout == f"{statuette.__version__}\n"
