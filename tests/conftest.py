"""What all tests share: the rule that a missing real part fails where everything must be there."""

import os
from collections.abc import Callable

import pytest

Need = Callable[[bool, str], None]


@pytest.fixture(scope="session")
def need() -> Need:
    """Skip when a real part is missing, or fail when CI=true: there nothing may be skipped for want of a part."""

    def check(present: bool, reason: str) -> None:
        if present:
            return
        if os.environ.get("CI") == "true":
            pytest.fail(f"missing real part: {reason}")
        pytest.skip(reason)

    return check
