"""`/job`, `/system/logs`, `/system/jobs`: submitting work and following it."""

import asyncio
import re

RFC3339 = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ")
MICROSECONDS = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{6}Z")


async def finished(door, service: str, job: str) -> dict:
    """The job's description, once it has ended."""
    for _ in range(200):
        found = (await door.client.get(f"/system/jobs/{service}/{job}")).json()
        if found["status"] in ("Succeeded", "Failed"):
            return found
        await asyncio.sleep(0.1)
    raise AssertionError(found)


async def begun(door, service: str, job: str) -> None:
    """Wait until there is a log to read: a job that has not run has none."""
    for _ in range(200):
        if (await door.client.get(f"/system/logs/{service}/{job}")).status_code == 200:
            return
        await asyncio.sleep(0.1)
    raise AssertionError(f"{job} does not begin")


async def submitted(door, service: str, body: bytes = b'{"a": 1}') -> str:
    answer = await door.client.post(f"/job/{service}", content=body)
    assert (answer.status_code, answer.content) == (201, b"")
    return answer.headers["x-job-id"]


async def test_s24_submission_tells_the_id_and_the_place(door):
    await door.deploy("hello")
    answer = await door.client.post("/job/hello", content=b"{}")
    assert (answer.status_code, answer.content) == (201, b"")
    job = answer.headers["x-job-id"]
    assert re.fullmatch(r"hello-[0-9a-f-]{36}", job)
    place = await door.client.get(answer.headers["location"])
    assert place.json()["name"] == job


async def test_same_idempotency_key_same_job(door):
    await door.deploy("hello")
    answers = [await door.client.post("/job/hello", content=b"{}", headers={"idempotency-key": "k1"}) for _ in range(2)]
    assert [answer.status_code for answer in answers] == [201, 201]
    assert answers[0].headers["x-job-id"] == answers[1].headers["x-job-id"]


async def test_unusable_idempotency_key(door):
    await door.deploy("hello")
    for key in ("x" * 256, "\u00e9"):
        headers = {"idempotency-key": key.encode("latin-1")}
        assert (await door.client.post("/job/hello", content=b"{}", headers=headers)).status_code == 400


async def test_list_has_the_contracts_shape(door):
    await door.deploy("hello")
    job = await submitted(door, "hello")
    await finished(door, "hello", job)
    listed = await door.client.get("/system/logs/hello")
    assert listed.status_code == 200
    entry = listed.json()["jobs"][job]
    assert entry["status"] == "Succeeded"
    assert all(RFC3339.fullmatch(entry[name]) for name in ("creation_time", "start_time", "finish_time"))
    assert all(MICROSECONDS.fullmatch(at) for at in entry["stages"].values())
    assert (entry["state"], entry["exit_code"], entry["attempts"]) == ("published", 0, 1)
    assert None not in entry.values()
    assert "next_page" not in listed.json()


async def test_no_jobs_is_an_empty_object(door):
    await door.deploy("hello")
    assert (await door.client.get("/system/logs/hello")).content == b'{"jobs":{}}'


async def test_s26_failing_script_is_a_failed_job_with_its_exit_code(door):
    await door.deploy("fails", "fails")
    job = await submitted(door, "fails")
    found = await finished(door, "fails", job)
    assert (found["status"], found["state"], found["exit_code"]) == ("Failed", "failed", 3)
    assert [attempt["exit_code"] for attempt in found["attempts"]] == [3]
    assert found["outputs"] == []
    assert (await door.client.get(f"/system/logs/fails/{job}")).text == "last words\n"


async def test_description_of_a_job(inside):
    await inside.deploy("hello")
    job = await submitted(inside, "hello")
    found = (await inside.client.get(f"/system/jobs/hello/{job}")).json()
    assert list(found) == ["name", "status", "state", "exit_code", "attempts", "object", "stages", "outputs"]
    assert found["outputs"] == [{"bucket": "out", "key": "result", "size": 3}]
    attempt = found["attempts"][0]
    assert (attempt["number"], attempt["runner"], attempt["outcome"]) == (1, "r1", "published")
    assert attempt["usage"] == {"cpu_seconds": 0.5, "memory_peak": 1024}
    assert next(iter(attempt["stages"].items())) == ("seen", "2023-11-14T22:13:20.250000Z")


