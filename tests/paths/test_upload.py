"""An upload becomes a result: the main path, on the real store and in real sandboxes."""

import time

from .platform import Platform

COPY = 'cp "$INPUT_FILE_PATH" "$TMP_OUTPUT_DIR/"\n'


def test_a_file_goes_in_and_a_result_comes_out(shared: Platform, name: str) -> None:
    shared.deploy(name, 'tr a-z A-Z < "$INPUT_FILE_PATH" > "$TMP_OUTPUT_DIR/loud.txt"; echo done\n')
    shared.put(f"{name}/in/quiet.txt", b"hello")
    (job_id, job) = next(iter(shared.ended(name, f"{name}/in/quiet.txt").items()))
    assert (job["status"], job["state"], job["exit_code"]) == ("Succeeded", "published", 0)
    assert shared.get(f"{name}/out/loud.txt") == b"HELLO"
    assert shared.job_log(name, job_id) == "done\n"


def test_every_stage_has_its_time(shared: Platform, name: str) -> None:
    shared.deploy(name, COPY)
    shared.put(f"{name}/in/x", b"1")
    job = next(iter(shared.ended(name).values()))
    stages = list(job["stages"].values())
    assert set(job["stages"]) == {
        "stored", "seen", "leased", "fetched", "started", "ended", "sealed", "committed", "published",
    }  # fmt: skip
    assert stages == sorted(stages)


def test_a_failing_script_is_a_failed_job(shared: Platform, name: str) -> None:
    shared.deploy(name, 'echo out; echo err >&2; touch "$TMP_OUTPUT_DIR/half"; exit 7\n')
    shared.put(f"{name}/in/x", b"1")
    job_id, job = next(iter(shared.ended(name).items()))
    assert (job["status"], job["state"], job["exit_code"]) == ("Failed", "failed", 7)
    assert "err" in job["reason"]
    assert sorted(shared.job_log(name, job_id).split()) == ["err", "out"]
    details = shared.ask("GET", f"/system/jobs/{name}/{job_id}").json()
    assert [attempt["outcome"] for attempt in details["attempts"]] == ["script_failed"]
    assert shared.names(f"{name}/out") == []


def test_what_the_script_sees(shared: Platform, name: str) -> None:
    script = (
        'printf "%s\\n" "$INPUT_FILE_PATH" "$TMP_INPUT_DIR" "$TMP_OUTPUT_DIR" "$STORAGE_OBJECT_KEY" "$EVENT_TIME" '
        '"$OSCAR_SERVICE_NAME" "$JOB_UUID" "$COLOUR" "$TONE" > "$TMP_OUTPUT_DIR/seen"; '
        'printf %s "$EVENT" > "$TMP_OUTPUT_DIR/event"; '
        'cat /oscar/config/function_config.yaml > "$TMP_OUTPUT_DIR/config"\n'
    )
    service = shared.deploy(
        name, script, environment={"Variables": {"COLOUR": 'it\'s "red"'}, "secrets": {"TONE": "deep"}}
    )
    shared.put(f"{name}/in/deep/er/pic ture.png", b"1")
    job_id = next(iter(shared.ended(name)))
    seen = shared.get(f"{name}/out/seen").decode().splitlines()
    assert seen[0] == f"{seen[1]}/pic ture.png"
    assert seen[3] == "in/deep/er/pic ture.png"
    assert seen[5:] == [name, job_id, 'it\'s "red"', "deep"]
    assert f'"name":"{name}"' in shared.get(f"{name}/out/event").decode().replace(" ", "")
    config = shared.get(f"{name}/out/config").decode()
    assert service["token"] not in config
    assert "deep" not in config


