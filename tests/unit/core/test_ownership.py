"""Whose bucket is whose."""

import pytest

from statuette.core.ownership import Ownership
from statuette.ports.errors import LedgerUnavailable
from statuette.ports.vault import Vault


async def test_the_first_to_claim_a_bucket_owns_it_also_after_a_restart(ledger):
    ownership = Ownership(ledger.vault)
    await ownership.claim("box", "alice")
    await ownership.claim("box", "bob")
    assert ownership.owner("box") == "alice"
    assert ownership.owner("other") == ""
    again = Ownership(ledger.vault)
    assert again.owner("box") == ""
    await again.load()
    assert again.owner("box") == "alice"


async def test_a_released_bucket_is_nobodys(ledger):
    ownership = Ownership(ledger.vault)
    await ownership.claim("box", "alice")
    await ownership.release("box")
    await ownership.release("never-claimed")
    assert ownership.owner("box") == ""
    assert await ledger.vault.names("") == []
    await ownership.claim("box", "bob")
    assert ownership.owner("box") == "bob"


async def test_other_things_in_the_vault_are_no_buckets(ledger):
    await ledger.vault.write("commit-mark-key", "ff")
    ownership = Ownership(ledger.vault)
    await ownership.load()
    assert ownership.owner("commit-mark-key") == ""


class DownVault(Vault):
    """A vault that cannot be written."""

    async def add(self, name, value):
        raise LedgerUnavailable


async def test_a_claim_that_could_not_be_kept_does_not_hold():
    ownership = Ownership(DownVault())
    with pytest.raises(LedgerUnavailable):
        await ownership.claim("box", "alice")
    assert ownership.owner("box") == ""
