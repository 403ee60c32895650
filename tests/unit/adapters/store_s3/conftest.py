"""A signed client of the small server in `tests/unit/conftest.py`."""

from collections.abc import AsyncIterator
from typing import Any

import pytest

from statuette.adapters.store_s3.endpoint import Endpoint
from statuette.adapters.store_s3.signed import SignedClient


@pytest.fixture
def endpoint(wire: Any) -> Endpoint:
    return Endpoint(url=wire.url, access_key="AKIA0000", secret_key="s3cret-key", region="eu-test-1")


@pytest.fixture
async def client(endpoint: Endpoint) -> AsyncIterator[SignedClient]:
    opened = SignedClient(endpoint)
    yield opened
    await opened.close()
