"""A store that somebody else runs is looked at, and says whether it has an event stream."""

import pytest

from statuette.adapters.store_seaweed import AttachedStore, EmbeddedStore, S3Door
from statuette.ports.errors import Forbidden, StoreUnavailable


async def test_it_is_known_by_its_answer_and_says_what_it_cannot(seaweed: EmbeddedStore) -> None:
    attached = AttachedStore(seaweed.s3)
    await attached.check()
    assert attached.folders
    assert "sweep alone" in attached.facts()["store events"]
    assert "stream" in AttachedStore(seaweed.s3, filer=seaweed.filer).facts()["store events"]


async def test_a_wrong_key_and_a_store_that_is_not_there_are_told_apart(seaweed: EmbeddedStore) -> None:
    with pytest.raises(Forbidden):
        await AttachedStore(S3Door(url=seaweed.s3.url, access_key="no", secret_key="no")).check()
    with pytest.raises(StoreUnavailable):
        await AttachedStore(S3Door(url="http://127.0.0.1:1", access_key="no", secret_key="no")).check()
