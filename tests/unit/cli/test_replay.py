"""`job replay`."""

import json
import time

import pytest

from statuette.cli.replay import counting
from statuette.client import Replayed

PATH = "/system/jobs/ocr/replay"


def test_filters_are_handed_on_and_counts_told(run, platform) -> None:
    platform.answer("POST", PATH, {"replay": "k", "listed": 9, "matched": 4, "accepted": 4})
    result = run("job", "replay", "ocr", "--since", "2026-01-02T00:00:00Z", "--prefix", "ocr/in/x", "--until", "7")
    assert result.stdout == "9 objects looked at, 4 meant, jobs: 4 made\n"
    body = json.loads(platform.seen[-1][2])
    assert (body["since"], body["until"], body["prefix"]) == ("2026-01-02T00:00:00Z", "7", "ocr/in/x")
    assert "dry_run" not in body


@pytest.mark.parametrize(("age", "seconds"), [("30s", 30), ("5m", 300), ("2h", 7200), ("3d", 259200)])
def test_an_age_becomes_a_moment(run, platform, age: str, seconds: int) -> None:
    platform.answer("POST", PATH, {"replay": "k"})
    run("job", "replay", "ocr", "--since", age)
    assert json.loads(platform.seen[-1][2])["since"] == pytest.approx(time.time() - seconds, abs=60)


def test_a_list_comes_from_a_file_or_standard_input(run, platform, tmp_path) -> None:
    platform.answer("POST", PATH, {"replay": "k", "listed": 2, "matched": 2, "accepted": 2})
    (tmp_path / "list").write_text("ocr/in/a b\n\nocr/in/ü\n")
    for words, stdin in (((str(tmp_path / "list"),), None), (("-",), "ocr/in/a b\nocr/in/ü")):
        assert run("job", "replay", "ocr", "--list", *words, stdin=stdin).exit_code == 0
        assert json.loads(platform.seen[-1][2])["keys"] == ["ocr/in/a b", "ocr/in/ü"]


def test_an_empty_list_is_nothing_and_not_everything(run, platform, tmp_path) -> None:
    (tmp_path / "list").write_text("\n")
    result = run("job", "replay", "ocr", "--list", str(tmp_path / "list"))
    assert (result.stdout, platform.seen) == ("0 objects looked at, 0 meant, jobs: 0 made\n", [])


def test_unknown_objects_are_told(run, platform, tmp_path) -> None:
    platform.answer("POST", PATH, {"replay": "k", "listed": 7, "unknown": [f"ocr/x{number}" for number in range(7)]})
    (tmp_path / "list").write_text("ocr/x\n")
    result = run("job", "replay", "ocr", "--list", str(tmp_path / "list"))
    assert (result.exit_code, "not there: ocr/x0, " in result.stderr, "and 2 more" in result.stderr) == (1, True, True)


def test_a_dry_run_says_so(run, platform) -> None:
    platform.answer("POST", PATH, {"replay": "k", "listed": 9, "matched": 4})
    assert "4 meant, jobs: none made (dry run)" in run("job", "replay", "ocr", "--dry-run").stdout
    assert json.loads(platform.seen[-1][2])["dry_run"] is True


def test_as_json_it_is_the_sum(run, platform) -> None:
    platform.answer("POST", PATH, {"replay": "k", "listed": 2, "accepted": 2, "next": "there"})
    platform.answer("POST", PATH, {"replay": "k", "listed": 1, "accepted": 1})
    assert json.loads(run("job", "replay", "ocr", "-o", "json").stdout)["accepted"] == 3


def test_a_replay_that_breaks_off_says_how_to_go_on(run, platform) -> None:
    platform.answer("POST", PATH, {"replay": "mine", "listed": 2, "accepted": 2, "next": "there"})
    platform.answer("POST", PATH, "", status=503)
    result = run("job", "replay", "ocr", "--id", "mine")
    assert (result.exit_code, "(2 jobs were made; --id mine goes on)" in result.stderr) == (1, True)


def test_on_a_terminal_a_bar_tells_how_far_it_is(capsys, monkeypatch) -> None:
    monkeypatch.setenv("FORCE_COLOR", "1")
    with counting(10) as show:
        show(Replayed(listed=4, accepted=3))
    assert "4 looked at, 3 jobs" in capsys.readouterr().err


def test_in_a_pipe_nothing_is_shown(capsys) -> None:
    with counting(None) as show:
        show(Replayed(listed=4, accepted=3))
    assert capsys.readouterr() == ("", "")
