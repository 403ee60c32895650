"""Entries of listings as stores write them: read whatever the order of their elements, refused when broken."""

import pytest

from statuette.adapters.store_s3.entries import Entry, entries_of, info_of, is_latest
from statuette.ports.errors import StoreUnavailable

AWS = (
    b"<Key>in/a%20b%2Bc.png</Key><LastModified>2025-01-02T03:04:05.678Z</LastModified>"
    b"<ETag>&quot;ABCD-2&quot;</ETag><ChecksumAlgorithm>CRC64NVME</ChecksumAlgorithm><Size>12</Size>"
    b"<Owner><ID>someone</ID><DisplayName></DisplayName></Owner><StorageClass>STANDARD</StorageClass>"
)
SEAWEED = (
    b"<Key>in/a+b</Key><ETag>&#34;00ff&#34;</ETag><Size>0</Size><StorageClass>STANDARD</StorageClass>"
    b"<LastModified>2025-01-02T03:04:05Z</LastModified>"
)
PRETTY = (
    b"\n  <Key>x</Key>\n <VersionId>v 1</VersionId>\n<IsLatest>true</IsLatest><Size>1</Size>\n"
    b"<LastModified>2025-01-02T04:04:05+01:00</LastModified>"
)
SECOND = 1735787045


def read(told: bytes, *, encoded: bool = True):
    [entry] = entries_of([told], encoded=encoded)
    return info_of(entry)


def test_as_three_stores_write_them() -> None:
    aws, seaweed, pretty = read(AWS), read(SEAWEED), read(PRETTY)
    assert (aws.key, aws.version.etag, aws.version.size, aws.version.modified) == ("in/a b+c.png", "abcd-2", 12, SECOND)
    assert (seaweed.key, seaweed.version.etag, seaweed.version.size) == ("in/a b", "00ff", 0)
    assert (pretty.version.etag, pretty.version.version_id, pretty.version.modified) == ("", "v 1", SECOND)
    assert aws.metadata == {}
    assert seaweed.version.version_id == ""


@pytest.mark.parametrize(
    ("written", "encoded", "key"),
    [
        (b"a%2Fb", True, "a/b"),
        (b"a%2Fb", False, "a%2Fb"),
        (b"a+b", False, "a+b"),
        (b"a&amp;b&lt;&gt;&apos;&quot;", False, "a&b<>'\""),
        (b"&#228;&#xE4;", False, "ää"),
        (b"&amp;lt;", False, "&lt;"),
        ("ä %".encode(), False, "ä %"),
    ],
)
def test_keys_are_what_was_meant(written: bytes, encoded: bool, key: str) -> None:
    [entry] = entries_of([b"<Size>1</Size><Key>" + written + b"</Key>"], encoded=encoded)
    assert entry.key == key


@pytest.mark.parametrize(
    "told",
    [
        AWS.replace(b"<Size>12</Size>", b""),
        AWS.replace(b"12", b"twelve"),
        AWS.replace(b"2025-01", b"yesterday"),
        AWS.replace(b"2025-01", b"\xff"),
    ],
)
def test_what_is_no_object_is_refused(told: bytes) -> None:
    with pytest.raises(StoreUnavailable, match="cannot be read"):
        info_of(Entry("x", told))


@pytest.mark.parametrize("told", [b"<Size>1</Size>", b"<Key>\xff</Key>"])
def test_what_has_no_key_is_refused(told: bytes) -> None:
    with pytest.raises(StoreUnavailable, match="cannot be read"):
        entries_of([told], encoded=False)


def test_the_version_that_stands() -> None:
    assert is_latest(PRETTY)
    assert not is_latest(PRETTY.replace(b"true", b"false"))
