"""Several identities as one."""

from statuette.adapters.identity_basic import AnyOf, BasicAdmin, ServiceTokens, digest_of
from statuette.events.principals import PrincipalKind

TOKEN = "a" * 64


async def test_asks_one_after_the_other():
    services = {digest_of(TOKEN): "one"}
    identity = AnyOf(BasicAdmin(username="u", password="p"), ServiceTokens(services.get))
    assert (await identity.authenticate(f"Bearer {TOKEN}")).id == "one"
    assert (await identity.authenticate("Basic dTpw")).kind is PrincipalKind.ADMIN
    assert await identity.authenticate("Basic dTpx") is None


async def test_nobody_to_ask_proves_nobody():
    assert await AnyOf().authenticate("Basic dTpw") is None
