"""Storage providers by reference."""

import pytest

from statuette.spec.providers import KINDS, MinioProvider, StorageProviders

PROVIDERS = StorageProviders(minio={"my.id": MinioProvider(endpoint="https://m"), "default": MinioProvider()})


@pytest.mark.parametrize(
    ("reference", "endpoint"),
    [("minio.my.id", "https://m"), ("MINIO.my.id", "https://m"), ("minio", ""), ("minio.default", "")],
)
def test_a_reference_is_split_at_its_first_dot(reference, endpoint):
    found = PROVIDERS.find(reference)
    assert isinstance(found, MinioProvider)
    assert found.endpoint == endpoint


@pytest.mark.parametrize("reference", ["minio.MY.ID", "s3", "gcs.x", "", "of_kind", "model_fields.x"])
def test_what_is_not_defined_is_none(reference):
    assert PROVIDERS.find(reference) is None


def test_all_by_reference():
    assert set(PROVIDERS.all()) == {"minio.my.id", "minio.default"}
    assert KINDS == ("minio", "s3", "onedata", "webdav", "rucio")
