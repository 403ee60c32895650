"""Keys for people: what they open, and what they never open."""

import re
from urllib.parse import urlencode

import httpx
import pytest
from tests.contract.store.conftest import PlainVault, Plugs

from statuette.adapters.store_s3 import Endpoint, S3Objects, SignedClient
from statuette.adapters.store_seaweed import EmbeddedStore, S3Door, SeaweedKeys
from statuette.adapters.store_seaweed.signing import SignedDoor
from statuette.events.objects import ObjectRef
from statuette.ports.errors import Forbidden
from statuette.testing.store_suite import get, listed, put

PLATFORM = "statuette-own"


@pytest.fixture
async def platform_bucket(real: Plugs) -> str:
    await real.buckets.create(PLATFORM)
    await put(real.objects, PLATFORM, key="secret", data=b"s")
    return PLATFORM


async def test_each_principal_has_one_key_of_his_own(store: Plugs) -> None:
    alice = await store.keys.key_for("alice@example")
    assert alice == await store.keys.key_for("alice@example")
    assert alice.access_key != (await store.keys.key_for("bob")).access_key
    assert alice.secret_key not in repr(alice)


async def test_a_bucket_that_a_person_made_is_there_for_the_platform_too(people: Plugs, real: Plugs) -> None:
    assert await people.buckets.create("made-by-hand")
    assert not await real.buckets.create("made-by-hand")
    assert not await real.buckets.versioned("made-by-hand")


async def test_a_key_makes_buckets_puts_gets_and_lists(people: Plugs) -> None:
    assert await people.buckets.create(people.bucket)
    await put(people.objects, people.bucket, key="in/a", data=b"1")
    assert (await get(people.objects, people.bucket, key="in/a"))[1] == b"1"
    assert [info.key for info in await listed(people.objects, people.bucket)] == ["in/a"]
    await people.objects.remove(people.bucket, ["in/a"])


async def test_a_key_does_nothing_in_the_platform_s_buckets(people: Plugs, platform_bucket: str) -> None:
    with pytest.raises(Forbidden):
        await get(people.objects, platform_bucket, key="secret")
    with pytest.raises(Forbidden):
        await put(people.objects, platform_bucket, key="mine")
    with pytest.raises(Forbidden):
        await listed(people.objects, platform_bucket)
    with pytest.raises(Forbidden):
        await people.objects.remove(platform_bucket, ["secret"])
    with pytest.raises(Forbidden):
        await people.buckets.remove(platform_bucket)
    with pytest.raises(Forbidden):
        await people.buckets.create("statuette-other")


@pytest.mark.parametrize("query", ["policy", "acl", "versioning", "versions", "uploads", "tagging", "lifecycle"])
async def test_a_key_reads_no_setting_of_the_platform_s_buckets(
    people: Plugs, platform_bucket: str, query: str
) -> None:
    assert people.client
    with pytest.raises(Forbidden):
        await people.client.ask("GET", platform_bucket, query={query: ""})


async def test_a_key_copies_nothing_out_of_the_platform_s_buckets(people: Plugs, platform_bucket: str) -> None:
    assert people.client
    await people.buckets.create(people.bucket)
    with pytest.raises(Forbidden):  # noqa: PT012
        source = {"x-amz-copy-source": f"/{platform_bucket}/secret"}
        await people.client.ask("PUT", people.bucket, key="stolen", headers=source)
    assert await people.objects.head(ObjectRef(bucket=people.bucket, key="stolen")) is None


@pytest.mark.parametrize("action", ["ListUsers", "CreateUser", "CreateAccessKey", "PutUserPolicy", "CreatePolicy"])
async def test_a_key_changes_nothing_in_the_identity_service(real: Plugs, seaweed: EmbeddedStore, action: str) -> None:
    key = await real.keys.key_for("alice@example")
    door = SignedDoor(S3Door(url=seaweed.s3.url, access_key=key.access_key, secret_key=key.secret_key))
    response = await door.identity(action, {"UserName": "eve", "PolicyName": "p", "PolicyDocument": "{}"})
    await door.close()
    assert response.status_code == 403, response.text


async def test_a_second_key_that_a_person_makes_for_himself_opens_no_more(
    real: Plugs, seaweed: EmbeddedStore, platform_bucket: str
) -> None:
    # SeaweedFS 4.48 lets every identity make further keys for itself, whatever its policy says.
    key = await real.keys.key_for("alice@example")
    door = SignedDoor(S3Door(url=seaweed.s3.url, access_key=key.access_key, secret_key=key.secret_key))
    answer = (await door.identity("CreateAccessKey", {})).text
    await door.close()
    access, secret = (re.search(f"<{name}>([^<]+)<", answer) for name in ("AccessKeyId", "SecretAccessKey"))
    assert access
    assert secret
    endpoint = Endpoint(url=seaweed.s3.url, access_key=access[1], secret_key=secret[1], folders=True)
    client = SignedClient(endpoint)
    with pytest.raises(Forbidden):
        await get(S3Objects(endpoint, client), platform_bucket, key="secret")
    await client.close()


async def test_a_key_is_found_again_and_a_lost_one_made_anew(seaweed: EmbeddedStore) -> None:
    vault = PlainVault()
    first = await SeaweedKeys(seaweed.s3, vault).key_for("carol")
    assert await SeaweedKeys(seaweed.s3, vault).key_for("carol") == first
    vault.values.clear()
    assert (await SeaweedKeys(seaweed.s3, vault).key_for("carol")).access_key != first.access_key


async def test_the_identity_service_answers_nobody_without_a_key(seaweed: EmbeddedStore) -> None:
    body = urlencode({"Action": "ListUsers", "Version": "2010-05-08"})
    async with httpx.AsyncClient() as http:
        response = await http.post(seaweed.s3.url + "/", content=body)
    assert response.status_code in (400, 403)
    assert "UserName" not in response.text
