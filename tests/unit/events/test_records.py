"""Single records and their fields."""

import pytest

from statuette.events.records import at, provider_of, rfc3339, seconds_of, text_of


@pytest.mark.parametrize(
    ("time", "seconds"),
    [
        ("2026-01-01T00:00:00.999Z", 1767225600),
        ("2026-01-01T01:00:00+01:00", 1767225600),
        ("2026-01-01T00:00:00", 1767225600),
        ("", None),
        ("x", None),
        ("9999999-01-01", None),
        ("1969-12-31T00:00:00Z", None),
        ("0001-01-01T00:00:00+23:00", None),
    ],
)
def test_times_in_whole_seconds(time, seconds):
    assert seconds_of(time) == seconds
    if seconds is not None:
        assert seconds_of(rfc3339(seconds)) == seconds


@pytest.mark.parametrize(
    ("given", "reference"), [("", "minio.default"), ("x", "minio.x"), ("minio.x", "minio.x"), ("s3.y", "s3.y")]
)
def test_references_of_providers(given, reference):
    assert provider_of("minio", given) == reference


def test_values_that_are_not_there():
    assert at({"a": {"b": 1}}, "a", "b") == 1
    assert at({"a": 7}, "a", "b") is None
    assert (text_of(5), text_of(None), text_of("\ud800")) == ("", "", "?")
