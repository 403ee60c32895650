"""Commit marks and where outputs go."""

import pytest

from statuette.core.commits import COMMIT_METADATA, PAGE, CommitMarks, Origin, check_keys, page_of, target_of
from statuette.events.leases import Commit, Manifest, ManifestEntry
from statuette.events.objects import ObjectRef
from statuette.ports.errors import UnsafeOutput
from statuette.ports.work import OutputRule

TARGET = ObjectRef(bucket="b", key="out/x.txt")


def commit_of(*names, stale=(), generation=1):
    entries = tuple(ManifestEntry(name=name, size=1, sha256="0" * 64) for name in names)
    return Commit(id="c0ffee", job="cat-1", generation=generation, manifest=Manifest(entries=entries), stale=stale)


def rule(bucket="b", folder="out", **fields):
    return OutputRule(target=ObjectRef(bucket=bucket, key=folder), **fields)


def test_our_own_mark_is_known_again(marks):
    mark = marks.mark(commit_of("x.txt", generation=7), TARGET, hops=1)
    assert mark.startswith("c0ffee.7.")
    assert marks.verified(mark, bucket="b", key="out/x.txt") == Origin("c0ffee.7", hops=1)


def test_a_mark_copied_to_another_object_is_refused(marks):
    mark = marks.mark(commit_of("x.txt"), TARGET, hops=1)
    assert marks.verified(mark, bucket="b", key="out/y.txt") is None
    assert marks.verified(mark, bucket="c", key="out/x.txt") is None
    assert marks.verified(mark, bucket="bo", key="ut/x.txt") is None


def test_a_mark_of_another_platforms_key_is_refused(marks):
    mark = CommitMarks(b"\1" * 32).mark(commit_of("x.txt"), TARGET, hops=1)
    assert marks.verified(mark, bucket="b", key="out/x.txt") is None


@pytest.mark.parametrize("forged", ["", ".", "c0ffee", "c0ffee.1.", "c0ffee.1.zz", ".1.00", "ü.1.ü", "a" * 5000])
def test_what_users_write_into_metadata_is_no_mark(marks, forged):
    assert marks.verified(forged, bucket="b", key="out/x.txt") is None


def test_another_generation_needs_a_mark_of_its_own(marks):
    _, _, mac = marks.mark(commit_of("x.txt"), TARGET, hops=1).rpartition(".")
    assert marks.verified(f"c0ffee.2.1.{mac}", bucket="b", key="out/x.txt") is None


@pytest.mark.parametrize(
    ("name", "fields", "goes"),
    [
        ("cat.jpg", {}, True),
        ("cat.jpg", {"suffix": (".jpg", ".png")}, True),
        ("cat.txt", {"suffix": (".jpg", ".png")}, False),
        ("out_cat.jpg", {"prefix": ("out_", "res_")}, True),
        ("cat_out_.jpg", {"prefix": ("out_",)}, False),
        ("out_cat.jpg", {"prefix": ("out_",), "suffix": (".txt",)}, False),
        ("sub/cat.jpg", {"suffix": (".jpg",)}, True),
    ],
)
def test_prefixes_and_suffixes_say_what_goes_to_an_output(name, fields, goes):
    target = target_of(rule(**fields), name)
    assert target == (ObjectRef(bucket="b", key=f"out/{name}") if goes else None)


def test_the_whole_bucket_can_be_an_output():
    assert target_of(rule(folder=""), "a/b.txt") == ObjectRef(bucket="b", key="a/b.txt")


def test_names_too_long_for_a_store_are_shortened_with_their_extension_kept():
    target = target_of(rule(), "x" * 300 + ".tar.gz")
    assert target is not None
    assert len(target.key.removeprefix("out/").encode()) <= 255
    assert target.key.endswith(".tar.gz")


def test_a_file_goes_to_every_output_that_takes_it_each_with_its_own_mark(marks):
    rules = [rule(folder="all"), rule(bucket="pics", folder="jpg", suffix=(".jpg",))]
    page = page_of(commit_of("a.jpg", "a.txt"), rules, marks, page=0, hops=1)
    assert [(up.name, up.target.bucket, up.target.key) for up in page.uploads] == [
        ("a.jpg", "b", "all/a.jpg"),
        ("a.jpg", "pics", "jpg/a.jpg"),
        ("a.txt", "b", "all/a.txt"),
    ]
    for upload in page.uploads:
        mark = upload.metadata[COMMIT_METADATA]
        assert marks.verified(mark, bucket=upload.target.bucket, key=upload.target.key) == Origin("c0ffee.1", hops=1)
    assert page.next is None


def test_a_service_without_outputs_uploads_nothing(marks):
    assert page_of(commit_of("a.jpg"), [], marks, page=0, hops=1).uploads == ()


def test_a_large_commit_comes_in_pages_each_file_once(marks):
    names = [f"{n:05}" for n in range(2 * PAGE + 1)]
    commit, met, number = commit_of(*names), [], 0
    while number is not None:
        page = page_of(commit, [rule()], marks, page=number, hops=1)
        assert len(page.uploads) <= PAGE
        met += [upload.name for upload in page.uploads]
        number = page.next
    assert met == names


def test_exactly_one_page_has_no_next(marks):
    assert page_of(commit_of(*map(str, range(PAGE))), [rule()], marks, page=0, hops=1).next is None


def test_what_only_an_earlier_generation_listed_is_removed_once(marks):
    commit = commit_of(*map(str, range(PAGE + 1)), stale=("old.jpg", "old.txt"), generation=2)
    rules = [rule(suffix=(".jpg",)), rule(bucket="all", folder="")]
    first, second = (page_of(commit, rules, marks, page=number, hops=1) for number in (0, 1))
    assert [(ref.bucket, ref.key) for ref in first.removals] == [
        ("b", "out/old.jpg"),
        ("all", "old.jpg"),
        ("all", "old.txt"),
    ]
    assert second.removals == ()


def test_a_key_that_no_store_takes_is_refused():
    deep = "/".join(["d" * 200] * 5)
    check_keys(["x", f"{deep}/{'x' * 15}"], [rule(folder="out")])
    check_keys([f"{deep}/{'x' * 200}"], [rule(folder="out", suffix=(".png",))])
    with pytest.raises(UnsafeOutput, match="1025 bytes"):
        check_keys(["x", f"{deep}/{'x' * 16}"], [rule(folder="out")])
