"""`/system/services`: shapes and status codes."""

import json

import pytest

TEXT = "text/plain; charset=utf-8"
JSON = "application/json; charset=utf-8"


def definition(name: str = "hello", **more: object) -> dict[str, object]:
    return {"name": name, "image": "host", "script": "true", **more}


async def test_deployed_read_listed_removed(door):
    made = await door.client.post("/system/services", json=definition())
    assert (made.status_code, made.content) == (201, b"")
    read = await door.client.get("/system/services/hello")
    assert read.status_code == 200
    assert read.headers["content-type"] == JSON
    assert read.json()["name"] == "hello"
    assert len(read.json()["token"]) == 64
    listed = await door.client.get("/system/services")
    assert "hello" in [service["name"] for service in listed.json()]
    gone = await door.client.delete("/system/services/hello")
    assert (gone.status_code, gone.content) == (204, b"")
    assert (await door.client.get("/system/services/hello")).status_code == 404


async def test_empty_list_is_a_list(inside):
    assert (await inside.client.get("/system/services")).content == b"[]"


async def test_updated(door):
    await door.deploy("hello")
    answer = await door.client.put("/system/services", json=definition(script="echo other"))
    assert (answer.status_code, answer.content) == (204, b"")
    assert (await door.client.get("/system/services/hello")).json()["script"] == "echo other"


async def test_unknown_is_404_and_empty(door):
    answers = [
        await door.client.get("/system/services/unknown"),
        await door.client.delete("/system/services/unknown"),
        await door.client.put("/system/services", json=definition("unknown")),
    ]
    assert [(answer.status_code, answer.content) for answer in answers] == [(404, b"")] * 3


async def test_s46_taken_name_is_409(door):
    await door.deploy("hello")
    answer = await door.client.post("/system/services", json=definition())
    assert answer.status_code == 409
    assert answer.headers["content-type"] == TEXT
    assert "hello" in answer.text


async def test_s43_every_wrong_field_is_named(door):
    answer = await door.client.post("/system/services", json={"name": "", "image": [], "script": ""})
    assert answer.status_code == 400
    for field in ("name", "image", "script"):
        assert field in answer.text
    assert len(answer.text.splitlines()) >= 3


@pytest.mark.parametrize(
    "body",
    [
        b"",
        b"  ",
        b"[]",
        b"null",
        b"7",
        b'"x"',
        b"{",
        b'{"name": NaN}',
        b"\xff\xfe",
        b'{"name": "\\ud800"}',
        b"[" * 60000,
    ],
    ids=lambda body: body[:12].hex(),
)
@pytest.mark.parametrize("method", ["POST", "PUT"])
async def test_what_is_no_object_is_400(door, method, body):
    answer = await door.client.request(method, "/system/services", content=body)
    assert answer.status_code == 400
    assert answer.headers["content-type"] == TEXT
    assert answer.text


@pytest.mark.parametrize(
    "content_type", [None, "text/json", "application/octet-stream", "multipart/form-data", "\u00e9"]
)
async def test_content_type_does_not_matter(door, content_type):
    body = json.dumps(definition()).encode() + b"\ntext after the value is ignored"
    headers = {} if content_type is None else {"content-type": content_type.encode("latin-1")}
    assert (await door.client.post("/system/services", content=body, headers=headers)).status_code == 201


async def test_larger_than_a_definition_may_be(inside):
    assert (await inside.client.post("/system/services", content=b"{" + b" " * 70000 + b"}")).status_code == 413


@pytest.mark.parametrize("name", ["-x", "a b", "x" * 64, "%C3%A9", "a$"])
async def test_what_cannot_be_a_name(door, name):
    assert (await door.client.get(f"/system/services/{name}")).status_code == 400
    assert (await door.client.delete(f"/system/services/{name}")).status_code == 404


async def test_compact_and_escaped_json(door):
    await door.client.post("/system/services", json=definition(script="cat <a >b && true"))
    answer = await door.client.get("/system/services/hello")
    assert b'"name":"hello"' in answer.content
    assert b"cat \\u003ca \\u003eb \\u0026\\u0026 true" in answer.content
    assert answer.json()["script"] == "cat <a >b && true"


@pytest.mark.parametrize(("query", "purged"), [("", []), ("?purge=true", ["hello"]), ("?purge=maybe", [])])
async def test_purge(inside, runs, query, purged):
    await inside.deploy("hello")
    assert (await inside.client.delete(f"/system/services/hello{query}")).status_code == 204
    assert runs.services.purged == purged
