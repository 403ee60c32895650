"""Addresses as they look: what is signed, for how long, and no key. (What they grant: `tests/contract/store`.)"""

from urllib.parse import parse_qs, unquote, urlsplit

import pytest

from statuette.adapters.store_s3 import Endpoint, S3Presign
from statuette.events.objects import ObjectRef, ObjectVersion
from statuette.ports.errors import BadInput

REF = ObjectRef(bucket="b", key="in/a//../b c+%2F~ü")


@pytest.fixture
def presign():
    return S3Presign(Endpoint(url="https://store:9000", access_key="AKIA0000", secret_key="s3cret-key", region="eu-1"))


def query(address):
    return {name: value[0] for name, value in parse_qs(urlsplit(address.url).query, keep_blank_values=True).items()}


def test_a_key_stands_untidied_in_the_path(presign):
    path = urlsplit(presign.get(REF, life=60).url).path
    assert (path.count("//"), unquote(path)) == (1, "/b/in/a//../b c+%2F~ü")
    assert "%2B%252F~%C3%BC" in path


@pytest.mark.parametrize(("life", "seconds"), [(60, "60"), (0.2, "1"), (-5, "1"), (59.1, "60")])
def test_it_lives_for_whole_seconds(presign, life, seconds):
    address = presign.get(REF, life=life)
    assert (query(address)["X-Amz-Expires"], address.life) == (seconds, float(seconds))


def test_exactly_one_version_is_meant(presign):
    version = ObjectVersion(etag="abc", size=1, modified=1)
    address = presign.get(ObjectRef(bucket="b", key="k", version=version), life=60)
    assert (dict(address.headers), query(address)["X-Amz-SignedHeaders"]) == ({"if-match": '"abc"'}, "host;if-match")
    kept = ObjectVersion(etag="abc", size=1, modified=1, version_id="v 1")
    address = presign.get(ObjectRef(bucket="b", key="k", version=kept), life=60)
    assert (dict(address.headers), query(address)["versionId"]) == ({}, "v 1")


def test_size_and_metadata_are_signed(presign):
    address = presign.put(REF, size=5, metadata={"statuette-commit": "c"}, life=60)
    signed = query(address)["X-Amz-SignedHeaders"].split(";")
    assert signed == ["content-length", "content-type", "host", "x-amz-meta-statuette-commit"]
    assert (address.method, address.headers["content-length"]) == ("PUT", "5")
    assert [made.method for made in (presign.head(REF, life=1), presign.delete(REF, life=1))] == ["HEAD", "DELETE"]


def test_no_key_is_in_it_and_no_log_shows_it(presign):
    address = presign.get(REF, life=60)
    assert "s3cret-key" not in address.url
    assert "X-Amz-Signature" in address.url
    assert "X-Amz-Signature" not in repr(address)


def test_a_key_that_the_store_would_fold_is_refused():
    folders = S3Presign(Endpoint(url="http://x", access_key="a", secret_key="b", folders=True))
    with pytest.raises(BadInput):
        folders.put(REF, size=1, metadata={}, life=60)
