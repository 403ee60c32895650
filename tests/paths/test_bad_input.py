"""What cannot be is refused in words that name the field, and nothing is half made."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import httpx
import pytest

from .platform import Platform, running

MINIO = "minio.default"
LONG = "x" * 1000


def definition(**fields: Any) -> dict[str, Any]:
    return {
        "name": "refused",
        "image": "host",
        "script": "exit 0",
        "memory": "64Mi",
        "input": [{"storage_provider": MINIO, "path": "refused/in"}],
        "output": [{"storage_provider": MINIO, "path": "refused/out"}],
    } | fields


def _provider(**fields: str) -> dict[str, Any]:
    keys = {"access_key": "a", "secret_key": "b", "region": "r"}
    return {"minio": {"elsewhere": keys | fields}}


def _input(path: str, provider: str = MINIO) -> list[dict[str, str]]:
    return [{"storage_provider": provider, "path": path}]


BAD: dict[str, tuple[dict[str, Any], int, list[str]]] = {
    "name missing": ({"name": ""}, 400, ["name"]),
    "name of 1,000 characters": ({"name": LONG}, 400, ["name", "39"]),
    "name with a path": ({"name": "../../etc"}, 400, ["name"]),
    "name with NUL": ({"name": "a\0b"}, 400, ["name"]),
    "name is a number": ({"name": ["a"]}, 400, ["name"]),
    "script missing": ({"script": ""}, 400, ["script"]),
    "script with NUL": ({"script": "echo \0"}, 400, ["script"]),
    "image missing": ({"image": ""}, 400, ["image"]),
    "image that cannot be had": ({"image": "alpine:3"}, 400, ["image", "host"]),
    "memory is no size": ({"memory": "lots"}, 400, ["memory", "lots"]),
    "memory is negative": ({"memory": "-1Gi"}, 400, ["memory"]),
    "memory of a larger machine": ({"memory": "9000Gi"}, 400, ["memory", "9000Gi", "this machine has"]),
    "cpu of a larger machine": ({"cpu": "4096"}, 400, ["cpu", "4096", "this machine has"]),
    "two wrong fields": ({"cpu": "none", "memory": "none"}, 400, ["cpu", "memory"]),
    "a graphics card": ({"enable_gpu": True}, 400, ["enable_gpu"]),
    "input is a text": ({"input": "refused/in"}, 400, ["input"]),
    "unknown kind of provider": ({"input": _input("refused/in", "floppy.a")}, 400, ["storage_provider", "floppy"]),
    "unknown provider": ({"input": _input("refused/in", "minio.nowhere")}, 400, ["storage_provider", "nowhere"]),
    "path with ..": ({"input": _input("refused/../other")}, 400, ["input[0].path", ".."]),
    "path with NUL": ({"input": _input("refused/a\0b")}, 400, ["input[0].path"]),
    "path of 1,000 characters": ({"input": _input(f"refused/{LONG}")}, 400, ["input[0].path", "255"]),
    "path missing": ({"input": _input("")}, 400, ["input[0].path"]),
    "bucket with capitals": ({"output": _input("Refused/out")}, 400, ["output[0].path", "bucket"]),
    "a platform bucket": ({"input": _input("statuette-anything/in")}, 403, ["statuette-anything"]),
    "a platform bucket as output": ({"output": _input("statuette-x/out")}, 403, ["statuette-x"]),
    "a loop": ({"output": _input("refused/in/deeper")}, 400, ["output[0].path", "closes a loop"]),
    "the same folder": ({"output": _input("refused/in")}, 400, ["output[0].path"]),
    "variable that is none": ({"environment": {"variables": {"1-a": "x"}}}, 400, ["environment"]),
    "time-out below one": ({"timeout": 0}, 400, ["timeout"]),
    "bounds crossed": ({"synchronous": {"min_scale": 4, "max_scale": 2}}, 400, ["synchronous.min_scale"]),
    "an installer's option": ({"python": {"requirements": ["--index-url=http://x"]}}, 400, ["python.requirements[0]"]),
    "a provider on the loopback": (
        {"storage_providers": _provider(endpoint="http://127.0.0.1:9000")}, 400, ["minio.elsewhere.endpoint"],
    ),
    "a provider by another name of it": (
        {"storage_providers": _provider(endpoint="http://localhost:9000")}, 400, ["minio.elsewhere.endpoint"],
    ),
    "a provider in octal": (
        {"storage_providers": _provider(endpoint="http://0177.0.0.1/")}, 400, ["minio.elsewhere.endpoint"],
    ),
    "a provider mapped into IPv6": (
        {"storage_providers": _provider(endpoint="http://[::ffff:127.0.0.1]/")}, 400, ["minio.elsewhere.endpoint"],
    ),
    "a provider on the metadata address": (
        {"storage_providers": _provider(endpoint="http://169.254.169.254/")}, 400, ["minio.elsewhere.endpoint"],
    ),
    "a provider that is a file": ({"storage_providers": _provider(endpoint="file:///etc/passwd")}, 400, ["endpoint"]),
}  # fmt: skip


class Standing:
    """What stands: services and buckets."""

    def __init__(self, platform: Platform) -> None:
        self._platform = platform
        self._store = platform.s3()

    def look(self) -> tuple[list[str], list[str]]:
        services = [service["name"] for service in self._platform.ask("GET", "/system/services").json()]
        return services, sorted(bucket["Name"] for bucket in self._store.list_buckets()["Buckets"])


@pytest.fixture(scope="module")
def standing(shared: Platform) -> Standing:
    return Standing(shared)


@pytest.mark.parametrize("what", BAD)
def test_a_definition_is_refused(shared: Platform, standing: Standing, what: str) -> None:
    fields, status, words = BAD[what]
    before = standing.look()
    answer = shared.ask("POST", "/system/services", json=definition(**fields))
    assert (answer.status_code, [word for word in words if word not in answer.text]) == (status, []), answer.text
    assert len(answer.text) < 2000
    assert standing.look() == before


BODIES = {
    "not JSON": b"{name: x",
    "an array": b"[]",
    "a number": b"7",
    "null": b"null",
    "a text": b'"refused"',
    "nothing": b"",
    "not UTF-8": b'{"name": "\xff\xfe"}',
    "half a pair": b'{"name": "\\ud800"}',
    "nested 100,000 deep": b'{"a":' * 100_000,
}


@pytest.mark.parametrize("what", BODIES)
@pytest.mark.parametrize("method", ["POST", "PUT"])
def test_a_body_that_is_no_object(shared: Platform, standing: Standing, what: str, method: str) -> None:
    before = standing.look()
    assert shared.ask(method, "/system/services", content=BODIES[what]).status_code == 400
    assert standing.look() == before


def test_a_name_that_is_taken(shared: Platform, name: str) -> None:
    service = shared.deploy(name, "exit 0\n")
    answer = shared.ask("POST", "/system/services", json=definition(name=name, input=_input("taken/in")))
    assert (answer.status_code, name in answer.text) == (409, True)
    again = shared.ask("GET", f"/system/services/{name}").json()
    assert (again["token"], again["input"]) == (service["token"], service["input"])


def test_an_update_that_is_refused_changes_nothing(shared: Platform, standing: Standing, name: str) -> None:
    service = shared.deploy(name, "exit 0\n")
    before = standing.look()
    for fields in ({"input": _input("statuette-x/in")}, {"memory": "9000Gi"}, {"image": "alpine:3"}):
        answer = shared.ask("PUT", "/system/services", json=definition(name=name) | fields)
        assert answer.status_code in (400, 403), answer.text
    assert shared.ask("GET", f"/system/services/{name}").json() == service
    assert standing.look() == before
    assert shared.ask("PUT", "/system/services", json=definition(name="nobody")).status_code == 404


@pytest.mark.parametrize(
    "auth", [("oscar", "wrong"), ("oscar", ""), ("", ""), ("root", "x" * 1000), ("oscar", "\u00e9\u4e2d")]
)
def test_a_wrong_password(shared: Platform, auth: tuple[str, str]) -> None:
    for path in ("/system/services", "/system/config", "/system/info"):
        answer = shared.ask("GET", path, auth=auth)
        assert (answer.status_code, answer.text) == (401, "")
    assert shared.ask("POST", "/job/any", auth=auth).status_code == 401


@pytest.mark.parametrize("value", ["Bearer", "Bearer x", f"Bearer {'0' * 64}", f"Bearer {'é' * 64}", "Basic !", "x"])
def test_a_wrong_token(shared: Platform, value: str) -> None:
    headers = {"authorization": value.encode()}
    for path in ("/job/any", "/run/any", "/system/services"):
        assert httpx.post(shared.url + path, headers=headers, content=b"x").status_code == 401


PATHS = {
    "/system/services/..%2f..%2fetc": (404, 400),
    "/system/services/%00": (404, 400),
    "/system/services/a%00b": (404, 400),
    f"/system/services/{LONG}": (404, 400),
    f"/system/logs/{LONG}": (404,),
    f"/system/logs/nobody/{LONG}": (404,),
    "/system/logs/nobody/..%2f..%2fkey": (404,),
    "/system/logs/nobody/..": (404,),
    "/system/jobs/nobody/none": (404,),
    "/system/services/%ff%fe": (404, 400),
    f"/{LONG * 8}": (404, 414),
}


@pytest.mark.parametrize("path", PATHS, ids=lambda path: path[:40])
def test_a_path_that_is_none(shared: Platform, path: str) -> None:
    for method in ("GET", "DELETE"):
        assert shared.ask(method, path).status_code in PATHS[path]


def test_a_service_that_is_not_there(shared: Platform) -> None:
    for method, path in (("POST", "/job/nobody"), ("POST", "/run/nobody"), ("DELETE", "/system/services/nobody")):
        assert shared.ask(method, path, content=b"x").status_code == 404


def _notice(bucket: str, key: str) -> dict[str, Any]:
    return {"Records": [{"eventSource": "minio:s3", "s3": {"bucket": {"name": bucket}, "object": {"key": key}}}]}


@pytest.mark.parametrize("door", ["job", "run"])
def test_an_event_of_objects_outside_the_inputs(shared: Platform, door: str) -> None:
    """Neither another service's object, nor one of its own outputs, nor the platform's, nor one that is not there."""
    name = f"claims-{door}"
    token = shared.deploy(name, 'cp "$INPUT_FILE_PATH" "$TMP_OUTPUT_DIR/"\n')["token"]
    shared.deploy(f"{name}-b", "exit 0\n")
    shared.put(f"{name}-b/in/secret", b"of another")
    shared.ended(f"{name}-b")
    for bucket, key, status in (
        (f"{name}-b", "in/secret", 403),
        (name, "out/secret", 403),
        (name, "in/../out/secret", 400),
        ("statuette-platform", "in/x", 403),
        (name, "in/nothing", 404),
    ):
        for auth in (shared.account, None):
            headers = {} if auth else {"authorization": f"Bearer {token}"}
            answer = shared.ask(
                "POST", f"/{door}/{name}", json=_notice(bucket, key), auth=auth or httpx.Auth(), headers=headers
            )
            assert answer.status_code == status, (bucket, key, answer.text)
    assert shared.jobs(name) == {}


@pytest.fixture(scope="module")
def narrow(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Platform]:
    state: Path = tmp_path_factory.mktemp("narrow") / "state"
    with running(state, largest_job_body="1000", largest_call_body="1000") as platform:
        platform.deploy("small", "exit 0\n")
        yield platform


@pytest.mark.parametrize("chunked", [False, True])
@pytest.mark.parametrize("path", ["/job/small", "/run/small"])
def test_a_body_over_the_limit(narrow: Platform, path: str, chunked: bool) -> None:
    body = (b"x" * 100 for _ in range(11)) if chunked else b"x" * 1001
    answer = narrow.ask("POST", path, content=body)
    assert (answer.status_code, "1000 bytes" in answer.text) == (413, True)
    assert narrow.jobs("small") == {}
    assert list((narrow.state / "bodies").iterdir()) == []


def test_a_definition_over_the_limit(narrow: Platform) -> None:
    answer = narrow.ask("POST", "/system/services", json=definition(script="x" * (5 << 20)))
    assert answer.status_code == 413
    assert [service["name"] for service in narrow.ask("GET", "/system/services").json()] == ["small"]
