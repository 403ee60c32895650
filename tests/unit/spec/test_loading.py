"""Reading a definition: what is tolerated, what is completed, how everything wrong is told."""

import json
import time

import pytest
from hypothesis import given
from hypothesis import strategies as st

from statuette.spec import InvalidDefinition, Service, load_service

HELLO = {"name": "hello", "image": "alpine:3", "script": "cat"}


def problems_of(data):
    with pytest.raises(InvalidDefinition) as caught:
        load_service(data)
    return caught.value.problems


def fields_of(data):
    return {line.partition(": ")[0] for line in problems_of(data)}


def test_the_smallest_definition_gets_the_documented_defaults():
    service = load_service(HELLO)
    assert (service.cpu, service.memory, service.log_level, service.visibility) == ("0.2", "256Mi", "INFO", "private")
    assert (service.expose.min_scale, service.expose.max_scale, service.expose.cpu_threshold) == (1, 10, 80)
    assert (service.synchronous.min_scale, service.synchronous.max_scale, service.isolation_level) == (0, 0, "")
    assert not service.exposed
    assert service.reuse == "user"


def test_keys_match_in_any_case_and_unknown_ones_are_ignored():
    service = load_service({"NAME": "hello", "Image": "a", "script": "cat", "replicas": [1], "EXPOSE": {"NodePort": 0}})
    assert service.name == "hello"
    service = load_service({**HELLO, "environment": {"Variables": {"A": 1}, "SECRETS": {"B": "x"}, "other": 1}})
    assert service.environment.variables == {"A": "1"}
    assert service.environment.secrets == {"B": "x"}


def test_names_of_variables_keep_their_case():
    assert load_service({**HELLO, "environment": {"variables": {"aB": "1"}}}).environment.variables == {"aB": "1"}


@pytest.mark.parametrize(
    ("given", "text"), [(1.0, "1.0"), (2, "2"), (0.5, "0.5"), ("500m", "500m"), (None, "0.2"), ("", "0.2")]
)
def test_numbers_stand_where_text_is_due(given, text):
    assert load_service({**HELLO, "cpu": given}).cpu == text


@pytest.mark.parametrize(
    ("given", "text"), [(True, "true"), (False, "false"), (None, ""), (1, "1"), (1.5, "1.5"), ("x", "x")]
)
def test_values_of_variables_become_text(given, text):
    assert load_service({**HELLO, "environment": {"variables": {"A": given}}}).environment.variables["A"] == text


@pytest.mark.parametrize(("given", "ports"), [(80, [80]), ("80", [80]), ([80, 81], [80, 81]), (80.0, [80]), (None, [])])
def test_a_scalar_port_is_a_list_of_one(given, ports):
    assert load_service({**HELLO, "expose": {"api_port": given}}).expose.api_port == ports


@pytest.mark.parametrize("port", [True, 80.5, "x", {}, [[80]], 10**400])
def test_what_is_no_port_is_told(port):
    assert any(field.startswith("expose.api_port") for field in fields_of({**HELLO, "expose": {"api_port": port}}))


def test_a_first_port_of_zero_is_not_exposed():
    service = load_service({**HELLO, "expose": {"api_port": 0, "nodePort": 0, "min_scale": 0, "max_scale": 0}})
    assert not service.exposed


def test_a_zero_node_port_of_older_clients_means_nothing():
    assert load_service({**HELLO, "expose": {"nodePort": 0, "api_port": [1, 2]}}).expose.node_port == []
    assert load_service({**HELLO, "expose": {"nodePort": 0, "api_port": 1}}).expose.node_port == [0]


def test_line_ends_of_the_script_become_unix():
    assert load_service({**HELLO, "script": "a\r\nb\rc\n"}).script == "a\nb\nc\n"


@pytest.mark.parametrize(
    ("given", "level"), [("critical", "CRITICAL"), ("Debug", "DEBUG"), ("loud", "INFO"), (5, "INFO"), ("", "INFO")]
)
def test_log_levels(given, level):
    assert load_service({**HELLO, "log_level": given}).log_level == level


@pytest.mark.parametrize(
    ("provider", "path", "expected"),
    [
        ("minio", " /in/ ", ("minio.default", "hello/in")),
        ("MinIO.default", "in", ("minio.default", "hello/in")),
        ("minio.default", "bucket/a/b/", ("minio.default", "bucket/a/b")),
        ("webdav.x.y", "folder", ("webdav.x.y", "folder")),
    ],
)
def test_places_are_completed(provider, path, expected):
    place = {"storage_provider": provider, "path": path}
    providers = {"webdav": {"x.y": {"hostname": "dav.example.org"}}}
    service = load_service({**HELLO, "input": [place], "storage_providers": providers})
    assert (service.input[0].storage_provider, service.input[0].path) == expected


def test_users_are_trimmed_and_blank_ones_dropped():
    assert load_service({**HELLO, "allowed_users": [" a ", "", "  ", "b", "b"]}).allowed_users == ["a", "b", "b"]
    assert load_service({**HELLO, "allowed_users": None}).allowed_users == []


def test_a_federation_and_a_new_volume_are_called_like_the_service():
    service = load_service(
        {**HELLO, "federation": {"topology": "Star"}, "volume": {"mount_path": "/data", "size": "1Gi"}}
    )
    assert service.federation is not None
    assert service.volume is not None
    assert (service.federation.group_id, service.federation.topology) == ("hello", "star")
    assert (service.volume.name, service.volume.lifecycle_policy) == ("hello", "delete")


