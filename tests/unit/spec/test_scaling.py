"""Scale and exposure: the documented defaults, words without regard to case, what an unexposed service leaves out."""

import pytest
from pydantic import ValidationError

from statuette.spec.scaling import Expose, Synchronous


def test_the_documented_defaults() -> None:
    assert Synchronous().wire() == {"min_scale": 0, "max_scale": 0}
    expose = Expose.model_validate({"api_port": 8000})
    assert expose.wire() == {
        "min_scale": 1,
        "max_scale": 10,
        "api_port": [8000],
        "cpu_threshold": 80,
        "rewrite_target": False,
        "default_command": False,
        "set_auth": False,
        "auth_type": "basic",
        "health_path": "/",
        "probe_mode": "legacy",
    }


@pytest.mark.parametrize(
    ("ports", "exposed"), [([], False), ([0], False), ([0, 80], False), ([80], True), ("80", True)]
)
def test_a_port_exposes(ports: object, exposed: bool) -> None:
    assert Expose.model_validate({"api_port": ports}).exposed is exposed


def test_an_unexposed_service_says_nothing_of_doors() -> None:
    wire = Expose().wire()
    assert "auth_type" not in wire
    assert "probe_mode" not in wire
    assert Expose.model_validate({"auth_type": "forward"}).wire()["auth_type"] == "forward"


@pytest.mark.parametrize(("given", "read"), [("health", "/health"), ("//a/b ", "/a/b"), ("", "/"), ("/", "/")])
def test_a_health_path_begins_with_one_slash(given: str, read: str) -> None:
    assert Expose.model_validate({"health_path": given}).health_path == read


@pytest.mark.parametrize(("given", "read"), [(" Forward ", "forward"), ("", "basic"), ("BASIC", "basic")])
def test_words_without_regard_to_case(given: str, read: str) -> None:
    assert Expose.model_validate({"auth_type": given}).auth_type == read


def test_the_node_s_port_has_its_own_spelling() -> None:
    assert Expose.model_validate({"NODEPORT": [30000]}).wire()["nodePort"] == [30000]
    assert Expose(node_port=[30001]).node_port == [30001]


@pytest.mark.parametrize(
    "given",
    [{"auth_type": "none"}, {"probe_mode": "x"}, {"api_port": ["http"]}, {"min_scale": 2**31}, {"health_path": []}],
)
def test_what_is_refused(given: dict[str, object]) -> None:
    with pytest.raises(ValidationError):
        Expose.model_validate(given)
