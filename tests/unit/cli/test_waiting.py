"""Waiting for jobs: only new ones count, all objects count, failures are told."""

from datetime import UTC, datetime, timedelta

import pytest

from statuette.cli.waiting import ended, failure, jobs_since, jobs_table, newest_job, stage_words, steps, told_jobs
from statuette.client import Client, Connection, JobSummary

START = datetime(2026, 1, 1, tzinfo=UTC)


def job(status: str, **fields: object) -> dict[str, object]:
    return {"status": status, "state": status.lower(), "attempts": 1, "stages": {}, "object": "b/in/a"} | fields


async def test_only_new_jobs_count_and_their_end_is_awaited(platform) -> None:
    old = {"s-1": job("Succeeded")}
    for jobs in ({}, {"s-2": job("Running")}, {"s-2": job("Failed", exit_code=3)}):
        platform.answer("GET", "/system/logs/s", {"jobs": jobs | old})
    shown: list[list[str]] = []
    async with Client(Connection(platform.url, "oscar", "x")) as client:
        jobs = await ended(client, "s", ["b/in/a"], after="s-1", show=lambda now: shown.append(sorted(now)))
    assert list(jobs) == ["s-2"]
    assert jobs["s-2"].failed
    assert shown == [[], ["s-2"], ["s-2"]]


def test_steps_are_counted_from_stage_to_stage_in_their_order() -> None:
    stages = {"seen": START + timedelta(seconds=0.5), "stored": START, "published": START + timedelta(seconds=2)}
    assert steps(stages) == [("stored", 0.0), ("seen", 0.5), ("published", 1.5)]
    assert stage_words(stages) == "stored, seen +500 ms, published +1500 ms"


@pytest.mark.parametrize(
    ("fields", "words"),
    [
        ({"exit_code": 3, "reason": "script failed"}, "b/in/a failed with exit code 3: script failed (statuette"),
        ({}, "b/in/a failed (statuette service logs get SERVICE j)"),
    ],
)
def test_a_failure_says_why_and_where_to_read_on(fields: dict[str, object], words: str) -> None:
    assert failure("j", JobSummary.model_validate(job("Failed", **fields))).startswith(words)


def test_a_change_is_told_once(capsys) -> None:
    show, running = told_jobs(), JobSummary.model_validate(job("Running"))
    show({"j": running})
    show({"j": running})
    show({"j": JobSummary.model_validate(job("Succeeded"))})
    assert capsys.readouterr().err.splitlines() == ["b/in/a: running", "b/in/a: succeeded"]


def test_an_object_with_brackets_is_no_markup() -> None:
    table = jobs_table({"j": JobSummary.model_validate(job("Running", object="b/[red]x"))})
    assert next(iter(table.columns[0].cells)) == "b/\\[red]x"


async def test_old_jobs_are_not_even_asked_for(platform) -> None:
    platform.answer("GET", "/system/logs/s", {"jobs": {"s-3": job("Running"), "s-2": job("Failed")}, "next_page": "p"})
    async with Client(Connection(platform.url, "oscar", "x")) as client:
        assert await newest_job(client, "s") == "s-3"
        assert list(await jobs_since(client, "s", {"b/in/a"}, after="s-2")) == ["s-3"]
    assert [path for _, path, _ in platform.seen] == ["/system/logs/s?page="] * 2
