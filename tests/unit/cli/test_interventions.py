"""`job list|show|cancel`."""

import pytest

JOB = {"name": "ocr-1", "status": "Running", "state": "started", "attempts": []}


def test_a_list_is_the_one_of_the_logs(run, platform) -> None:
    platform.answer("GET", "/system/logs/ocr", {"jobs": {"ocr-1": {"status": "Running", "stages": {}}}})
    assert run("job", "list", "ocr").stdout == run("service", "logs", "list", "ocr").stdout


def test_a_job_is_shown_with_what_it_made(run, platform) -> None:
    made = JOB | {"outputs": [{"bucket": "ocr", "key": "out/x", "size": 3}], "cancelling": "on request"}
    platform.answer("GET", "/system/jobs/ocr/ocr-1", made)
    shown = run("job", "show", "ocr", "ocr-1").stdout
    assert shown.splitlines() == ["ocr-1 of ocr: started", "to be ended: on request", "output: ocr/out/x (3 bytes)"]


@pytest.mark.parametrize(
    ("answer", "words"),
    [(JOB | {"state": "cancelled"}, "ocr-1: cancelled"), (JOB | {"cancelling": "x"}, "its run is being ended")],
)
def test_a_job_is_cancelled(run, platform, answer: object, words: str) -> None:
    platform.answer("POST", "/system/jobs/ocr/ocr-1/cancel", answer)
    assert words in run("job", "cancel", "ocr", "ocr-1").stderr


def test_why_it_is_too_late_is_told(run, platform) -> None:
    platform.answer("POST", "/system/jobs/ocr/ocr-1/cancel", "ocr-1 has ended already", status=409)
    result = run("job", "cancel", "ocr", "ocr-1")
    assert (result.exit_code, result.stderr) == (1, "Error: ocr-1 has ended already\n")
