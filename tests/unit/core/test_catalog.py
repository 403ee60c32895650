"""The catalog: services by name, by token, and by what they listen to."""

import hashlib
import time
from dataclasses import replace

import pytest

from statuette.core.catalog import Catalog, Condition, buckets_of
from statuette.ports.errors import NotFound
from statuette.ports.services import Readiness


def heard(catalog, bucket, key):
    return sorted(feed.service for feed in catalog.listening(bucket, key))


def test_nested_folders_all_hear_what_lies_beneath_them(catalog, record):
    for name, path in (
        ("top", "box/a"),
        ("deep", "box/a/c"),
        ("deeper", "box/a/c/d"),
        ("beside", "box/ab"),
        ("other", "other/a"),
    ):
        catalog.put(record(name, inputs=[path]))
    assert heard(catalog, "box", "a/c/d/x.jpg") == ["deep", "deeper", "top"]
    assert heard(catalog, "box", "a/x.jpg") == ["top"]
    assert heard(catalog, "box", "ab/x.jpg") == ["beside"]
    assert heard(catalog, "box", "a") == []
    assert heard(catalog, "box", "x.jpg") == []
    assert heard(catalog, "nowhere", "a/x.jpg") == []


@pytest.mark.parametrize("key", ["a/", "a/c/", "a/c/d/"])
def test_folder_markers_are_no_work(catalog, record, key):
    catalog.put(record("top", inputs=["box/a"]))
    assert heard(catalog, "box", key) == []


def test_one_object_feeds_every_service_of_its_folder(catalog, record):
    for n in range(8):
        catalog.put(record(f"s{n}", inputs=["shared/in"]))
    assert heard(catalog, "shared", "in/x") == [f"s{n}" for n in range(8)]


def test_ten_thousand_services_cost_a_look_up_no_more_than_one(record):
    many, few = Catalog(), Catalog()
    template = record("s", inputs=["bucket/in"])
    for n in range(10_000):
        feed = template.feeds[0]
        bucket = "bucket" if n == 0 else f"bucket-{n}"
        many.put(_renamed(template, f"s{n}", feed, bucket))
    few.put(_renamed(template, "s0", template.feeds[0], "bucket"))

    def cost(catalog):
        began = time.perf_counter()
        for _ in range(2000):
            assert [feed.service for feed in catalog.listening("bucket", "in/a/b/c.jpg")] == ["s0"]
        return time.perf_counter() - began

    cost(many)
    assert min(cost(many) for _ in range(5)) < 20 * min(cost(few) for _ in range(5))


def _renamed(template, name, feed, bucket):
    definition = template.definition.model_copy(update={"name": name})
    return replace(
        template,
        definition=definition,
        token=name,
        feeds=(replace(feed, id=f"feed-{name}", service=name, bucket=bucket),),
    )


def test_replacing_a_service_moves_its_inputs_and_its_token(catalog, record):
    catalog.put(record("cat", inputs=["box/old", "box/both"]))
    catalog.put(record("cat", inputs=["box/new", "box/both"]))
    assert heard(catalog, "box", "old/x") == []
    assert heard(catalog, "box", "new/x") == heard(catalog, "box", "both/x") == ["cat"]
    assert len(catalog.feeds()) == 2


def test_a_dropped_service_is_forgotten_wholly(catalog, record):
    service = record("cat", inputs=["box/in"])
    catalog.put(service)
    catalog.drop("cat")
    catalog.drop("cat")
    assert catalog.find("cat") is None
    assert catalog.feeds() == catalog.all() == []
    assert catalog.holder(hashlib.sha256(service.token.encode()).hexdigest()) is None
    assert catalog.condition("cat") == Condition(Readiness.FAILED, "not deployed")
    with pytest.raises(NotFound, match="'cat'"):
        catalog.get("cat")


def test_a_tokens_digest_finds_its_service(catalog, record):
    service = record("cat")
    catalog.put(service)
    assert catalog.holder(hashlib.sha256(service.token.encode()).hexdigest()) == "cat"
    assert catalog.holder(service.token) is None


def test_the_condition_of_an_older_record_is_not_noted(catalog, record):
    old, new = record("cat"), record("cat")
    catalog.put(old)
    catalog.put(new)
    catalog.set_condition(old, Condition(Readiness.FAILED, "late word"))
    assert catalog.condition("cat").readiness is Readiness.PREPARING
    catalog.set_condition(new, Condition(Readiness.READY))
    assert catalog.condition("cat").readiness is Readiness.READY


def test_users_of_a_bucket_name_it_as_input_output_or_mount(catalog, record):
    catalog.put(record("reads", inputs=["one/in"]))
    catalog.put(record("writes", outputs=["one/out", "two/out"]))
    catalog.put(record("mounts", mount={"storage_provider": "minio.default", "path": "one/data"}))
    catalog.put(record("none", inputs=["three/in"]))
    assert sorted(catalog.users_of_bucket("one")) == ["mounts", "reads", "writes"]
    assert catalog.users_of_bucket("four") == []
    assert buckets_of(catalog.get("writes")) == {"one", "two"}


def test_publishes_to_knows_outputs_beneath_and_above_a_folder(catalog, record):
    catalog.put(record("writes", outputs=["box/results/cats"]))
    assert catalog.publishes_to("box", "results/")
    assert catalog.publishes_to("box", "results/cats/")
    assert catalog.publishes_to("box", "results/cats/small/"), "an output may lie in a sub-folder"
    assert not catalog.publishes_to("box", "results/dogs/")
    assert not catalog.publishes_to("box", "results/cats2/")
    assert not catalog.publishes_to("c", "results/")
