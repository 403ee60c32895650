"""The wire form: the contract's keys, in its order."""

import json

import pytest
from pydantic import ValidationError

from statuette.spec import Expose, InputPath, Mount, OutputPath, RunnerOptions, Service, load_service

ORDER = [
    "name",
    "cluster_id",
    "image",
    "script",
    "memory",
    "cpu",
    "total_memory",
    "total_cpu",
    "ephemeral_storage_request",
    "enable_gpu",
    "enable_sgx",
    "image_prefetch",
    "synchronous",
    "expose",
    "federation",
    "log_level",
    "alpine",
    "token",
    "file_stage_in",
    "input",
    "output",
    "image_pull_secrets",
    "environment",
    "annotations",
    "labels",
    "vo",
    "storage_providers",
    "clusters",
    "owner",
    "namespace",
    "interlink_node_name",
    "visibility",
    "allowed_users",
    "isolation_level",
    "bucket_list",
    "mount",
    "volume",
    "volume_status",
    "deployment",
    "kserve",
]
OPTIONAL = {"federation", "clusters", "volume", "kserve", "deployment", "image_pull_secrets", "namespace"}
EXTENSIONS = [
    "timeout", "on_failure", "network", "runner", "python", "retries", "max_age", "deadline", "priority",
    "on_overwrite", "allow_loop",
]  # fmt: skip

FULL = {
    "name": "full",
    "cluster_id": "here",
    "image": "ghcr.io/x/y:1",
    "script": "echo",
    "memory": "1Gi",
    "cpu": "1",
    "total_memory": "4Gi",
    "total_cpu": "4",
    "ephemeral_storage_request": "2Gi",
    "enable_gpu": True,
    "enable_sgx": True,
    "image_prefetch": True,
    "synchronous": {"min_scale": 1, "max_scale": 3},
    "expose": {"min_scale": 2, "max_scale": 4, "api_port": [80, 81], "cpu_threshold": 50, "rewrite_target": True,
               "nodePort": [30000, 0], "default_command": True, "set_auth": True, "auth_type": "forward",
               "health_path": "/ok", "probe_mode": "direct"},
    "federation": {"group_id": "g", "topology": "mesh", "delegation": "static", "rescheduler_threshold": 30,
                   "members": [{"type": "oscar", "cluster_id": "there", "service_name": "s", "ssl_verify": True,
                                "priority": 1, "headers": {"X-A": "1"}}]},
    "log_level": "ERROR",
    "alpine": True,
    "token": "t",
    "file_stage_in": True,
    "input": [{"storage_provider": "minio.default", "path": "full/in", "process_existing": True, "priority": 7}],
    "output": [{"storage_provider": "s3.aws", "path": "out-bucket/x", "prefix": ["a"], "suffix": [".png"]}],
    "image_pull_secrets": ["pull"],
    "environment": {"variables": {"A": "1"}, "secrets": {"B": "2"}},
    "annotations": {"a/b": "c"},
    "labels": {"l": "m"},
    "vo": "vo.example.org",
    "storage_providers": {
        "minio": {"x": {"endpoint": "https://m.example.org", "verify": False, "access_key": "a", "secret_key": "s",
                        "region": "r"}},
        "s3": {"aws": {"access_key": "a", "secret_key": "s", "region": "us-east-1"}},
        "onedata": {"o": {"oneprovider_host": "one.example.org", "token": "t", "space": "sp"}},
        "webdav": {"dcache": {"hostname": "dav.example.org", "login": "l", "password": "p"}},
        "rucio": {"rucio": {"host": "https://r.example.org", "auth_host": "https://a.example.org", "account": "acc",
                            "rse": "RSE", "refresh_token": "rt", "oidc_audience": "aud",
                            "token_endpoint": "https://t.example.org/token"}},
    },
    "clusters": {"there": {"endpoint": "https://c.example.org", "auth_user": "u", "auth_password": "p",
                           "ssl_verify": True}},
    "owner": "me",
    "namespace": "ns",
    "interlink_node_name": "node",
    "visibility": "restricted",
    "allowed_users": ["you"],
    "isolation_level": "USER",
    "bucket_list": ["full-you"],
    "mount": {"storage_provider": "minio.default", "path": "models/x", "options": "--read-only"},
    "volume": {"mount_path": "/data", "size": "1Gi", "name": "vol", "lifecycle_policy": "retain"},
    "volume_status": {"enabled": True, "name": "vol", "phase": "Bound"},
    "deployment": {"state": "ready"},
    "kserve": {"type": "inference", "storage_uri": "s3://m", "inference": {"model_format": "sklearn", "runtime": "r"},
               "api_version": "v2", "min_scale": 1, "max_scale": 2, "cpu": "1", "memory": "1Gi", "args": ["--x"],
               "env": {"E": "1"}, "enable_gpu": True, "set_auth": False},
    "timeout": 60,
    "on_failure": "publish",
    "network": "none",
    "runner": {"reuse": "service", "idle_timeout": 5},
    "python": {"requirements": ["numpy==2.1.0"]},
    "retries": {"script": 1, "runner": 3, "delay": 5, "max_delay": 60, "final_exit_codes": [2, 3]},
    "max_age": 3600,
    "deadline": 600,
    "priority": -5,
    "on_overwrite": "queue",
    "allow_loop": True,
}  # fmt: skip


