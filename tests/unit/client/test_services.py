"""Services: listed, created or replaced, removed."""

import json

import httpx
import pytest

from statuette.client import BadRequest, NotFound

STORED = {"name": "ocr", "image": "host", "cpu": "1.0", "memory": "1Gi", "unknown": [1], "token": "t"}


async def test_a_list_keeps_fields_nobody_knows(connect) -> None:
    async with connect(lambda _: httpx.Response(200, json=[STORED])) as platform:
        (service,) = await platform.services.all()
    assert (service.name, service.plain()["unknown"], service.status.state) == ("ocr", [1], "ready")


@pytest.mark.parametrize(("known", "method"), [(True, "PUT"), (False, "POST")])
async def test_apply_creates_or_replaces(connect, known: bool, method: str) -> None:
    sent: list[httpx.Request] = []

    def handler(request: httpx.Request) -> httpx.Response:
        if request.method == "GET":
            return httpx.Response(200, json=STORED) if known else httpx.Response(404)
        sent.append(request)
        return httpx.Response(201)

    async with connect(handler) as platform:
        created = await platform.services.apply({"name": "ocr", "image": "host", "script": "true"})
    assert created is not known
    assert [(each.method, each.url.path) for each in sent] == [(method, "/system/services")]
    assert json.loads(sent[0].content) == {"name": "ocr", "image": "host", "script": "true"}


async def test_a_definition_without_a_name_is_the_platforms_to_refuse(connect) -> None:
    async with connect(lambda _: httpx.Response(400, text="name: is missing")) as platform:
        with pytest.raises(BadRequest, match="name: is missing"):
            await platform.services.apply({"image": "host"})


@pytest.mark.parametrize(("purge", "query"), [(False, b""), (True, b"purge=true")])
async def test_remove_can_purge(connect, purge: bool, query: bytes) -> None:
    seen: list[httpx.URL] = []

    def handler(request: httpx.Request) -> httpx.Response:
        seen.append(request.url)
        return httpx.Response(204)

    async with connect(handler) as platform:
        await platform.services.remove("ocr", purge=purge)
    assert [(url.path, url.query) for url in seen] == [("/system/services/ocr", query)]


@pytest.mark.parametrize("verb", ["get", "remove"])
async def test_an_unknown_service_is_told_by_name(connect, verb: str) -> None:
    async with connect(lambda _: httpx.Response(404)) as platform:
        with pytest.raises(NotFound, match="no service 'nobody' here"):
            await getattr(platform.services, verb)("nobody")
