"""Whose bucket is whose. Kept in the vault under `bucket-owner/<bucket>`, held in memory."""

from statuette.ports.vault import Vault

_PREFIX = "bucket-owner/"


class Ownership:
    """Owners of the default store's buckets."""

    def __init__(self, vault: Vault) -> None:
        self._vault = vault
        self._owners: dict[str, str] = {}

    async def load(self) -> None:
        """Fill the memory from the vault: at start, and when another manager may have changed it."""
        names = await self._vault.names(_PREFIX)
        self._owners = {name.removeprefix(_PREFIX): await self._vault.read(name) or "" for name in names}

    def owner(self, bucket: str) -> str:
        """The owner's id, "" when nobody is known to own it."""
        return self._owners.get(bucket, "")

    async def claim(self, bucket: str, owner: str) -> None:
        """Make someone the owner of a bucket that has none."""
        if not self._owners.get(bucket):
            made = await self._vault.add(_PREFIX + bucket, owner)
            self._owners[bucket] = owner if made else await self._vault.read(_PREFIX + bucket) or ""

    async def release(self, bucket: str) -> None:
        await self._vault.erase(_PREFIX + bucket)
        self._owners.pop(bucket, None)
