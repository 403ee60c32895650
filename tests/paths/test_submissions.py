"""Work handed in over HTTP: jobs that outlive everything, calls that answer at once."""

import base64
import io
import json
import os
import time
import zipfile
from typing import Any

import httpx
import pytest

from .outside import read
from .platform import Platform, until

COPY = 'cp "$INPUT_FILE_PATH" "$TMP_OUTPUT_DIR/got"\n'
SAY = 'cat "$INPUT_FILE_PATH"\n'
NUMBER = 'echo "$JOB_UUID" > "$TMP_OUTPUT_DIR/$JOB_UUID"\n'


def submit(platform: Platform, service: str, body: bytes, **options: Any) -> httpx.Response:
    answer = platform.ask("POST", f"/job/{service}", content=body, **options)
    assert answer.status_code == 201, answer.text
    return answer


def call(platform: Platform, service: str, body: bytes, **options: Any) -> httpx.Response:
    return platform.ask("POST", f"/run/{service}", content=body, **options)


BODIES = {
    "json": (b'{"message": "hi",  "n": 1}', b'{"message": "hi",  "n": 1}'),
    "base64": (base64.b64encode(b"\x00\x01binary\xff"), b"\x00\x01binary\xff"),
    "raw": (b"plain words, no base64!\n", b"plain words, no base64!\n"),
    "binary": (bytes(range(256)), bytes(range(256))),
    "empty": (b"", b""),
    "large json": (json.dumps({"text": "x" * 200_000}).encode(), json.dumps({"text": "x" * 200_000}).encode()),
    "large binary": (os.urandom(100_000) + b"\xff", None),
}


@pytest.mark.parametrize("kind", BODIES)
def test_a_body_becomes_the_input(shared: Platform, kind: str) -> None:
    body, wanted = BODIES[kind]
    name = f"body-{kind.replace(' ', '-')}"
    shared.deploy(name, COPY)
    answer = submit(shared, name, body)
    job = answer.headers["x-job-id"]
    assert answer.headers["location"] == f"/system/jobs/{name}/{job}"
    assert answer.content == b""
    ended = shared.ended(name)
    assert [(id_, entry["state"]) for id_, entry in ended.items()] == [(job, "published")]
    assert shared.get(f"{name}/out/got") == (body if wanted is None else wanted)
    assert list((shared.state / "bodies").glob(f"{job}*")) == []


def test_twenty_mebibytes_are_one_body(shared: Platform, name: str) -> None:
    shared.deploy(name, 'wc -c < "$INPUT_FILE_PATH" > "$TMP_OUTPUT_DIR/got"\n')
    submit(shared, name, b"\xff" + bytes(20 << 20))
    assert next(iter(shared.ended(name).values()))["state"] == "published"
    assert int(shared.get(f"{name}/out/got")) == (20 << 20) + 1
    encoded = base64.b64encode(os.urandom(15 << 20))
    submit(shared, name, encoded)
    shared.ended(name, count=2)
    assert int(shared.get(f"{name}/out/got")) == 15 << 20


def test_a_large_body_outlives_a_killed_manager(own: Platform) -> None:
    """The answer says it is kept, and so it is, though nobody has read it yet."""
    own.up().deploy("keep", COPY)
    body = b"\xff" + os.urandom(300_000)
    job = submit(own, "keep", body).headers["x-job-id"]
    own.kill()
    own.up()
    ended = own.ended("keep", wait=60)
    assert [(id_, entry["state"]) for id_, entry in ended.items()] == [(job, "published")]
    assert own.get("keep/out/got") == body
    until(lambda: not list((own.state / "bodies").iterdir()), 20)


def _record(bucket: str, key: str) -> dict[str, Any]:
    return {"eventSource": "minio:s3", "s3": {"bucket": {"name": bucket}, "object": {"key": key}}}


def test_every_record_is_a_job(shared: Platform, name: str) -> None:
    shared.deploy(name, "exit 0\n")
    keys = ["in/a", "in/b c", "in/d+e"]
    for key in keys:
        shared.put(f"{name}/{key}", key.encode())
    shared.ended(name, count=3)
    shared.ask("DELETE", f"/system/logs/{name}")
    shared.ask(
        "PUT",
        "/system/services",
        json=shared.ask("GET", f"/system/services/{name}").json()
        | {"script": 'cp "$INPUT_FILE_PATH" "$TMP_OUTPUT_DIR/"\n'},
    )
    until(lambda: shared.ready(name), 60)
    sent = {"Records": [_record(name, key) for key in ("in%2Fa", "in%2Fb+c", "in%2Fd%2Be")]}
    ids = submit(shared, name, json.dumps(sent).encode()).headers["x-job-id"].split(", ")
    jobs = shared.ended(name, count=3)
    assert (set(jobs), len(ids)) == (set(ids), 3)
    assert {job["object"] for job in jobs.values()} == {f"{name}/{key}" for key in keys}
    assert shared.names(f"{name}/out") == ["out/a", "out/b c", "out/d+e"]


