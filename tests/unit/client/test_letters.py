"""Dead letters: run again and dropped, by name and all, however many."""

import json

import httpx
import pytest

from statuette.client import NotFound
from statuette.client.letters import AT_ONCE


def answering(seen: list[tuple[str, str, dict[str, object]]]):
    def handler(request: httpx.Request) -> httpx.Response:
        body = json.loads(request.content)
        seen.append((request.method, request.url.path, body))
        names = body.get("jobs", ["x"])
        return httpx.Response(200, json={"done": len(names) - 1, "left": names[:1]})

    return handler


async def test_all_is_one_request(connect) -> None:
    seen: list[tuple[str, str, dict[str, object]]] = []
    async with connect(answering(seen)) as platform:
        await platform.letters.retry("ocr", None)
        await platform.letters.drop("ocr", None)
    assert seen == [
        ("POST", "/system/jobs/ocr/retry", {"all": True}),
        ("DELETE", "/system/jobs/ocr", {"all": True}),
    ]


async def test_many_names_are_several_requests_and_one_answer(connect) -> None:
    seen: list[tuple[str, str, dict[str, object]]] = []
    names = [f"ocr-{number}" for number in range(AT_ONCE + 2)]
    async with connect(answering(seen)) as platform:
        settled = await platform.letters.retry("ocr", names)
    assert [len(body["jobs"]) for _, _, body in seen] == [AT_ONCE, 2]
    assert (settled.done, settled.left) == (AT_ONCE, [names[0], names[AT_ONCE]])


async def test_an_unknown_service_is_told(connect) -> None:
    async with connect(lambda _: httpx.Response(404)) as platform:
        with pytest.raises(NotFound, match="no service 'ocr'"):
            await platform.letters.drop("ocr", ["a"])
