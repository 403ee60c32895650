"""`service list|get|remove|run|job`: words out, exit codes, and what the platform was asked."""

import base64
import json

import pytest

SERVICE = {"name": "ocr", "image": "host", "cpu": "1.0", "memory": "1Gi", "script": "#!/bin/sh\necho hi\n"}


@pytest.mark.parametrize("words", [("service", "list"), ("services", "ls"), ("svc", "list"), ("s", "ls")])
def test_a_list_is_a_table_with_a_header(run, platform, words: tuple[str, ...]) -> None:
    platform.answer("GET", "/system/services", [SERVICE])
    result = run(*words)
    assert result.stdout.splitlines() == ["NAME  IMAGE  CPU  MEMORY  STATE", "ocr   host   1.0  1Gi     ready"]
    assert result.exit_code == 0


def test_an_empty_list_says_what_to_do(run, platform) -> None:
    platform.answer("GET", "/system/services", [])
    result = run("service", "list")
    assert (result.stdout, "statuette apply" in result.stderr) == ("", True)


def test_json_is_only_json(run, platform) -> None:
    platform.answer("GET", "/system/services", [SERVICE])
    assert json.loads(run("service", "list", "-o", "json").stdout)[0]["memory"] == "1Gi"


def test_get_is_yaml_with_a_readable_script(run, platform) -> None:
    platform.answer("GET", "/system/services/ocr", SERVICE)
    assert "script: |\n  #!/bin/sh\n  echo hi\n" in run("service", "get", "ocr").stdout


def test_an_unknown_service_is_one_line_on_stderr(run) -> None:
    result = run("service", "get", "nobody")
    assert (result.exit_code, result.stdout) == (1, "")
    assert result.stderr == "Error: there is no service 'nobody' here (statuette service list)\n"


def test_remove_goes_on_after_a_failure_and_ends_with_1(run, platform) -> None:
    platform.answer("DELETE", "/system/services/a", status=204)
    result = run("service", "rm", "nobody", "a", "--purge")
    assert [path for _, path, _ in platform.seen] == [
        "/system/services/nobody?purge=true",
        "/system/services/a?purge=true",
    ]
    assert (result.exit_code, "✓ a removed" in result.stderr) == (1, True)


def test_run_prints_the_decoded_answer(run, platform) -> None:
    platform.answer("POST", "/run/hello", base64.b64encode(b"Hello, \xff!"))
    result = run("service", "run", "hello", "-i", "Ada")
    assert (result.stdout_bytes, result.exit_code) == (b"Hello, \xff!", 0)
    assert base64.b64decode(platform.seen[0][2]) == b"Ada"


def test_run_writes_into_a_file(run, platform, tmp_path) -> None:
    platform.answer("POST", "/run/hello", base64.b64encode(b"bytes"))
    (tmp_path / "in").write_bytes(b"\0\1")
    result = run("service", "run", "hello", "-f", str(tmp_path / "in"), "-o", str(tmp_path / "out"))
    assert (result.exit_code, (tmp_path / "out").read_bytes()) == (0, b"bytes")


def test_run_reads_standard_input(run, platform) -> None:
    platform.answer("POST", "/run/hello", b"ok!")
    run("service", "run", "hello", "-f", "-", stdin=b"piped")
    assert base64.b64decode(platform.seen[0][2]) == b"piped"


def test_a_full_queue_says_when_to_come_back(run, platform) -> None:
    platform.answer("POST", "/run/hello", "the queue is full", status=503, Retry_After="4")
    assert run("service", "run", "hello", "-i", "x").stderr == "Error: the queue is full (try again in 4 s)\n"


@pytest.mark.parametrize("words", [(), ("-i", "x", "-f", "y")])
def test_run_without_one_input_is_wrong_usage(run, words: tuple[str, ...]) -> None:
    assert run("service", "run", "hello", *words).exit_code == 2


def test_a_file_that_is_missing_is_told(run) -> None:
    result = run("service", "job", "hello", "-f", "/nowhere/x")
    assert (result.exit_code, result.stderr) == (1, "Error: /nowhere/x: No such file or directory\n")


def test_job_prints_its_id(run, platform) -> None:
    platform.answer("POST", "/job/hello", status=201, X_Job_Id="hello-1")
    assert run("service", "job", "hello", "-i", "x").stdout == "hello-1\n"
