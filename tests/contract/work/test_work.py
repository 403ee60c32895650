"""The port `Work` on each of its plugs."""

import pytest
from tests.contract.work.conftest import InProcess, OverHttp, served

from statuette.testing.work_suite import WorkSuite


class TestInProcess(WorkSuite):
    @pytest.fixture
    async def house(self, tmp_path):
        return InProcess(tmp_path / "house")


class TestOverHttp(WorkSuite):
    @pytest.fixture
    def house(self, far):
        return far


class TestOverASocket(WorkSuite):
    @pytest.fixture
    async def house(self, tmp_path):
        house = OverHttp(tmp_path / "house")
        async with served(house.app) as url:
            house.work = house.join(url=url).work
            yield house
            await house.close()
