"""Clusters and federation: words without regard to case, what is left out on the wire, no secret shown."""

import pytest
from pydantic import ValidationError

from statuette.spec.federation import Cluster, Federation, Member


def test_a_cluster_s_password_is_not_shown() -> None:
    cluster = Cluster(endpoint="https://b.test", auth_user="ada", auth_password="s3cret")
    assert "s3cret" not in repr(cluster)
    assert cluster.wire() == {
        "endpoint": "https://b.test",
        "auth_user": "ada",
        "auth_password": "s3cret",
        "ssl_verify": False,
    }


def test_a_member_s_headers_are_text_and_not_shown() -> None:
    member = Member.model_validate({"type": " Endpoint ", "url": "https://x", "headers": {"X-Key": 7, "X-On": True}})
    assert member.type == "endpoint"
    assert member.headers == {"X-Key": "7", "X-On": "true"}
    assert "X-Key" not in repr(member)


def test_what_a_member_does_not_have_is_left_out() -> None:
    assert Member().wire() == {"type": "oscar", "ssl_verify": False, "priority": 0}


def test_a_federation_with_nothing_said() -> None:
    assert Federation().wire() == {"group_id": "", "topology": "none"}


@pytest.mark.parametrize(
    ("given", "read"), [("Star", "star"), (" MESH ", "mesh"), ("", "none"), ("  ", "none"), ("none", "none")]
)
def test_topologies(given: str, read: str) -> None:
    assert Federation.model_validate({"topology": given}).topology == read


@pytest.mark.parametrize("delegation", ["", "static", "random", "load-based", "topsis"])
def test_delegations(delegation: str) -> None:
    federation = Federation.model_validate({"delegation": delegation.upper(), "rescheduler_threshold": "30"})
    assert (federation.delegation, federation.rescheduler_threshold) == (delegation, 30)
    assert federation.wire().get("delegation", "") == delegation


@pytest.mark.parametrize("given", [{"topology": "ring"}, {"delegation": "best"}, {"members": [{"type": "cloud"}]}])
def test_words_that_there_are_not(given: dict[str, object]) -> None:
    with pytest.raises(ValidationError):
        Federation.model_validate(given)


def test_members_keep_their_order() -> None:
    federation = Federation.model_validate({"members": [{"cluster_id": "b", "priority": 1}, {"cluster_id": "a"}]})
    assert [member["cluster_id"] for member in federation.wire()["members"]] == ["b", "a"]
