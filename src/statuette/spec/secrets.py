"""Secrets of a definition: taken out before it is kept, put back before it is used, hidden from who need not see them.

A secret's path is its place in the definition: `environment.secrets.X`, `storage_providers.minio.X.secret_key`. There
stands "" in `environment.secrets` (as in the contract) and `hidden` elsewhere instead of it.
"""

from collections.abc import Iterator, Mapping
from typing import Any, NamedTuple

from statuette.spec.errors import Problem
from statuette.spec.providers import DEFAULT, HIDDEN, MinioProvider
from statuette.spec.service import Service

_ENVIRONMENT = "environment.secrets."


class _Slot(NamedTuple):
    """Where a secret stands in a dumped definition."""

    path: str
    holder: dict[str, Any]
    key: str

    @property
    def blank(self) -> str:
        return "" if self.path.startswith(_ENVIRONMENT) else HIDDEN


def blank_secrets(service: Service) -> tuple[Service, dict[str, str]]:
    """The service without its secrets, and the secrets by their path. Empty and hidden ones are no secrets."""
    data = service.model_dump()
    secrets: dict[str, str] = {}
    for slot in _slots(service, data):
        value = slot.holder[slot.key]
        if value and value != slot.blank:
            secrets[slot.path] = value
            slot.holder[slot.key] = slot.blank
    return Service.model_validate(data), secrets


def restore(service: Service, secrets: Mapping[str, str]) -> Service:
    """The service with kept secrets back wherever it has a blank one, so that a GET's answer can be PUT again."""
    data = service.model_dump()
    for slot in _slots(service, data):
        if slot.holder[slot.key] in ("", slot.blank) and slot.path in secrets:
            slot.holder[slot.key] = secrets[slot.path]
    return Service.model_validate(data)


def keep_secrets(service: Service, secrets: Mapping[str, str]) -> Service:
    """An update's definition with the old one's secrets: for blank values, and the environment's if it has none."""
    if not service.environment.secrets:
        kept = {path.removeprefix(_ENVIRONMENT): "" for path in secrets if path.startswith(_ENVIRONMENT)}
        environment = service.environment.model_copy(update={"secrets": kept})
        service = service.model_copy(update={"environment": environment})
    return restore(service, secrets)


def missing_credentials(service: Service) -> list[Problem]:
    """Keys that a used provider outside still needs, to be asked after `keep_secrets`."""
    places = (*service.input, *service.output)
    used = {service.mount.storage_provider, *(place.storage_provider for place in places)} - {"", DEFAULT}
    return [
        Problem(f"storage_providers.{reference}.{field}", "is missing")
        for reference, provider in service.storage_providers.all().items()
        for field in provider.secret_fields
        if reference in used and getattr(provider, field) in ("", HIDDEN)
    ]


def with_default_provider(service: Service, *, endpoint: str, region: str, verify: bool) -> Service:
    """The service with the platform's own store as `minio.default`, whatever it said of it; the keys read `hidden`."""
    own = MinioProvider(endpoint=endpoint, region=region, verify=verify, access_key=HIDDEN, secret_key=HIDDEN)
    providers = service.storage_providers
    providers = providers.model_copy(update={"minio": {**providers.minio, DEFAULT.partition(".")[2]: own}})
    return service.model_copy(update={"storage_providers": providers})


def redacted(service: Service) -> Service:
    """The service as others than its owner may see it: no token, no secret, no user of another cluster or store."""
    service, _ = blank_secrets(service)
    data = service.model_dump()
    data["token"] = ""
    for cluster in data["clusters"].values():
        cluster["auth_user"] = HIDDEN
    for provider in data["storage_providers"]["webdav"].values():
        provider["login"] = HIDDEN
    return Service.model_validate(data)


def _slots(service: Service, data: dict[str, Any]) -> Iterator[_Slot]:
    """Every place of `service`'s dump where a secret may stand."""
    secrets = data["environment"]["secrets"]
    yield from (_Slot(f"{_ENVIRONMENT}{name}", secrets, name) for name in secrets)
    for reference, provider in service.storage_providers.all().items():
        kind, _, id_ = reference.partition(".")
        holder = data["storage_providers"][kind][id_]
        yield from (_Slot(f"storage_providers.{reference}.{field}", holder, field) for field in provider.secret_fields)
    for id_, cluster in data["clusters"].items():
        yield _Slot(f"clusters.{id_}.auth_password", cluster, "auth_password")
    for index, member in enumerate((data["federation"] or {"members": []})["members"]):
        headers = member["headers"]
        yield from (_Slot(f"federation.members[{index}].headers.{name}", headers, name) for name in headers)
