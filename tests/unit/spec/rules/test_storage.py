"""Inputs, outputs, mount, volume: what is refused, and with which words."""

import pytest

from statuette.spec import InvalidDefinition, load_service

HELLO = {"name": "hello", "image": "alpine:3", "script": "cat"}


def told(data):
    try:
        load_service({**HELLO, **data})
    except InvalidDefinition as error:
        return dict(line.split(": ", 1) for line in error.problems)
    return {}


def place(provider="minio.default", path="bucket/in", **more):
    return {"storage_provider": provider, "path": path, **more}


@pytest.mark.parametrize(
    ("path", "why"),
    [
        ("", "is missing"),
        (" / ", "is missing"),
        ("b/../c", "as a part"),
        ("bucket/./c", "as a part"),
        ("bucket//c", "'//'"),
        ("bucket/a\0b", "control"),
        ("bucket/a\nb", "control"),
        ("Bucket/in", "3 to 63"),
        ("ab/in", "3 to 63"),
        ("bucket/" + "x" * 1100, "bytes"),
        ("bucket/" + "x" * 256, "255 bytes"),
        ("b" * 1000 + "/in", "255 bytes"),
    ],
)
@pytest.mark.parametrize("field", ["input", "output"])
def test_paths(field, path, why):
    assert why in told({field: [place(path=path)]})[f"{field}[0].path"]


@pytest.mark.parametrize("kind", ["s3", "onedata"])
def test_kinds_that_cannot_be_inputs(kind):
    assert "minio, webdav, rucio can" in told({"input": [place(f"{kind}.x")]})["input[0].storage_provider"]


def test_an_unknown_kind_is_told_with_the_kinds_there_are():
    message = told({"output": [place("gcs.x")]})["output[0].storage_provider"]
    assert "minio, s3, onedata, webdav, rucio" in message


@pytest.mark.parametrize("reference", ["minio.mine", "s3", "webdav.dcache", "rucio", "onedata.x"])
def test_a_provider_must_be_defined(reference):
    assert "not defined" in told({"output": [place(reference)]})["output[0].storage_provider"]


def test_a_defined_provider_is_fine():
    providers = {"minio": {"mine": {"endpoint": "https://m.example.org"}}}
    assert told({"output": [place("minio.mine")], "storage_providers": providers}) == {}


def test_the_same_input_twice_is_told():
    assert "same place as input[0]" in told({"input": [place(), place(path="/bucket/in/")]})["input[1]"]
    assert told({"output": [place(), place(suffix=[".png"])]}) == {}


def test_prefixes_hold_no_control_characters():
    assert "output[0].prefix[1]" in told({"output": [place(prefix=["a", "\0"])]})


@pytest.mark.parametrize(
    ("mount", "field"),
    [
        (place("onedata.x"), "mount.storage_provider"),
        ({"path": "bucket/x"}, "mount.storage_provider"),
        ({"storage_provider": "minio"}, "mount.path"),
        (place(path="Bad_Bucket"), "mount.path"),
        (place(options="--x; rm"), "mount.options"),
        (place(options="--x\n"), "mount.options"),
    ],
)
def test_mounts(mount, field):
    assert field in told({"mount": mount})


def test_a_good_mount():
    assert told({"mount": place(path="models", options="--vfs-cache-mode=full a_b.c:d,e/f")}) == {}


@pytest.mark.parametrize(
    ("volume", "field"),
    [
        ({"size": "1Gi"}, "volume.mount_path"),
        ({"size": "1Gi", "mount_path": "data"}, "volume.mount_path"),
        ({"size": "1Gi", "mount_path": "/"}, "volume.mount_path"),
        ({"size": "1Gi", "mount_path": "/oscar/config"}, "volume.mount_path"),
        ({"size": "1Gi", "mount_path": "/oscar/bin/x"}, "volume.mount_path"),
        ({"size": "1Gi", "mount_path": "/oscar"}, "volume.mount_path"),
        ({"size": "1Gi", "mount_path": "/data/../oscar/bin"}, "volume.mount_path"),
        ({"size": "1Gi", "mount_path": "/oscar//bin"}, "volume.mount_path"),
        ({"size": "0", "mount_path": "/data"}, "volume.size"),
        ({"size": "big", "mount_path": "/data"}, "volume.size"),
        ({"mount_path": "/data"}, "volume.name"),
        ({"mount_path": "/data", "name": "Vol"}, "volume.name"),
        ({"mount_path": "/data", "name": "vol", "lifecycle_policy": "retain"}, "volume.lifecycle_policy"),
        ({"mount_path": "/data", "size": "1Gi", "lifecycle_policy": "keep"}, "volume.lifecycle_policy"),
    ],
)
def test_volumes(volume, field):
    assert list(told({"volume": volume})) == [field]


@pytest.mark.parametrize("volume", [{"size": "1Gi"}, {"name": "vol"}, {"size": "1Gi", "lifecycle_policy": "retain"}])
def test_good_volumes(volume):
    assert told({"volume": {"mount_path": "/data/x", **volume}}) == {}
    assert told({"volume": {"mount_path": "/oscarine", **volume}}) == {}
