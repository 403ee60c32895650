"""Which objects are whose work."""

import pytest

from statuette.events.feeds import Feed

FEED = Feed(id="1", service="s", incarnation="i", provider="minio.default", bucket="b", prefix="in/")


@pytest.mark.parametrize(
    ("bucket", "key", "takes"),
    [
        ("b", "in/a", True),
        ("b", "in/x/a", True),
        ("b", "in/", False),
        ("b", "in/x/", False),
        ("b", "into/a", False),
        ("b", "in", False),
        ("b", "out/in/a", False),
        ("c", "in/a", False),
    ],
)
def test_takes(bucket, key, takes):
    assert FEED.takes(bucket, key) is takes
