"""Keys for people, made by SeaweedFS's identity service: the port `StoreKeys`."""

import asyncio
import hashlib
import json
import re

import httpx

from statuette.adapters.store_seaweed.doors import S3Door
from statuette.adapters.store_seaweed.signing import SignedDoor
from statuette.ports.errors import StoreUnavailable
from statuette.ports.store_keys import StoreAddress, StoreKey
from statuette.ports.vault import Vault

PLATFORM_PREFIX = "statuette-"
"""Buckets whose names begin so are the platform's: no key of people opens them."""
_USER = "person-"
_VAULT = "store-key."
_POLICY = "statuette-people"
_POLICY_ARN = f"arn:aws:iam:::policy/{_POLICY}"
_OURS = [f"arn:aws:s3:::{PLATFORM_PREFIX}*", f"arn:aws:s3:::{PLATFORM_PREFIX}*/*"]
_DOCUMENT = json.dumps(
    {
        "Version": "2012-10-17",
        "Statement": [
            {"Effect": "Allow", "Action": ["s3:*"], "Resource": ["arn:aws:s3:::*"]},
            {"Effect": "Deny", "Action": ["s3:*"], "Resource": _OURS},
            {"Effect": "Deny", "Action": ["iam:*", "sts:*"], "Resource": ["*"]},
        ],
    }
)
_ACCESS = re.compile(r"<AccessKeyId>([^<]+)</AccessKeyId>")
_SECRET = re.compile(r"<SecretAccessKey>([^<]+)</SecretAccessKey>")


class SeaweedKeys:
    """One identity of the store for each principal, remembered in the vault and found again after a restart.

    `public` is where people reach the store, if that is not where the platform does.
    """

    def __init__(self, s3: S3Door, vault: Vault, *, public: StoreAddress | None = None) -> None:
        self._s3 = s3
        self._vault = vault
        self._public = public or StoreAddress(endpoint=s3.url, region=s3.region, verify=s3.verify)
        self._known: dict[str, StoreKey] = {}
        self._one_at_a_time = asyncio.Lock()

    def address(self) -> StoreAddress:
        return self._public

    async def key_for(self, principal: str) -> StoreKey:
        """As the port says. Raises `StoreUnavailable`."""
        async with self._one_at_a_time:
            if principal not in self._known:
                self._known[principal] = await self._made_sure(principal)
            return self._known[principal]

    async def _made_sure(self, principal: str) -> StoreKey:
        name = user_name(principal)
        door = SignedDoor(self._s3)
        try:
            await _ask(door, "CreateUser", UserName=name, exists_is_fine=True)
            await _ask(door, "CreatePolicy", PolicyName=_POLICY, PolicyDocument=_DOCUMENT, exists_is_fine=True)
            await _ask(door, "AttachUserPolicy", UserName=name, PolicyArn=_POLICY_ARN, exists_is_fine=True)
            key = await self._remembered(name)
            living = _ACCESS.findall(await _ask(door, "ListAccessKeys", UserName=name))
            if key and key.access_key in living:
                return key
            return await self._new_key(door, name)
        except httpx.HTTPError as error:
            raise StoreUnavailable(f"the store does not answer ({type(error).__name__})") from error
        finally:
            await door.close()

    async def _remembered(self, name: str) -> StoreKey | None:
        text = await self._vault.read(_VAULT + name)
        kept = json.loads(text) if text else None
        return StoreKey(access_key=kept["access_key"], secret_key=kept["secret_key"]) if kept else None

    async def _new_key(self, door: SignedDoor, name: str) -> StoreKey:
        answer = await _ask(door, "CreateAccessKey", UserName=name)
        access, secret = _ACCESS.search(answer), _SECRET.search(answer)
        if not access or not secret:
            raise StoreUnavailable("the store made no key")
        key = StoreKey(access_key=access[1], secret_key=secret[1])
        kept = {"access_key": key.access_key, "secret_key": key.secret_key}
        await self._vault.write(_VAULT + name, json.dumps(kept))
        return key


def user_name(principal: str) -> str:
    """The store's name for a principal: the same for the same one, and of letters that every store takes."""
    return _USER + hashlib.sha256(principal.encode()).hexdigest()[:32]


async def _ask(door: SignedDoor, action: str, *, exists_is_fine: bool = False, **parameters: str) -> str:
    response = await door.identity(action, parameters)
    if response.is_success or (exists_is_fine and response.status_code == 409):
        return response.text
    raise StoreUnavailable(f"the store's identity service answered {response.status_code} to {action}")