def test_what_only_the_server_sets_is_dropped():
    given = {
        **HELLO,
        "token": "t",
        "Owner": "me",
        "namespace": "x",
        "bucket_list": ["b"],
        "volume_status": {"enabled": 1},
    }
    service = load_service(given)
    assert (service.token, service.owner, service.namespace, service.bucket_list) == ("", "", "", [])
    kept = load_service(given, keep_read_only=True)
    assert (kept.token, kept.owner, kept.namespace, kept.bucket_list) == ("t", "me", "x", ["b"])


@pytest.mark.parametrize("data", [None, 3, [], "x", True, [HELLO]])
def test_what_is_no_object_is_told(data):
    assert problems_of(data) == ["definition: must be an object (keys and values)"]


def test_an_empty_object_names_all_that_is_missing():
    assert fields_of({}) == {"name", "image", "script"}


def test_everything_wrong_is_named_in_one_go():
    data = {
        "name": "Bad Name",
        "image": ["x"],
        "script": " ",
        "cpu": "-1",
        "memory": True,
        "visibility": "Public",
        "isolation_level": "group",
        "input": [7, {"path": "b/../c", "storage_provider": "ftp.x"}, {"storage_provider": "minio"}],
        "output": "x",
        "synchronous": {"min_scale": 3, "max_scale": 2},
        "expose": {"api_port": [0, 70000, "x"]},
        "environment": {"variables": {"a b": "x", "OK": ["no"]}},
        "timeout": 0,
    }
    assert fields_of(data) >= {
        "name", "image", "script", "cpu", "memory", "visibility", "isolation_level", "input[0]", "input[1].path",
        "input[1].storage_provider", "input[2].path", "output", "synchronous.min_scale", "expose.api_port[2]",
        "environment.variables.a b", "environment.variables.OK", "timeout",
    }  # fmt: skip


def test_no_field_is_named_twice():
    lines = problems_of({"name": [], "input": [{}], "cpu": {}})
    paths = [line.partition(": ")[0] for line in lines]
    assert len(paths) == len(set(paths))


def test_a_key_given_in_two_spellings_is_told():
    data = {**HELLO, "environment": {"variables": {}, "Variables": {"A": "1"}}}
    assert "two" not in problems_of(data)[0]
    assert "given twice" in problems_of(data)[0]
    assert "given twice" in problems_of({**HELLO, "Name": "x"})[0]


def test_half_a_surrogate_pair_is_told_wherever_it_stands():
    data = json.loads('{"name":"hello","image":"a","script":"\\ud800","labels":{"\\ud800":"x"}}')
    assert {field.partition(".")[0] for field in fields_of(data)} == {"script", "labels"}


def test_secrets_do_not_stand_in_problems():
    data = {**HELLO, "environment": {"secrets": {"A": "top\0secret", "B": ["s3cret"]}}, "cpu": "x"}
    assert not any("secret\0" in line or "s3cret" in line or "top" in line for line in problems_of(data))


def test_a_shown_value_is_short_and_escaped():
    assert max(len(line) for line in problems_of({**HELLO, "name": "x\n" * 5000})) < 300


def nested(depth):
    value: object = {}
    for _ in range(depth):
        value = {"x": [value]}
    return value


@pytest.mark.parametrize("field", ["input", "labels", "deployment", "environment"])
@pytest.mark.parametrize("depth", [20, 300, 20_000])
def test_deep_nesting_is_told_and_breaks_nothing(field, depth):
    with pytest.raises(InvalidDefinition) as caught:
        load_service({**HELLO, field: nested(depth)}, keep_read_only=True)
    assert caught.value.problems == ["definition: must not be nested more than 32 deep"]


@pytest.mark.parametrize("item", [{}, 7, {"storage_provider": "minio", "path": "Bad"}])
def test_thousands_of_wrong_fields_are_told_shortly_and_soon(item):
    began = time.process_time()
    lines = problems_of({**HELLO, "input": [item] * 3000})
    assert len(lines) == 101
    assert lines[-1].endswith("more fields are wrong")
    assert time.process_time() - began < 5


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=8),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=5), inner, max_size=3),
    max_leaves=6,
)
FIELDS = [*Service.model_fields, "Variables", "junk"]


def outcome(data):
    """The service or the refusal; anything else is a crash."""
    try:
        return load_service(data)
    except InvalidDefinition as error:
        return error


@given(st.dictionaries(st.sampled_from(FIELDS), JSON, max_size=6))
def test_any_json_is_read_or_refused_with_reasons(data):
    got = outcome({**HELLO, **data})
    if isinstance(got, Service):
        json.dumps(got.wire(), allow_nan=False).encode()
    else:
        assert got.problems
        assert all(": " in line for line in got.problems)


PARTS = ["input", "output", "expose", "federation", "kserve", "volume", "environment", "storage_providers"]
KEYS = ["storage_provider", "path", "api_port", "members", "type", "size", "variables", "minio", "inference", "headers"]


@given(st.sampled_from(PARTS), st.dictionaries(st.sampled_from(KEYS), JSON, max_size=4))
def test_any_part_is_read_or_refused(field, part):
    for value in (part, [part]):
        got = outcome({**HELLO, field: value})
        assert isinstance(got, Service) or got.problems
