"""What one message of the filer means, case by case."""

import pytest

from statuette.adapters.store_seaweed import filer_pb2 as pb
from statuette.adapters.store_seaweed.notices import notices_of


def entry(name: str, *, etag: str = "aa", mtime: int = 5, directory: bool = False, **more: bytes) -> pb.Entry:
    extended = {"Seaweed-X-Amz-ETag": etag.encode()} | {key.replace("_", "-"): value for key, value in more.items()}
    attributes = pb.Attributes(file_size=3, mtime=mtime)
    return pb.Entry(name=name, is_directory=directory, attributes=attributes, extended=extended)


def change(
    directory: str, *, old: pb.Entry | None = None, new: pb.Entry | None = None, to: str = ""
) -> pb.SubscribeMetadataResponse:
    event = pb.EventNotification(old_entry=old, new_entry=new, new_parent_path=to)
    return pb.SubscribeMetadataResponse(directory=directory, event_notification=event, ts_ns=7)


def told(message: pb.SubscribeMetadataResponse) -> list[tuple[str, str, bool]]:
    return [(notice.ref.bucket, notice.ref.key, notice.gone) for notice in notices_of(message) if notice.ref]


def test_a_new_object() -> None:
    (notice,) = notices_of(change("/buckets/b/in", new=entry("x", X_Amz_Meta_Statuette_Commit=b"c")))
    assert notice.ref
    assert notice.ref.version
    assert (notice.position, notice.commit, notice.ref.version.identity) == (7, "c", "e:aa:3:5")


@pytest.mark.parametrize(
    "message",
    [
        change("/buckets", new=entry("b", directory=True)),
        change("/buckets/b", new=entry("in", directory=True)),
        change("/buckets/b/.uploads/u", new=entry("0001.part")),
        change("/buckets/.system/owners", new=entry("b")),
        change("/etc/iam", new=entry("identity.json")),
        change("/buckets/b", old=entry("x"), new=entry("x", X_Amz_Tagging_a=b"b")),
        change("/buckets/b/x.versions", old=entry("v_1", Seaweed_X_Amz_Version_Id=b"1")),
    ],
)
def test_what_is_no_object_written_is_left_out(message: pb.SubscribeMetadataResponse) -> None:
    assert told(message) == []


def test_an_overwrite_with_the_same_bytes_a_second_later_is_told() -> None:
    assert told(change("/buckets/b", old=entry("x"), new=entry("x", mtime=6))) == [("b", "x", False)]


def test_a_renaming_is_a_deletion_and_a_new_object() -> None:
    message = change("/buckets/b/a", old=entry("x"), new=entry("y"), to="/buckets/b/c")
    assert told(message) == [("b", "a/x", True), ("b", "c/y", False)]


def test_a_kept_version_is_its_object_s_and_a_delete_marker_its_end() -> None:
    version = entry("v_1", Seaweed_X_Amz_Version_Id=b"1")
    marker = entry("v_2", Seaweed_X_Amz_Version_Id=b"2", Seaweed_X_Amz_Delete_Marker=b"true")
    assert told(change("/buckets/b/x.versions", new=version)) == [("b", "x", False)]
    assert told(change("/buckets/b/x.versions", new=marker)) == [("b", "x", True)]


def test_an_object_that_looks_like_a_version_is_an_object() -> None:
    assert told(change("/buckets/b/x.versions", new=entry("v_1"))) == [("b", "x.versions/v_1", False)]