def test_every_field_is_kept_and_returned_in_order():
    wire = load_service(FULL, keep_read_only=True).wire()
    assert wire == FULL
    assert list(wire) == ORDER + EXTENSIONS
    assert json.dumps(wire) == json.dumps(FULL)


def test_an_answer_can_be_sent_again():
    once = load_service(FULL, keep_read_only=True)
    assert load_service(once.wire(), keep_read_only=True) == once
    assert Service.model_validate(once.model_dump(mode="json")) == once


def test_what_is_unset_is_left_out_and_no_list_is_null():
    wire = Service(name="hello", image="alpine:3", script="cat").wire()
    assert list(wire) == [key for key in ORDER if key not in OPTIONAL]
    assert "null" not in json.dumps(wire)
    assert list(wire["expose"]) == [
        "min_scale", "max_scale", "cpu_threshold", "rewrite_target", "default_command", "set_auth", "health_path",
    ]  # fmt: skip
    assert (wire["mount"], wire["volume_status"]) == ({"storage_provider": "", "path": ""}, {"enabled": False})
    assert (wire["input"], wire["allowed_users"], wire["bucket_list"]) == ([], [], [])


def test_an_exposed_service_tells_how_it_is_reached():
    wire = Service(name="a", image="b", script="c", expose=Expose(api_port=[80])).wire()
    assert (wire["expose"]["auth_type"], wire["expose"]["probe_mode"], wire["expose"]["api_port"]) == (
        "basic",
        "legacy",
        [80],
    )


def test_a_mount_is_written_as_text_matching_clients_expect():
    mount = Mount(path="b/f", storage_provider="minio.default")
    assert json.dumps(mount.wire(), separators=(",", ":")) == '{"storage_provider":"minio.default","path":"b/f"}'


@pytest.mark.parametrize(("path", "bucket", "folder"), [("b/in/x", "b", "in/x"), ("b", "b", "")])
def test_bucket_and_folder(path, bucket, folder):
    for kind in (InputPath, OutputPath):
        place = kind(storage_provider="minio.default", path=path)
        assert (place.bucket, place.folder) == (bucket, folder)


@pytest.mark.parametrize(
    ("isolation", "given", "reuse"),
    [("", "user", "user"), ("user", "service", "never"), ("SERVICE", "service", "service")],
)
def test_isolation_by_user_forbids_reuse(isolation, given, reuse):
    data = {"name": "a", "image": "b", "script": "c", "isolation_level": isolation, "runner": {"reuse": given}}
    assert load_service(data).reuse == reuse


def test_a_service_does_not_change():
    service = Service(name="a", image="b", script="c", runner=RunnerOptions(reuse="never"))
    with pytest.raises(ValidationError):
        service.name = "other"  # type: ignore[misc]


def test_secrets_are_not_shown_by_repr():
    text = repr(load_service(FULL, keep_read_only=True))
    for secret in ("secret_key", "refresh_token", "access_key", "auth_password", "password", "'B'", "token=", "X-A"):
        assert secret not in text
