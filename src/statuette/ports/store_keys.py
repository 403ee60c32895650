"""Store keys for people: what a client uses to reach the store directly."""

from dataclasses import dataclass, field
from typing import Protocol


@dataclass(frozen=True, slots=True, kw_only=True)
class StoreKey:
    """A key pair of the store."""

    access_key: str
    secret_key: str = field(repr=False)


@dataclass(frozen=True, slots=True, kw_only=True)
class StoreAddress:
    """Where clients reach the store. `verify`: whether its certificate is to be checked."""

    endpoint: str
    region: str
    verify: bool


class StoreKeys(Protocol):
    """Gives out keys; raises `StoreUnavailable`."""

    async def key_for(self, principal: str) -> StoreKey:
        """The principal's own key, made at first need; it has no rights on the platform's buckets and is never the
        root key.
        """

    def address(self) -> StoreAddress: ...