async def test_log_is_text_with_timestamps_on_request(door):
    await door.deploy("hello")
    job = await submitted(door, "hello", b'{"x": 1}')
    await finished(door, "hello", job)
    plain = await door.client.get(f"/system/logs/hello/{job}")
    assert (plain.status_code, plain.headers["content-type"]) == (200, "text/plain; charset=utf-8")
    assert 'out {"x": 1}' in plain.text
    assert "err\n" in plain.text
    dated = await door.client.get(f"/system/logs/hello/{job}?timestamps=true")
    assert re.search(r"^\d{4}-\d\d-\d\dT\S+Z out", dated.text, re.MULTILINE)
    assert (await door.client.get(f"/system/logs/hello/{job}?timestamps=perhaps")).text == plain.text


async def test_followed_log_ends_with_its_job(door):
    await door.deploy("hello")
    job = await submitted(door, "hello", b'{"x": 2}')
    await begun(door, "hello", job)
    async with door.client.stream("GET", f"/system/logs/hello/{job}?follow=true") as answer:
        assert answer.status_code == 200
        words = b"".join([chunk async for chunk in answer.aiter_bytes()])
    assert b'out {"x": 2}' in words


async def test_attempt_that_is_no_number(door):
    await door.deploy("hello")
    job = await submitted(door, "hello")
    for attempt in ("x", "-1", "9" * 40, "1.5"):
        answer = await door.client.get(f"/system/logs/hello/{job}?attempt={attempt}")
        assert (answer.status_code, answer.text.partition(":")[0]) == (400, "attempt")


async def test_s34_unknown_job_is_404(door):
    await door.deploy("hello")
    await door.deploy("other")
    job = await submitted(door, "other")
    for name in ("hello-0", job, "x" * 500, "a%20b"):
        assert (await door.client.get(f"/system/logs/hello/{name}")).status_code == 404
        assert (await door.client.get(f"/system/jobs/hello/{name}")).status_code == 404
        assert (await door.client.delete(f"/system/logs/hello/{name}")).status_code == 404


async def test_s31_unknown_service_is_404(door):
    for method, path in [("GET", ""), ("DELETE", ""), ("GET", "/j"), ("DELETE", "/j")]:
        answer = await door.client.request(method, f"/system/logs/unknown{path}")
        assert (answer.status_code, answer.content) == (404, b"")


async def test_removed_one_by_one_and_all(door):
    await door.deploy("hello")
    await door.deploy("fails", "fails")
    jobs = [await submitted(door, "hello") for _ in range(2)]
    failed = await submitted(door, "fails")
    for job in jobs:
        await finished(door, "hello", job)
    await finished(door, "fails", failed)
    assert (await door.client.delete(f"/system/logs/hello/{jobs[0]}")).status_code == 204
    assert list((await door.client.get("/system/logs/hello")).json()["jobs"]) == [jobs[1]]
    assert (await door.client.delete("/system/logs/hello")).status_code == 204
    assert (await door.client.get("/system/logs/hello")).json()["jobs"] == {}
    await door.client.delete("/system/logs/fails?all=no")
    assert failed in (await door.client.get("/system/logs/fails")).json()["jobs"]
    await door.client.delete("/system/logs/fails?all=true")
    assert (await door.client.get("/system/logs/fails")).json()["jobs"] == {}


async def test_jobs_of_one_object(inside):
    await inside.deploy("hello")
    job = await submitted(inside, "hello", b'{"only": 1}')
    await submitted(inside, "hello", b'{"other": 1}')
    name = (await inside.client.get("/system/logs/hello")).json()["jobs"][job]["object"]
    listed = await inside.client.get("/system/logs/hello", params={"object": name})
    assert list(listed.json()["jobs"]) == [job]


async def test_page_that_is_none(inside):
    await inside.deploy("hello")
    assert (await inside.client.get("/system/logs/hello?page=%00")).status_code == 400
    assert (await inside.client.get("/system/logs/hello?page=no")).status_code == 400


async def test_body_over_the_limit(inside):
    await inside.deploy("hello")
    assert (await inside.client.post("/job/hello", content=b"x" * (256 * 1024 + 1))).status_code == 413
