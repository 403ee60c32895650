"""Storage providers: where stores outside are, and the keys to them."""

from typing import ClassVar

from pydantic import Field

from statuette.spec.base import Part, Text

DEFAULT = "minio.default"
"""The platform's own store; its entry is always the server's."""

HIDDEN = "hidden"
"""What stands in place of a key that is never shown."""


class Provider(Part):
    """Any kind of provider. `secret_fields` are never shown or logged, `required_fields` say where the store is."""

    secret_fields: ClassVar[tuple[str, ...]] = ()
    required_fields: ClassVar[tuple[str, ...]] = ()
    url_fields: ClassVar[tuple[str, ...]] = ()
    host_fields: ClassVar[tuple[str, ...]] = ()


class MinioProvider(Provider):
    """Any S3 store by its endpoint."""

    secret_fields = ("access_key", "secret_key")
    required_fields = ("endpoint",)
    url_fields = ("endpoint",)

    endpoint: Text = ""
    verify: bool = True
    access_key: Text = Field(default="", repr=False)
    secret_key: Text = Field(default="", repr=False)
    region: Text = ""


class S3Provider(Provider):
    """AWS S3."""

    secret_fields = ("access_key", "secret_key")

    access_key: Text = Field(default="", repr=False)
    secret_key: Text = Field(default="", repr=False)
    region: Text = ""


class OnedataProvider(Provider):
    """A Onedata space."""

    secret_fields = ("token",)
    required_fields = ("oneprovider_host", "space")
    host_fields = ("oneprovider_host",)

    oneprovider_host: Text = ""
    token: Text = Field(default="", repr=False)
    space: Text = ""


class WebdavProvider(Provider):
    """WebDAV, always over HTTPS: `hostname` has no scheme."""

    secret_fields = ("password",)
    required_fields = ("hostname",)
    host_fields = ("hostname",)

    hostname: Text = ""
    login: Text = ""
    password: Text = Field(default="", repr=False)


class RucioProvider(Provider):
    """A Rucio server."""

    secret_fields = ("refresh_token",)
    required_fields = ("host", "auth_host", "account")
    url_fields = ("host", "auth_host", "token_endpoint")

    host: Text = ""
    auth_host: Text = ""
    account: Text = ""
    rse: Text = ""
    refresh_token: Text = Field(default="", repr=False)
    oidc_audience: Text = ""
    token_endpoint: Text = ""


class StorageProviders(Part):
    """Providers by kind and id. Kinds without an entry are left out of the wire."""

    _optional: ClassVar[frozenset[str]] = frozenset({"minio", "s3", "onedata", "webdav", "rucio"})

    minio: dict[Text, MinioProvider] = Field(default_factory=dict)
    s3: dict[Text, S3Provider] = Field(default_factory=dict)
    onedata: dict[Text, OnedataProvider] = Field(default_factory=dict)
    webdav: dict[Text, WebdavProvider] = Field(default_factory=dict)
    rucio: dict[Text, RucioProvider] = Field(default_factory=dict)

    def of_kind(self, kind: str) -> dict[str, Provider]:
        """The providers of a kind by id; empty for a kind that does not exist."""
        return dict(getattr(self, kind)) if kind in KINDS else {}

    def all(self) -> dict[str, Provider]:
        """Every provider by its reference (`minio.default`)."""
        return {f"{kind}.{id_}": provider for kind in KINDS for id_, provider in self.of_kind(kind).items()}

    def find(self, reference: str) -> Provider | None:
        """The provider that a reference such as `minio.default` means, None when it is not defined."""
        kind, _, id_ = reference.partition(".")
        providers: dict[str, Provider] = getattr(self, kind.lower()) if kind.lower() in KINDS else {}
        return providers.get(id_ or "default")


KINDS = tuple(StorageProviders.model_fields)
INPUT_KINDS = ("minio", "webdav", "rucio")
MOUNT_KINDS = ("minio", "webdav", "s3")
BUCKET_KINDS = ("minio", "s3")
"""Kinds whose paths begin with a bucket."""
