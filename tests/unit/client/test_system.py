"""The platform as a whole."""

import httpx


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