def test_outputs_are_sorted_by_prefix_and_suffix(shared: Platform, name: str) -> None:
    outputs = [
        {"storage_provider": "minio.default", "path": f"{name}/pictures", "suffix": [".png", ".jpg"]},
        {"storage_provider": "minio", "path": f"{name}/maps", "prefix": ["map"]},
        {"storage_provider": "minio", "path": f"{name}/all"},
    ]
    script = (
        'cd "$TMP_OUTPUT_DIR"; mkdir -p sub/deep; '
        "echo 1 > a.png; echo 2 > map.txt; echo 3 > sub/deep/c.jpg; : > empty\n"
    )
    shared.deploy(name, script, output=outputs)
    shared.put(f"{name}/in/x", b"1")
    shared.ended(name)
    assert shared.names(f"{name}/pictures") == ["pictures/a.png", "pictures/sub/deep/c.jpg"]
    assert shared.names(f"{name}/maps") == ["maps/map.txt"]
    assert shared.names(f"{name}/all") == ["all/a.png", "all/empty", "all/map.txt", "all/sub/deep/c.jpg"]
    assert shared.get(f"{name}/all/empty") == b""


def test_one_upload_feeds_eight_services(shared: Platform) -> None:
    source = [{"storage_provider": "minio.default", "path": "fan/in"}]
    names = [f"fan{number}" for number in range(8)]
    for name in names:
        output = [{"storage_provider": "minio.default", "path": f"fan/{name}"}]
        shared.deploy(name, COPY, input=source, output=output)
    shared.put("fan/in/frame.csv", b"1,2,3")
    for name in names:
        assert len(shared.ended(name)) == 1
        assert shared.get(f"fan/{name}/frame.csv") == b"1,2,3"


def test_a_chain_of_services_runs_each_once(shared: Platform) -> None:
    first_out = [{"storage_provider": "minio.default", "path": "chain/middle"}]
    shared.deploy("chain1", COPY, input=[{"storage_provider": "minio", "path": "chain/in"}], output=first_out)
    last_out = [{"storage_provider": "minio.default", "path": "chain/out"}]
    shared.deploy("chain2", COPY, input=first_out, output=last_out)
    shared.put("chain/in/a", b"link")
    assert len(shared.ended("chain1")) == 1
    assert len(shared.ended("chain2")) == 1
    assert shared.get("chain/out/a") == b"link"


def test_the_same_bytes_again_do_run_again(shared: Platform, name: str) -> None:
    shared.deploy(name, COPY)
    shared.put(f"{name}/in/x", b"same")
    shared.ended(name)
    time.sleep(1.1)  # times count in whole seconds
    shared.put(f"{name}/in/x", b"same")
    assert len(shared.ended(name, count=2)) == 2


def test_what_was_there_before_is_left_alone_unless_asked_for(shared: Platform, name: str) -> None:
    shared.deploy(name, COPY)
    shared.put(f"{name}/in/old", b"1")
    shared.ended(name)
    source = {"storage_provider": "minio.default", "path": f"{name}/in"}
    shared.deploy(f"{name}-a", COPY, input=[source], output=[])
    shared.deploy(f"{name}-b", COPY, input=[source | {"process_existing": True}], output=[])
    assert len(shared.ended(f"{name}-b")) == 1
    assert shared.jobs(f"{name}-a") == {}


def test_a_time_out_kills_everything(shared: Platform, name: str) -> None:
    shared.deploy(name, "sleep 987654 & trap '' TERM; sleep 987653; sleep 987653\n", timeout=1)
    shared.put(f"{name}/in/x", b"1")
    job = next(iter(shared.ended(name).values()))
    assert (job["state"], job["status"]) == ("failed", "Failed")
    assert "time" in job["reason"]


def test_on_failure_publish_keeps_what_was_made(shared: Platform, name: str) -> None:
    shared.deploy(name, 'echo half > "$TMP_OUTPUT_DIR/half"; exit 3\n', on_failure="publish")
    shared.put(f"{name}/in/x", b"1")
    job = next(iter(shared.ended(name).values()))
    assert job["exit_code"] == 3
    assert shared.get(f"{name}/out/half") == b"half\n"
