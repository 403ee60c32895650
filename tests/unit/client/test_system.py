"""The platform as a whole."""

import httpx
import pytest

from statuette.client import NotFound


async def test_health_is_the_contracts_word(connect) -> None:
    async with connect(lambda _: httpx.Response(200, text="Ok")) as platform:
        assert await platform.system.healthy()


async def test_another_server_is_not_healthy(connect) -> None:
    async with connect(lambda _: httpx.Response(200, text="nginx")) as platform:
        assert not await platform.system.healthy()


async def test_info_and_status_keep_what_goes_beyond_the_contract(connect) -> None:
    answer = {"version": "1", "git_commit": "x", "statuette": {"runners": 3}}
    async with connect(lambda _: httpx.Response(200, json=answer)) as platform:
        assert (await platform.system.info()).version == "1"
        assert (await platform.system.status()).statuette == {"runners": 3}


async def test_a_sweep_of_one_service_or_of_all(connect) -> None:
    asked: list[str] = []

    def handler(request: httpx.Request) -> httpx.Response:
        asked.append(f"{request.method} {request.url.path}")
        return httpx.Response(200, json={"listed": 5, "recovered": 2, "forgotten": 0, "failed": 0})

    async with connect(handler) as platform:
        assert (await platform.system.sweep()).recovered == 2
        await platform.system.sweep("ocr")
    assert asked == ["POST /system/sweep", "POST /system/sweep/ocr"]


async def test_a_sweep_of_an_unknown_service_is_told(connect) -> None:
    async with connect(lambda _: httpx.Response(404)) as platform:
        with pytest.raises(NotFound, match="no service 'ocr'"):
            await platform.system.sweep("ocr")
