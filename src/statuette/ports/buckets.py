"""Buckets of a store."""

from collections.abc import Sequence
from typing import Protocol


class Buckets(Protocol):
    """Raises `StoreUnavailable`; `Forbidden` for a bucket of somebody else in the store."""

    async def create(self, name: str) -> bool:
        """Make a bucket; False when it exists. Raises `BadInput` for a name the store refuses."""

    async def names(self) -> Sequence[str]: ...

    async def versioned(self, name: str) -> bool:
        """Whether the store keeps earlier versions of the bucket's objects. Raises `NotFound`."""

    async def remove(self, name: str) -> None:
        """Delete an empty bucket. Idempotent; raises `Conflict` when it is not empty."""
