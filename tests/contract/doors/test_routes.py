"""Paths: unknown ones, wrong methods, slashes, and what hides in percent signs."""

import pytest

NONE = (404, "404 page not found")


@pytest.mark.parametrize(
    ("method", "path"),
    [
        ("GET", "/"), ("GET", "/nothing"), ("GET", "/system"), ("GET", "/system/nothing"), ("POST", "/health"),
        ("DELETE", "/system/services"), ("POST", "/system/services/a"), ("GET", "/job/a"), ("GET", "/run/a"),
        ("POST", "/run"), ("POST", "/run/"), ("POST", "/job"), ("POST", "/run/a/b"), ("PATCH", "/system/info"),
        ("OPTIONS", "/system/info"), ("GET", "/docs"), ("GET", "/redoc"), ("POST", "/system/logs/a"),
    ],
)  # fmt: skip
async def test_unknown_route_or_wrong_method(inside, method, path):
    for client in (inside.anyone, inside.client):
        answer = await client.request(method, path)
        assert (answer.status_code, answer.text) == NONE
        assert answer.headers["content-type"] == "text/plain; charset=utf-8"
        assert "allow" not in answer.headers


@pytest.mark.parametrize("path", ["/health", "/system/info", "/system/config", "/system/status", "/system/services"])
async def test_trailing_slash_is_served_without_a_redirect(door, path):
    plain = await door.client.get(path)
    slashed = await door.client.get(path + "/")
    assert plain.status_code == slashed.status_code == 200
    assert list(plain.json() if path != "/health" else "") == list(slashed.json() if path != "/health" else "")


async def test_trailing_slash_on_writes(door):
    definition = {"name": "hello", "image": "host", "script": "true"}
    assert (await door.client.post("/system/services/", json=definition)).status_code == 201
    assert (await door.client.post("/job/hello/", content=b"{}")).status_code == 201
    assert (await door.client.delete("/system/logs/hello/")).status_code == 204
    assert (await door.client.delete("/system/services/hello/")).status_code == 204


@pytest.mark.parametrize(
    "name", ["a%2Fb", "%2f", "a%5cb", "a%00b", "%2e%2e", "..%2f..", "a%0ab", "%ff", "%ed%a0%80", "%C3%28", "a%20b"]
)
async def test_hidden_characters_name_nothing(door, name):
    requests = [
        ("GET", f"/system/services/{name}"), ("DELETE", f"/system/services/{name}"), ("GET", f"/system/logs/{name}"),
        ("GET", f"/system/logs/{name}/x"), ("DELETE", f"/system/logs/x/{name}"), ("GET", f"/system/jobs/x/{name}"),
        ("POST", f"/job/{name}"), ("POST", f"/run/{name}"),
    ]  # fmt: skip
    for method, path in requests:
        answer = await door.client.request(method, path)
        assert answer.status_code in (400, 404), path


async def test_very_long_path(door):
    assert (await door.client.get("/system/services/" + "x" * 5000)).status_code in (404, 414)


async def test_description_of_the_api(inside):
    answer = await inside.anyone.get("/openapi.json")
    document = answer.json()
    operations = {(path, method) for path, methods in document["paths"].items() for method in methods}
    assert ("/job/{service}", "post") in operations
    assert ("/system/jobs/{service}/{job}", "get") in operations
    assert "script" in document["components"]["schemas"]["Service"]["properties"]
    assert "HTTPValidationError" not in answer.text
    assert document["paths"]["/system/info"]["get"]["security"] == [{"basic": []}]
    assert len({document["paths"][path][method]["operationId"] for path, method in operations}) == len(operations)


async def test_platform_answers_are_compact_json_in_the_cores_order(inside):
    answer = await inside.client.get("/system/config")
    assert answer.headers["content-type"] == "application/json; charset=utf-8"
    assert answer.content.startswith(b'{"config":{"name":"oscar"')
    assert (await inside.client.get("/system/info")).content.startswith(b'{"version":"1"')
    assert (await inside.client.get("/system/status")).json()["cluster"] == {"nodes_count": 1}


async def test_config_has_the_five_store_fields(door):
    store = (await door.client.get("/system/config")).json()["minio_provider"]
    assert {name: type(value) for name, value in store.items()} == {
        "endpoint": str, "verify": bool, "access_key": str, "secret_key": str, "region": str,
    }  # fmt: skip
