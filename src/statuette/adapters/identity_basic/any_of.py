"""Several identities as one."""

from statuette.events.principals import Principal
from statuette.ports.identity import Identity


class AnyOf:
    """Whoever the first of `identities` recognises."""

    def __init__(self, *identities: Identity) -> None:
        self._identities = identities

    async def authenticate(self, authorization: str) -> Principal | None:
        for identity in self._identities:
            caller = await identity.authenticate(authorization)
            if caller is not None:
                return caller
        return None
