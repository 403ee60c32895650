"""`service logs list|get`."""

import json

import pytest

DONE = {
    "status": "Succeeded",
    "state": "published",
    "attempts": 1,
    "stages": {},
    "object": "ocr/in/a.png",
    "exit_code": 0,
}
BAD = {"status": "Failed", "state": "failed", "attempts": 1, "stages": {}, "exit_code": 3, "reason": "script failed"}


@pytest.fixture
def two_jobs(platform):
    platform.answer("GET", "/system/logs/ocr", {"jobs": {"ocr-2": BAD, "ocr-1": DONE}})
    return platform


def test_a_list_shows_why_a_job_failed(run, two_jobs) -> None:
    header, newest, oldest = run("service", "logs", "list", "ocr").stdout.splitlines()
    assert header.split()[:3] == ["JOB", "NAME", "STATUS"]
    assert newest.split() == ["ocr-2", "Failed", "3", "script", "failed"]
    assert oldest.split() == ["ocr-1", "Succeeded", "0", "ocr/in/a.png"]


@pytest.mark.parametrize("status", ["Failed", "failed", "running,FAILED"])
def test_a_list_can_be_filtered(run, two_jobs, status: str) -> None:
    found = json.loads(run("service", "log", "ls", "ocr", "-s", status, "-o", "json").stdout)
    assert list(found) == ["ocr-2"]


@pytest.mark.parametrize("words", [("ocr-2",), ("--latest",), ()])
def test_a_log_is_printed_as_it_is(run, two_jobs, words: tuple[str, ...]) -> None:
    two_jobs.answer("GET", "/system/logs/ocr/ocr-2", "[bold]not markup[/bold]\n")
    assert run("service", "logs", "get", "ocr", *words).stdout == "[bold]not markup[/bold]\n"


def test_a_log_is_followed(run, two_jobs) -> None:
    two_jobs.answer("GET", "/system/logs/ocr/ocr-1", "one\ntwo\n")
    result = run("service", "logs", "get", "ocr", "ocr-1", "--follow", "-t", "--attempt", "2")
    assert (result.stdout, two_jobs.seen[-1][1]) == (
        "one\ntwo\n",
        "/system/logs/ocr/ocr-1?timestamps=true&attempt=2&follow=true",
    )


def test_a_job_as_json_has_its_attempts(run, platform) -> None:
    platform.answer("GET", "/system/jobs/ocr/ocr-1", {"name": "ocr-1", "status": "Failed", "attempts": [{"number": 1}]})
    assert json.loads(run("service", "logs", "get", "ocr", "ocr-1", "-o", "json").stdout)["attempts"][0]["number"] == 1


def test_an_unknown_job_is_told(run, platform) -> None:
    result = run("service", "logs", "get", "ocr", "nothing")
    assert (result.exit_code, "no job 'nothing' of service 'ocr'" in result.stderr) == (1, True)
