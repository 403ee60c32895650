"""Service tokens: the index, the scan, the form of the header."""

import pytest

from statuette.adapters.identity_basic import AnyOf, BasicAdmin, ServiceTokens, TokenIndex, scan
from statuette.events.principals import Principal, PrincipalKind

A, B = "a" * 64, "b" * 64


@pytest.fixture(params=["index", "scan"])
def tokens(request):
    """The services `one` and `two` with their tokens, kept in either way, and a way to remove `two`."""
    if request.param == "index":
        index = TokenIndex()
        index.put("one", A)
        index.put("two", B)
        return index, lambda: index.drop("two")
    pairs = {"one": A, "two": B}
    return scan(pairs.items), lambda: pairs.pop("two")


async def test_a_token_names_its_service(tokens):
    identity = ServiceTokens(tokens[0])
    assert await identity.authenticate(f"Bearer {A}") == Principal(id="one", kind=PrincipalKind.SERVICE)
    assert await identity.authenticate(f"Bearer {B}") == Principal(id="two", kind=PrincipalKind.SERVICE)


async def test_a_removed_service_has_no_token(tokens):
    lookup, remove = tokens
    remove()
    assert await ServiceTokens(lookup).authenticate(f"Bearer {B}") is None


@pytest.mark.parametrize(
    "authorization",
    ["", A, f"bearer {A}", f"Bearer  {A}", f"Bearer {A} ", f"Bearer {A.upper()}", f"Bearer {A[1:]}", "Bearer "],
)  # fmt: skip
async def test_what_is_not_written_so_proves_nobody(tokens, authorization):
    assert await ServiceTokens(tokens[0]).authenticate(authorization) is None


def test_a_new_token_replaces_the_old_one():
    index = TokenIndex()
    index.put("one", A)
    index.put("one", B)
    assert len(index._services) == len(index._digests) == 1
    assert index._services.popitem()[1] == "one"


async def test_any_of_asks_one_after_the_other(tokens):
    identity = AnyOf(BasicAdmin(username="u", password="p"), ServiceTokens(tokens[0]))
    assert (await identity.authenticate(f"Bearer {A}")).id == "one"
    assert (await identity.authenticate("Basic dTpw")).kind is PrincipalKind.ADMIN
    assert await identity.authenticate("Basic dTpx") is None