def test_the_same_idempotency_key_is_the_same_job(shared: Platform, name: str) -> None:
    shared.deploy(name, NUMBER)
    headers = {"idempotency-key": "order 7"}
    first, second = (submit(shared, name, b"one", headers=headers).headers["x-job-id"] for _ in range(2))
    assert first == second
    assert shared.ask("POST", f"/job/{name}", content=b"another", headers=headers).status_code == 409
    shared.ended(name)
    assert submit(shared, name, b"one", headers=headers).headers["x-job-id"] == first
    time.sleep(1)
    assert list(shared.ended(name)) == [first]
    assert shared.names(f"{name}/out") == [f"out/{first}"]


def test_a_services_token_opens_its_own_service_only(shared: Platform, name: str) -> None:
    token = shared.deploy(name, SAY)["token"]
    shared.deploy(f"{name}-b", SAY)
    headers = {"authorization": f"Bearer {token}"}
    ask = httpx.Client(base_url=shared.url, headers=headers, timeout=60)
    with ask:
        assert ask.post(f"/job/{name}", content=b"x").status_code == 201
        assert ask.post(f"/run/{name}", content=b"!hello").text == "!hello"
        for path in (f"/job/{name}-b", f"/run/{name}-b", "/system/services"):
            assert ask.post(path, content=b"x").status_code == 401
        for path in ("/system/services", f"/system/services/{name}", f"/system/logs/{name}", "/system/config"):
            assert ask.get(path).status_code == 401
    shared.ended(name)
    assert shared.jobs(f"{name}-b") == {}


def test_one_output_comes_back_in_base64(shared: Platform, name: str) -> None:
    shared.deploy(name, f"echo not this; {COPY}")
    answer = call(shared, name, base64.b64encode(b"\x00\xffpicture"))
    assert (answer.status_code, base64.b64decode(answer.content)) == (200, b"\x00\xffpicture")
    assert shared.get(f"{name}/out/got") == b"\x00\xffpicture"  # and lies in the bucket, as a job's does


def test_several_outputs_come_back_as_a_zip(shared: Platform, name: str) -> None:
    shared.deploy(name, 'cd "$TMP_OUTPUT_DIR"; echo 1 > a; mkdir -p sub; head -c 2000000 /dev/urandom > "sub/é b"\n')
    answer = call(shared, name, b"x")
    packed = zipfile.ZipFile(io.BytesIO(base64.b64decode(answer.content)))
    assert sorted(packed.namelist()) == ["a", "sub/é b"]
    assert (packed.read("a"), len(packed.read("sub/é b"))) == (b"1\n", 2_000_000)


def test_no_output_answers_with_the_words(shared: Platform, name: str) -> None:
    shared.deploy(name, "echo to out; echo to err >&2\n")
    answer = call(shared, name, b"x")
    assert (answer.status_code, answer.text) == (200, "to out\nto err\n")


def test_a_failing_script_is_a_500_with_the_end_of_its_words(shared: Platform, name: str) -> None:
    shared.deploy(name, 'seq 100000; echo last words >&2; touch "$TMP_OUTPUT_DIR/half"; exit 3\n')
    answer = call(shared, name, b"x")
    assert answer.status_code == 500
    assert "exit code 3" in answer.text.splitlines()[0]
    assert "last words" in answer.text
    assert "100000" in answer.text
    assert len(answer.content) < 20_000
    assert shared.names(f"{name}/out") == []


def test_a_call_that_takes_too_long_is_a_504(shared: Platform, name: str) -> None:
    shared.deploy(name, "sleep 1234567\n", timeout=1)
    began = time.monotonic()
    answer = call(shared, name, b"x")
    assert (answer.status_code, time.monotonic() - began < 20) == (504, True)
    until(lambda: not _running(shared, "sleep 1234567"), 10)


def test_a_caller_who_hangs_up_takes_his_run_with_him(shared: Platform, name: str) -> None:
    shared.deploy(name, "sleep 7654321\n")
    with pytest.raises(httpx.ReadTimeout):
        call(shared, name, b"x", timeout=3)
    until(lambda: not _running(shared, "sleep 7654321"), 10)


def _running(platform: Platform, words: str) -> bool:
    commands = [read(f"/proc/{pid}/cmdline").replace(b"\0", b" ") for pid in platform.children()]
    return any(command.startswith(words.encode()) for command in commands)


def test_an_event_too_long_for_a_variable_is_a_file(shared: Platform, name: str) -> None:
    script = (
        'cd "$TMP_OUTPUT_DIR"; echo "${EVENT+set} ${EVENT_FILE+set}" > which; '
        '[ "$EVENT_FILE" ] && cp "$EVENT_FILE" event || printf %s "$EVENT" > event\n'
    )
    shared.deploy(name, script)
    for size, which in ((1000, b"set \n"), (100_000, b"set \n"), (140_000, b" set\n")):
        body = json.dumps({"text": "x" * size}).encode()
        job = submit(shared, name, body).headers["x-job-id"]
        until(lambda job=job: shared.jobs(name)[job]["state"] == "published", 60)
        assert shared.get(f"{name}/out/which") == which
        assert shared.get(f"{name}/out/event") == body
