"""Service tokens: what is looked up, and the form of the header."""

import hashlib

import pytest

from statuette.adapters.identity_basic import ServiceTokens, digest_of
from statuette.events.principals import Principal, PrincipalKind

A, B = "a" * 64, "b" * 64


@pytest.fixture
def services() -> dict[str, str]:
    """The services by their tokens' digests."""
    return {digest_of(A): "one", digest_of(B): "two"}


async def test_a_token_names_its_service(services):
    identity = ServiceTokens(services.get)
    assert await identity.authenticate(f"Bearer {A}") == Principal(id="one", kind=PrincipalKind.SERVICE)
    assert await identity.authenticate(f"Bearer {B}") == Principal(id="two", kind=PrincipalKind.SERVICE)


async def test_a_removed_service_has_no_token(services):
    identity = ServiceTokens(services.get)
    services.clear()
    assert await identity.authenticate(f"Bearer {A}") is None


FORMS = [
    "",
    A,
    f"bearer {A}",
    f"Bearer  {A}",
    f"Bearer {A} ",
    f"Bearer {A}\n",
    f"Bearer {A.upper()}",
    f"Bearer {A[1:]}",
]


@pytest.mark.parametrize("authorization", [*FORMS, "Bearer ", "Bearer " + "g" * 64, "Bearer " + "\u0661" * 64])
async def test_what_is_not_written_so_is_not_even_looked_up(authorization):
    def lookup(digest: str) -> str:
        raise AssertionError(digest)

    assert await ServiceTokens(lookup).authenticate(authorization) is None


async def test_only_the_digest_leaves(services):
    asked = []
    await ServiceTokens(asked.append).authenticate(f"Bearer {A}")
    assert asked == [hashlib.sha256(A.encode()).hexdigest()]
