"""`apply` and `delete`."""

import json
from pathlib import Path

import pytest

FDL = """functions:
  oscar:
  - default-cluster:
      name: hello
      image: host
      script: s.sh
      input: [{storage_provider: minio.default, path: hello/in}]
"""


@pytest.fixture
def fdl(tmp_path: Path) -> str:
    (tmp_path / "s.sh").write_text("#!/bin/sh\n")
    (tmp_path / "hello.yaml").write_text(FDL)
    return str(tmp_path / "hello.yaml")


def stored(state: str = "ready", detail: str = "") -> dict[str, object]:
    return {"name": "hello", "status": {"state": state, "detail": detail}}


def test_a_new_service_is_created_with_its_script_and_waited_for(run, platform, fdl: str) -> None:
    platform.answer("GET", "/system/services/hello", status=404)
    platform.answer("POST", "/system/services", status=201)
    platform.answer("GET", "/system/services/hello", stored("preparing", "installing numpy [1/3]"))
    platform.answer("GET", "/system/services/hello", stored())
    result = run("apply", fdl)
    assert json.loads(platform.seen[1][2])["script"] == "#!/bin/sh\n"
    assert result.exit_code == 0
    assert result.stderr.splitlines() == [
        "✓ hello created",
        "hello: preparing installing numpy [1/3]",
        "✓ hello is ready",
    ]


def test_a_known_service_is_replaced(run, platform, fdl: str) -> None:
    platform.answer("GET", "/system/services/hello", stored())
    platform.answer("PUT", "/system/services", status=204)
    assert "✓ hello updated" in run("apply", fdl, "--no-wait").stderr


def test_a_preparation_that_fails_ends_with_1(run, platform, fdl: str) -> None:
    platform.answer("GET", "/system/services/hello", stored("failed", "no such package"))
    platform.answer("PUT", "/system/services", status=204)
    result = run("apply", fdl)
    assert (result.exit_code, result.stderr.splitlines()[-1]) == (
        1,
        "Error: hello could not be prepared: no such package",
    )


def test_another_name_moves_its_buckets(run, platform, fdl: str) -> None:
    platform.answer("POST", "/system/services", status=201)
    run("apply", fdl, "--name", "ciao", "--no-wait")
    sent = json.loads(platform.seen[-1][2])
    assert (sent["name"], sent["input"][0]["path"]) == ("ciao", "ciao/in")


def test_the_platforms_words_about_a_bad_definition_are_shown(run, platform, fdl: str) -> None:
    platform.answer("POST", "/system/services", "memory: the machine has less", status=400)
    result = run("apply", fdl)
    assert (result.exit_code, result.stderr) == (1, "Error: memory: the machine has less\n")


def test_delete_removes_what_the_file_names(run, platform, fdl: str) -> None:
    platform.answer("DELETE", "/system/services/hello", status=204)
    Path(fdl).with_name("s.sh").unlink()
    assert run("delete", fdl).stderr == "✓ hello removed\n"
