"""The document that scripts see for objects seen in the store's own stream."""

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from statuette.events.documents import storage_document
from statuette.events.objects import ObjectRef, ObjectVersion
from statuette.events.parse import parse_body, rfc3339

VERSION = ObjectVersion(etag="abc", size=3, modified=1767225600)


def test_it_has_the_shape_that_minio_sends():
    ref = ObjectRef(bucket="gray", key="input/a b.png", version=VERSION)
    document = json.loads(
        storage_document(ref, time="2026-01-01T00:00:00.000Z", principal="u1", source_ip="203.0.113.9")
    )
    record = document["Records"][0]
    assert (document["EventName"], document["Key"]) == ("s3:ObjectCreated:Put", "gray/input/a b.png")
    assert (record["eventSource"], record["eventTime"]) == ("minio:s3", "2026-01-01T00:00:00.000Z")
    assert record["requestParameters"] == {"principalId": "u1", "region": "", "sourceIPAddress": "203.0.113.9"}
    assert record["s3"]["bucket"]["name"] == "gray"
    assert record["s3"]["object"] == {"key": "input%2Fa+b.png", "size": 3, "eTag": "abc"}


VERSIONS = st.builds(
    ObjectVersion,
    etag=st.just("e1"),
    size=st.integers(0, 2**50),
    modified=st.integers(0, 2**33),
    version_id=st.sampled_from(["", "v1"]),
)
KEYS = st.text(st.characters(codec="utf-8"), min_size=1, max_size=30)


@given(KEYS, st.sampled_from(["minio.default", "s3.default"]), st.none() | VERSIONS)
def test_the_parser_reads_it_back(key, provider, version):
    ref = ObjectRef(bucket="bucket", key=key, provider=provider, version=version)
    time = rfc3339(version.modified if version else 0)
    document = storage_document(ref, time=time, principal="p")
    (event,) = parse_body(document.encode(), now="never")
    assert (event.object, event.time, event.principal, event.document) == (ref, time, "p", document)


@pytest.mark.parametrize(
    ("seconds", "text"),
    [(0, "1970-01-01T00:00:00.000Z"), (1767225600, "2026-01-01T00:00:00.000Z"), (1.5, "1970-01-01T00:00:01.500Z")],
)
def test_times(seconds, text):
    assert rfc3339(seconds) == text
