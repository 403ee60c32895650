"""Where a platform is: an HTTP address, with a password that is never shown."""

import pytest

from statuette.client import ClientError, Connection


@pytest.mark.parametrize("endpoint", ["http://127.0.0.1:8080", "https://platform.test/base/"])
def test_an_address(endpoint: str) -> None:
    connection = Connection(endpoint, "oscar", "s3cret")
    assert (connection.endpoint, connection.verify) == (endpoint, True)


@pytest.mark.parametrize(
    "endpoint", ["", "platform.test", "127.0.0.1:8080", "ftp://x", "httpx://x", "file:///etc/passwd"]
)
def test_what_is_no_http_address(endpoint: str) -> None:
    with pytest.raises(ClientError) as caught:
        Connection(endpoint, "oscar", "s3cret")
    assert str(caught.value) == f"the endpoint {endpoint!r} must begin with http:// or https://"


def test_the_password_is_not_shown() -> None:
    assert "s3cret" not in repr(Connection("http://x", "oscar", "s3cret"))
