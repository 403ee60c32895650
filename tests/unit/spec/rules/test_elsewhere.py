"""Providers, clusters, federation, KServe."""

import pytest

from statuette.spec import InvalidDefinition, load_service

HELLO = {"name": "hello", "image": "alpine:3", "script": "cat"}
CLUSTERS = {"there": {"endpoint": "https://c.example.org"}}


def told(data):
    try:
        load_service({**HELLO, **data})
    except InvalidDefinition as error:
        return dict(line.split(": ", 1) for line in error.problems)
    return {}


@pytest.mark.parametrize(
    ("kind", "provider", "fields"),
    [
        ("minio", {"endpoint": "https://m.example.org:9000"}, []),
        ("minio", {}, ["endpoint"]),
        ("minio", {"endpoint": "m.example.org"}, ["endpoint"]),
        ("minio", {"endpoint": "file:///x"}, ["endpoint"]),
        ("minio", {"endpoint": "http://m", "access_key": "a\nb", "verify": "maybe"}, ["verify", "access_key"]),
        ("s3", {}, []),
        ("onedata", {"oneprovider_host": "one.example.org", "space": "s"}, []),
        ("onedata", {"oneprovider_host": "https://one.example.org"}, ["oneprovider_host", "space"]),
        ("webdav", {"hostname": "dav.example.org:8443"}, []),
        ("webdav", {"hostname": "http://dav.example.org"}, ["hostname"]),
        ("rucio", {"host": "https://r", "auth_host": "https://a", "account": "x"}, []),
        (
            "rucio",
            {"host": "r", "auth_host": "https://a", "token_endpoint": "t"},
            ["host", "account", "token_endpoint"],
        ),
    ],
)
def test_providers(kind, provider, fields):
    problems = told({"storage_providers": {kind: {"x": provider}}})
    assert set(problems) == {f"storage_providers.{kind}.x.{field}" for field in fields}


def test_the_platforms_own_provider_is_not_looked_at():
    assert told({"storage_providers": {"minio": {"default": {"endpoint": "whatever"}}}}) == {}


def test_ids_of_providers():
    assert any("id must be" in message for message in told({"storage_providers": {"s3": {"a/b": {}}}}).values())


@pytest.mark.parametrize(
    ("federation", "fields"),
    [
        ({"members": [{"type": "oscar", "cluster_id": "there", "service_name": "s"}]}, []),
        (
            {"members": [{"type": "OSCAR", "cluster_id": "nowhere"}]},
            ["members[0].cluster_id", "members[0].service_name"],
        ),
        ({"members": [{"type": "endpoint", "url": "https://x.example.org"}]}, []),
        ({"members": [{"type": "endpoint"}]}, ["members[0].url"]),
        ({"members": [{"type": "endpoint", "url": "ftp://x"}]}, ["members[0].url"]),
        ({"members": [{"type": "other"}]}, ["members[0].type"]),
        ({"members": [{"type": "endpoint", "url": "http://x", "priority": -1}]}, ["members[0].priority"]),
        ({"topology": "ring"}, ["topology"]),
        ({"delegation": "dice"}, ["delegation"]),
        ({"delegation": "Load-Based", "topology": "mesh"}, []),
        ({"rescheduler_threshold": -1}, ["rescheduler_threshold"]),
    ],
)
def test_federation(federation, fields):
    problems = set(told({"federation": federation, "clusters": CLUSTERS}))
    expected = {f"federation.{field}" for field in fields}
    assert expected <= problems
    assert bool(problems) is bool(expected)


@pytest.mark.parametrize("endpoint", ["", "c.example.org", "https://u:p@c.example.org"])
def test_clusters(endpoint):
    assert list(told({"clusters": {"c": {"endpoint": endpoint}}})) == ["clusters.c.endpoint"]


GOOD = {"type": "inference", "storage_uri": "s3://m", "inference": {"model_format": "sklearn"}}


@pytest.mark.parametrize(
    ("change", "fields"),
    [
        ({}, []),
        ({"min_scale": 5, "max_scale": 1}, []),
        ({"storage_uri": None}, ["storage_uri"]),
        ({"inference": None}, ["inference.model_format"]),
        ({"inference": {}}, ["inference.model_format"]),
        ({"llm_inference": {}}, ["llm_inference"]),
        ({"type": "llm_inference"}, ["inference"]),
        ({"type": "llm_inference", "inference": None}, []),
        ({"type": "magic"}, ["type"]),
        ({"api_version": "v3"}, ["api_version"]),
        ({"cpu": "0"}, ["cpu"]),
        ({"memory": "x"}, ["memory"]),
        ({"min_scale": -1}, ["min_scale"]),
        ({"env": {"a-b": "x"}}, ["env.a-b"]),
    ],
)
def test_kserve(change, fields):
    assert list(told({"kserve": {**GOOD, **change}})) == [f"kserve.{field}" for field in fields]
