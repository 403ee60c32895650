"""The manager's door over twins, as `tests/contract/work` has it."""

import pytest
from tests.contract.work.conftest import OverHttp


@pytest.fixture
async def far(tmp_path):
    house = OverHttp(tmp_path / "house", wait=0.05)
    house.side = house.join(house.transport)
    yield house
    await house.close()
