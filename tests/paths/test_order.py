"""In which order things run, and what never ends by itself: loops, priorities, overwritten objects."""

import time

import pytest

from .platform import Platform, until

COPY = 'cp "$INPUT_FILE_PATH" "$TMP_OUTPUT_DIR/"\n'
SLOW = 'sleep 1; cp "$INPUT_FILE_PATH" "$TMP_OUTPUT_DIR/"\n'


def place(path: str, **fields: object) -> dict[str, object]:
    return {"storage_provider": "minio.default", "path": path, **fields}


def test_a_loop_through_another_service_is_refused_with_the_way_drawn(shared: Platform, name: str) -> None:
    second = f"{name}-b"
    shared.deploy(second, COPY, input=[place(f"{name}/mid")], output=[place(f"{name}/in")])
    refused = shared.ask(
        "POST",
        "/system/services",
        json={
            "name": name, "image": "host", "script": COPY, "input": [place(f"{name}/in")],
            "output": [place(f"{name}/mid")],
        },
    )  # fmt: skip
    assert refused.status_code == 400
    assert f"{name} ──({name}/mid)──▶ {second} ──({name}/in)──▶ {name}" in refused.text
    assert shared.ask("GET", f"/system/services/{name}").status_code == 404


@pytest.mark.timeout(180)
def test_a_loop_that_was_allowed_ends_by_its_hops(own: Platform, name: str) -> None:
    own.settings["most_hops"] = "5"
    own.up()
    # The same content again within a second would be the same version, and end the loop by itself.
    script = '{ cat "$INPUT_FILE_PATH"; echo again; } > "$TMP_OUTPUT_DIR/ball"\n'
    own.deploy(name, script, output=[place(f"{name}/in")], allow_loop=True, runner={"reuse": "service"})
    own.put(f"{name}/in/ball", b"round and round")
    stopped = until(lambda: [job for job in own.jobs(name).values() if job["state"] == "dead"], 60)
    assert "stopped: it comes after 6 services in a row" in stopped[0]["reason"]
    time.sleep(2)
    states = [job["state"] for job in own.jobs(name).values()]
    assert sorted(states) == ["dead", *["published"] * 6]


def test_the_urgent_input_goes_first(shared: Platform, name: str) -> None:
    inputs = [place(f"{name}/in"), place(f"{name}/urgent", priority=10)]
    shared.deploy(name, SLOW, input=inputs, synchronous={"max_scale": 1})
    for number in range(4):
        shared.put(f"{name}/in/{number}", b"1")
    shared.put(f"{name}/urgent/now", b"1")
    jobs = shared.ended(name, count=5)
    started = {job["object"]: job["stages"]["started"] for job in jobs.values()}
    behind = sum(at > started[f"{name}/urgent/now"] for at in started.values())
    assert behind >= 2, started


def test_queueing_needs_a_bucket_that_keeps_versions_and_then_runs_each(shared: Platform, name: str) -> None:
    s3 = shared.s3()
    s3.create_bucket(Bucket=name)
    definition = {
        "name": name, "image": "host", "script": 'cat "$INPUT_FILE_PATH"; sleep 0.5\n', "on_overwrite": "queue",
        "input": [place(f"{name}/in")], "output": [],
    }  # fmt: skip
    refused = shared.ask("POST", "/system/services", json=definition)
    assert refused.status_code == 400
    assert f"the bucket {name} keeps only the last" in refused.text
    s3.put_bucket_versioning(Bucket=name, VersioningConfiguration={"Status": "Enabled"})
    assert shared.ask("POST", "/system/services", json=definition).status_code == 201
    until(lambda: shared.ready(name), 60)
    for number in range(3):
        s3.put_object(Bucket=name, Key="in/same", Body=f"version {number};".encode())
        time.sleep(1.1)  # whole seconds tell versions apart
    jobs = shared.ended(name, count=3)
    assert {job["state"] for job in jobs.values()} == {"published"}
    said = [shared.job_log(name, job) for job in reversed(list(jobs))]
    assert said == ["version 0;", "version 1;", "version 2;"]


def test_an_overwritten_object_that_waits_is_superseded(shared: Platform, name: str) -> None:
    s3 = shared.s3()
    s3.create_bucket(Bucket=name)
    s3.put_bucket_versioning(Bucket=name, VersioningConfiguration={"Status": "Enabled"})
    shared.deploy(name, 'cat "$INPUT_FILE_PATH"; sleep 5\n', output=[])
    for number in range(4):
        s3.put_object(Bucket=name, Key="in/same", Body=f"version {number};".encode())
        time.sleep(1.1)
    jobs = shared.ended(name, count=4)
    assert [job["state"] for job in reversed(list(jobs.values()))] == [
        "published", "superseded", "superseded", "published",
    ]  # fmt: skip
    assert shared.job_log(name, next(iter(jobs))) == "version 3;"
