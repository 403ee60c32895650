"""Who may come through which door."""

import pytest

from statuette.events.principals import ADMIN, Principal, PrincipalKind
from statuette.web import Unauthorized, manager_caller, service_caller
from statuette.web.callers import CALLER

USER = Principal(id="u", kind=PrincipalKind.USER)
TOKEN = Principal(id="mine", kind=PrincipalKind.SERVICE)


class Says:
    def __init__(self, caller: Principal | None) -> None:
        self.caller = caller

    async def authenticate(self, authorization: str) -> Principal | None:
        return self.caller if authorization == "right" else None


def scope(*values: bytes) -> dict:
    return {"headers": [(b"authorization", value) for value in values]}


@pytest.mark.parametrize("caller", [ADMIN, USER])
async def test_people_come_through_both_doors(caller):
    asked = scope(b"right")
    assert await manager_caller(Says(caller), asked) is caller
    assert asked[CALLER] is caller
    assert await service_caller(Says(caller), scope(b"right"), service="mine") is caller


async def test_tokens_come_to_their_own_service_only():
    assert await service_caller(Says(TOKEN), scope(b"right"), service="mine") is TOKEN
    with pytest.raises(Unauthorized):
        await service_caller(Says(TOKEN), scope(b"right"), service="other")
    with pytest.raises(Unauthorized):
        await manager_caller(Says(TOKEN), scope(b"right"))


@pytest.mark.parametrize("values", [(), (b"wrong",), (b"",), (b"right", b"right"), (b"right", b"wrong")])
async def test_others_do_not(values):
    with pytest.raises(Unauthorized) as manager:
        await manager_caller(Says(ADMIN), scope(*values))
    with pytest.raises(Unauthorized) as service:
        await service_caller(Says(ADMIN), scope(*values), service="mine")
    assert (manager.value.challenge, service.value.challenge) == (True, False)
