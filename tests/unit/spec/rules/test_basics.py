"""Name, image, script, sizes, environment, labels."""

import pytest

from statuette.spec import InvalidDefinition, load_service

HELLO = {"name": "hello", "image": "alpine:3", "script": "cat"}


def told(data):
    try:
        load_service({**HELLO, **data})
    except InvalidDefinition as error:
        return dict(line.split(": ", 1) for line in error.problems)
    return {}


@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("name", "Hello"),
        ("name", "x" * 1000),
        ("name", ""),
        ("image", ""),
        ("image", "a b"),
        ("image", "--privileged"),
        ("image", "a\nb"),
        ("image", "x" * 1000),
        ("script", ""),
        ("script", " \n"),
        ("script", "a\0b"),
        ("cpu", "0"),
        ("cpu", "lots"),
        ("cpu", -1),
        ("cpu", float("nan")),
        ("memory", "0Mi"),
        ("memory", "256MB"),
        ("total_cpu", "x"),
        ("total_memory", "-1Gi"),
        ("ephemeral_storage_request", "1 Gi"),
        ("visibility", "PUBLIC"),
        ("visibility", "secret"),
        ("isolation_level", "NAMESPACE"),
        ("cluster_id", "a\0"),
        ("vo", "v" * 300),
        ("enable_gpu", "perhaps"),
        ("input", {}),
        ("allowed_users", [{}]),
    ],
)
def test_one_wrong_field_is_the_one_told(field, value):
    problems = told({field: value})
    assert len(problems) == 1
    assert next(iter(problems)).startswith(field)


@pytest.mark.parametrize(
    "image", ["host", "alpine", "ghcr.io/grycap/cowsay:1.2", "a/b@sha256:" + "0" * 64, "localhost:5000/x"]
)
def test_images(image):
    assert told({"image": image}) == {}


@pytest.mark.parametrize("value", [True, "true", "yes", "on", 1, "1"])
def test_booleans_as_files_write_them(value):
    assert load_service({**HELLO, "enable_gpu": value}).enable_gpu is True


@pytest.mark.parametrize(
    ("name", "good"), [("A_1", True), ("_", True), ("1A", False), ("A-B", False), ("A=B", False), ("", False)]
)
@pytest.mark.parametrize("kind", ["variables", "secrets"])
def test_names_of_variables(kind, name, good):
    assert (told({"environment": {kind: {name: "x"}}}) == {}) is good


def test_values_hold_no_nul():
    assert told({"environment": {"variables": {"A": "a\0b"}}}) == {"environment.variables.A": "must not hold NUL"}
    assert told({"environment": {"variables": {"A": "line\nline\ttab ünïcode"}}}) == {}


@pytest.mark.parametrize(
    ("labels", "good"),
    [
        ({"a": "b"}, True),
        ({"oscar.grycap/x": ""}, True),
        ({"a b": "c"}, False),
        ({"a": "b c"}, False),
        ({"a": "x" * 64}, False),
    ],
)
def test_labels(labels, good):
    assert (told({"labels": labels}) == {}) is good


def test_annotations_may_hold_any_text():
    assert told({"annotations": {"oscar.grycap.io/stopped": "any text, too"}}) == {}
    assert "annotations.a" in told({"annotations": {"a": "\0"}})
