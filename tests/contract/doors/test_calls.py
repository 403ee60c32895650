"""`POST /run`: the answer's encoding, and what a failing script looks like."""

import base64
import io
import zipfile

import pytest


async def call(door, service: str, body: bytes = b'{"a": 1}', **headers: str):
    return await door.client.post(f"/run/{service}", content=body, headers=headers)


async def test_no_file_answers_the_scripts_words(door):
    await door.deploy("hello")
    answer = await call(door, "hello")
    assert (answer.status_code, answer.content) == (200, b'out {"a": 1}err\n')
    assert answer.headers["content-type"] == "text/plain; charset=utf-8"
    assert float(answer.headers["x-duration-seconds"]) > 0


async def test_one_file_answers_its_base64(door):
    await door.deploy("one", "onefile")
    for size in (0, 1, 2, 3, 1000):
        data = bytes(range(256)) * 4
        answer = await call(door, "one", base64.b64encode(data[:size] or b"\0"))
        assert base64.b64decode(answer.content, validate=True) == (data[:size] or b"\0")


async def test_several_files_answer_the_base64_of_a_zip(door):
    await door.deploy("two", "twofiles")
    answer = await call(door, "two", b'{"x": "y"}')
    with zipfile.ZipFile(io.BytesIO(base64.b64decode(answer.content, validate=True))) as archive:
        assert sorted(archive.namelist()) == ["b.txt", "sub/a.txt"]
        assert archive.read("sub/a.txt") == b'{"x": "y"}'
        assert archive.testzip() is None


async def test_large_file_comes_in_pieces_with_its_length(door):
    await door.deploy("one", "onefile")
    data = bytes(range(251)) * 3000
    answer = await call(door, "one", base64.b64encode(data))
    assert int(answer.headers["content-length"]) == len(answer.content) == (len(data) + 2) // 3 * 4
    assert base64.b64decode(answer.content, validate=True) == data


@pytest.mark.parametrize("given", ["application/json", "application/x-thing; a=b"])
async def test_content_type_is_the_requests(door, given):
    await door.deploy("hello")
    assert (await call(door, "hello", **{"content-type": given})).headers["content-type"] == given


async def test_content_type_that_cannot_be_one(door):
    await door.deploy("hello")
    answer = await door.client.post("/run/hello", content=b"{}", headers={"content-type": b"\xff\xfe"})
    assert answer.headers["content-type"] == "text/plain; charset=utf-8"


async def test_s26_failing_script_is_500_with_its_exit_code_and_last_words(door):
    await door.deploy("fails", "fails")
    answer = await call(door, "fails")
    assert answer.status_code == 500
    assert answer.headers["content-type"] == "text/plain; charset=utf-8"
    assert "exit code 3" in answer.text.splitlines()[0]
    assert "last words" in answer.text


@pytest.mark.parametrize("method", ["GET", "PUT", "DELETE", "HEAD", "PATCH", "OPTIONS"])
async def test_only_post(door, method):
    await door.deploy("hello")
    answer = await door.client.request(method, "/run/hello")
    assert answer.status_code == 404


async def test_trailing_slash_is_the_same(door):
    await door.deploy("hello")
    assert (await door.client.post("/run/hello/", content=b"{}")).status_code == 200


async def test_body_over_the_limit(inside, runs):
    await inside.deploy("hello")
    announced = await call(inside, "hello", b"x" * (1024 * 1024 + 1))
    assert announced.status_code == 413

    async def pieces():
        for _ in range(20):
            yield b"y" * 65536

    counted = await inside.client.post("/run/hello", content=pieces())
    assert counted.status_code == 413
