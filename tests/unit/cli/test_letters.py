"""`job dead list|show|retry|drop`."""

import json

import pytest

LETTER = {
    "status": "Failed", "state": "failed", "attempts": 3, "stages": {}, "exit_code": 3, "object": "ocr/in/a[1].png",
    "reason": "script failed", "finish_time": "2026-01-02T03:04:05Z",
}  # fmt: skip
DESCRIPTION = {
    "name": "ocr-1", "status": "Failed", "state": "failed", "exit_code": 3, "reason": "script failed", "stages": {},
    "object": "ocr/in/a[1].png", "outputs": [],
    "attempts": [
        {"number": 1, "runner": "r", "revision": 1, "outcome": "script_failed", "exit_code": 2, "reason": "why [one]",
         "start_time": "2026-01-02T03:04:05Z", "finish_time": "2026-01-02T03:04:06Z", "stages": {}},
        {"number": 2, "runner": "r", "revision": 1, "stages": {}},
    ],
}  # fmt: skip


@pytest.fixture
def letters(platform):
    status = {"dead_letters": {"failed": 1, "dead": 1, "services": {"ocr": {"failed": 1}, "gone": {"dead": 1}}}}
    platform.answer("GET", "/system/status", {"statuette": status})
    platform.answer("GET", "/system/logs/ocr", {"jobs": {"ocr-1": LETTER}})
    platform.answer("GET", "/system/logs/gone", {"jobs": {"gone-1": LETTER | {"state": "dead", "exit_code": None}}})
    platform.answer("GET", "/system/jobs/ocr/ocr-1", DESCRIPTION)
    platform.answer("GET", "/system/logs/ocr/ocr-1", "[bold]no markup[/bold]")
    return platform


def test_the_list_is_of_all_services_that_have_any(run, letters) -> None:
    header, gone, ocr = run("job", "dead", "list").stdout.splitlines()
    assert header.split() == ["JOB", "NAME", "SERVICE", "STATE", "ATTEMPTS", "EXIT", "ENDED", "OBJECT", "REASON"]
    assert gone.split()[:4] == ["gone-1", "gone", "dead", "3"]
    assert ocr.split()[:5] == ["ocr-1", "ocr", "failed", "3", "3"]
    assert ocr.endswith("ocr/in/a[1].png  script failed")
    assert letters.seen[-1][1] == "/system/logs/ocr?page=&state=failed%2Cdead"


def test_the_list_of_one_service_as_json(run, letters) -> None:
    [letter] = json.loads(run("job", "dead", "ls", "ocr", "-o", "json").stdout)
    assert (letter["service"], letter["name"], letter["exit_code"]) == ("ocr", "ocr-1", 3)


def test_none_is_told(run, platform) -> None:
    platform.answer("GET", "/system/status", {"statuette": {}})
    result = run("jobs", "dead", "list")
    assert (result.stdout, "There are no dead letters" in result.stderr) == ("", True)


def test_a_letter_is_shown_attempt_by_attempt(run, letters) -> None:
    lines = run("job", "dead", "show", "ocr", "ocr-1").stdout.splitlines()
    assert lines[:3] == ["ocr-1 of ocr: failed, exit code 3", "reason: script failed", "object: ocr/in/a[1].png"]
    assert lines[3].startswith("attempt 1 ─")
    assert lines[4].startswith("script_failed, exit code 2, 2026-01-02")
    assert lines[4].endswith("why [one]")
    assert lines[5] == "[bold]no markup[/bold]"
    assert lines[6].startswith("attempt 2 ─")
    assert lines[7:] == ["goes on", "[bold]no markup[/bold]"]


def test_as_json_the_logs_stand_in_the_attempts(run, letters) -> None:
    shown = json.loads(run("job", "dead", "show", "ocr", "ocr-1", "-o", "json").stdout)
    assert [one["log"] for one in shown["attempts"]] == ["[bold]no markup[/bold]"] * 2


def test_an_attempt_that_never_spoke_has_no_words(run, platform) -> None:
    platform.answer("GET", "/system/jobs/ocr/ocr-1", DESCRIPTION)
    assert run("job", "dead", "show", "ocr", "ocr-1").exit_code == 0


def test_an_unknown_letter_is_told(run, platform) -> None:
    result = run("job", "dead", "show", "ocr", "nothing")
    assert (result.exit_code, "no job 'nothing'" in result.stderr) == (1, True)


@pytest.mark.parametrize(
    ("words", "body"), [(("ocr-1", "ocr-2"), {"jobs": ["ocr-1", "ocr-2"]}), (("--all",), {"all": True})]
)
def test_letters_run_again(run, platform, words: tuple[str, ...], body: object) -> None:
    platform.answer("POST", "/system/jobs/ocr/retry", {"done": 2, "left": []})
    result = run("job", "dead", "retry", "ocr", *words)
    assert (result.exit_code, "2 run again" in result.stderr) == (0, True)
    assert json.loads(platform.seen[-1][2]) == body


def test_those_left_are_named(run, platform) -> None:
    platform.answer("POST", "/system/jobs/ocr/retry", {"done": 0, "left": [f"ocr-{number}" for number in range(7)]})
    result = run("job", "dead", "retry", "ocr", "ocr-0")
    assert (result.exit_code, "ocr-4 and 2 more" in result.stderr) == (1, True)


def test_letters_are_dropped_without_a_question_where_nobody_could_answer(run, platform) -> None:
    platform.answer("DELETE", "/system/jobs/ocr", {"done": 2, "left": []})
    for words in (("--all",), ("--all", "--yes"), ("ocr-1",)):
        assert run("job", "dead", "drop", "ocr", *words).exit_code == 0


@pytest.mark.parametrize("verb", ["retry", "drop"])
@pytest.mark.parametrize("words", [(), ("ocr-1", "--all")])
def test_which_is_meant_must_be_said(run, platform, verb: str, words: tuple[str, ...]) -> None:
    result = run("job", "dead", verb, "ocr", *words)
    assert (result.exit_code, platform.seen) == (2, [])


@pytest.mark.parametrize(("answer", "code", "asked"), [("y\n", 0, 1), ("n\n", 1, 0)])
def test_on_a_terminal_dropping_all_is_asked_about(
    run, platform, monkeypatch, answer: str, code: int, asked: int
) -> None:
    """The question needs a terminal on standard input, which a test's is not."""
    monkeypatch.setattr("statuette.cli.letters.on_a_terminal", lambda: True)
    platform.answer("DELETE", "/system/jobs/ocr", {"done": 2, "left": []})
    result = run("job", "dead", "drop", "ocr", "--all", stdin=answer)
    assert (result.exit_code, len(platform.seen)) == (code, asked)
    assert "Forget all dead letters of ocr" in result.stderr
