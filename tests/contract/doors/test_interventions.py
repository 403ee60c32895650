"""`/system/jobs` and `/system/sweep`: what people do about jobs and inputs."""

import pytest

from statuette.core import Selection

from .test_jobs import finished, submitted


async def failed(door, service: str = "fails") -> str:
    """A dead letter of a service that is made for it."""
    await door.deploy(service, "fails")
    job = await submitted(door, service)
    await finished(door, service, job)
    return job


async def test_dead_letters_are_listed_by_their_states(door):
    job = await failed(door)
    await door.deploy("hello")
    await finished(door, "hello", await submitted(door, "hello"))
    for state, found in [("failed,dead", [job]), ("failed", [job]), ("dead", []), ("published", []), ("", [job])]:
        listed = await door.client.get("/system/logs/fails", params={"state": state})
        assert list(listed.json()["jobs"]) == found, state
    assert (await door.client.get("/system/logs/hello?state=failed,dead")).json() == {"jobs": {}}


async def test_unknown_state_names_the_field(door):
    await door.deploy("hello")
    answer = await door.client.get("/system/logs/hello?state=perhaps")
    assert (answer.status_code, answer.text.partition(":")[0]) == (400, "state")


async def test_one_dead_letter_runs_again(door):
    job = await failed(door)
    answer = await door.client.post(f"/system/jobs/fails/{job}/retry")
    assert answer.status_code == 200
    assert (answer.json()["name"], answer.json()["status"]) == (job, "Pending")


async def test_what_succeeded_is_not_run_again_nor_cancelled(door):
    await door.deploy("hello")
    job = await submitted(door, "hello")
    await finished(door, "hello", job)
    for verb in ("retry", "cancel"):
        answer = await door.client.post(f"/system/jobs/hello/{job}/{verb}")
        assert (answer.status_code, job in answer.text) == (409, True)


async def test_several_and_all_run_again(door):
    job = await failed(door)
    answer = await door.client.post("/system/jobs/fails/retry", json={"jobs": [job, "fails-0"]})
    assert (answer.status_code, answer.json()) == (200, {"done": 1, "left": ["fails-0"]})
    await door.deploy("quiet")
    assert (await door.client.post("/system/jobs/quiet/retry", json={"all": True})).json() == {"done": 0, "left": []}


async def test_dead_letters_are_dropped(door):
    job = await failed(door)
    answer = await door.client.request("DELETE", "/system/jobs/fails", json={"jobs": [job, "fails-0"]})
    assert (answer.status_code, answer.json()) == (200, {"done": 1, "left": ["fails-0"]})
    assert (await door.client.get(f"/system/jobs/fails/{job}")).status_code == 404
    answer = await door.client.request("DELETE", "/system/jobs/fails", json={"all": True})
    assert answer.json() == {"done": 0, "left": []}


@pytest.mark.parametrize(
    ("body", "field"), [({}, "jobs"), ({"jobs": "x"}, "jobs"), ({"all": 1}, "all"), ({"job": []}, '"job"')]
)
async def test_unclear_wishes_name_the_field(door, body, field):
    await door.deploy("hello")
    for method, path in (("POST", "/system/jobs/hello/retry"), ("DELETE", "/system/jobs/hello")):
        answer = await door.client.request(method, path, json=body)
        assert (answer.status_code, answer.text.partition(":")[0]) == (400, field)


async def test_a_replay_under_its_name(door):
    await door.deploy("replayed")
    answer = await door.client.post(
        "/system/jobs/replayed/replay", json={"keys": ["replayed/in/x"]}, headers={"idempotency-key": "mine"}
    )
    assert answer.status_code == 200
    told = answer.json()
    assert (told["replay"], told["accepted"], told["unknown"]) == ("mine", 0, ["replayed/in/x"])
    again = await door.client.post("/system/jobs/replayed/replay", json={})
    assert again.json()["replay"] not in ("", "mine")
    assert "next" not in again.json()


async def test_all_that_a_replay_wishes_reaches_the_core(inside, core):
    await inside.deploy("hello")
    wish = {"prefix": "a/b", "since": "1970-01-01T00:00:05Z", "until": 7, "after": "f:k", "limit": 9, "dry_run": True}
    assert (await inside.client.post("/system/jobs/hello/replay", json=wish)).status_code == 200
    assert core.replay.asked == [
        {"selection": Selection(prefix="a/b", since=5.0, until=7.0), "after": "f:k", "limit": 9, "dry_run": True}
    ]


@pytest.mark.parametrize(
    ("body", "field"),
    [({"since": "soon"}, "since"), ({"until": []}, "until"), ({"keys": "x"}, "keys"), ({"limit": -1}, "limit"),
     ({"prefix": 3}, "prefix"), ({"dry_run": "no"}, "dry_run"), ({"what": 1}, '"what"')],
)  # fmt: skip
async def test_an_unclear_replay_names_the_field(door, body, field):
    await door.deploy("hello")
    answer = await door.client.post("/system/jobs/hello/replay", json=body)
    assert (answer.status_code, answer.text.partition(":")[0]) == (400, field)
    empty = await door.client.post("/system/jobs/hello/replay")
    assert (empty.status_code, "JSON object" in empty.text) == (400, True)


async def test_sweeps(door):
    await door.deploy("hello")
    for path in ("/system/sweep", "/system/sweep/hello"):
        answer = await door.client.post(path)
        assert (answer.status_code, list(answer.json())) == (200, ["listed", "recovered", "forgotten", "failed"])


PATHS = [
    ("POST", "/system/jobs/unknown/retry"), ("DELETE", "/system/jobs/unknown"), ("POST", "/system/jobs/unknown/replay"),
    ("POST", "/system/jobs/unknown/unknown-1/retry"), ("POST", "/system/jobs/unknown/unknown-1/cancel"),
    ("POST", "/system/sweep/unknown"),
]  # fmt: skip


@pytest.mark.parametrize(("method", "path"), PATHS)
async def test_unknown_services_are_404_and_strangers_401(door, method, path):
    body = {"all": True} if "replay" not in path else {}
    answer = await door.client.request(method, path, json=body)
    assert (answer.status_code, answer.content) == (404, b"")
    assert (await door.anyone.request(method, path, json=body)).status_code == 401
