"""Addresses under which somebody without a key may do one thing with one object, for a while."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Protocol

from statuette.events.objects import ObjectRef


@dataclass(frozen=True, slots=True, kw_only=True)
class Address:
    """One request that the store will grant: `url` and every one of `headers` have to be sent exactly so.

    `life` is for how many seconds from its making; a clock's difference between two machines does not matter then.
    The address is itself a secret while it lives.
    """

    method: str
    url: str = field(repr=False)
    life: float
    headers: Mapping[str, str] = field(default_factory=dict)


class Presign(Protocol):
    """Makes addresses; asks nobody. `life` is in seconds, at least one, and ends with the lease they are made for."""

    def get(self, ref: ObjectRef, *, life: float) -> Address:
        """To read an object; with `ref.version`, exactly that version of it."""

    def head(self, ref: ObjectRef, *, life: float) -> Address:
        """To have an object described."""

    def put(self, ref: ObjectRef, *, size: int, metadata: Mapping[str, str], life: float) -> Address:
        """To store exactly `size` bytes with exactly this metadata, in one request."""

    def delete(self, ref: ObjectRef, *, life: float) -> Address:
        """To remove an object."""
