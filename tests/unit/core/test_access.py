"""Who may see, submit, change, deploy, and name which bucket."""

import pytest

from statuette.core.access import check_change, check_deploy, check_platform, may_see, may_submit, may_use_bucket
from statuette.events.principals import ADMIN
from statuette.ports.errors import Forbidden

CASES = [
    # visibility, allowed users, who, sees
    ("private", [], "alice", True),
    ("private", ["bob"], "bob", False),
    ("restricted", ["bob"], "bob", True),
    ("restricted", ["bob"], "carol", False),
    ("public", [], "carol", True),
]


@pytest.mark.parametrize(("visibility", "allowed", "who", "sees"), CASES)
def test_visibility_decides_who_sees_and_submits(record, user, visibility, allowed, who, sees):
    service = record(owner="alice", visibility=visibility, allowed_users=allowed)
    assert may_see(user(who), service) is sees
    assert may_submit(user(who), service) is sees
    assert may_see(ADMIN, service)


def test_a_services_token_submits_to_its_own_service_and_sees_nothing(record, token_of):
    service = record("cat", visibility="public")
    assert may_submit(token_of("cat"), service)
    assert not may_submit(token_of("dog"), service)
    assert not may_see(token_of("cat"), service)


def test_only_owner_and_admin_change_a_service(record, user, token_of):
    service = record("cat", owner="alice", visibility="public")
    check_change(ADMIN, service)
    check_change(user("alice"), service)
    for other in (user("bob"), token_of("cat"), token_of("alice")):
        with pytest.raises(Forbidden, match="someone else"):
            check_change(other, service)


def test_a_services_token_cannot_deploy(user, token_of):
    check_deploy(ADMIN)
    check_deploy(user("alice"))
    with pytest.raises(Forbidden, match="token"):
        check_deploy(token_of("cat"))


def test_the_platforms_buckets_are_nobodys_to_name(user):
    for caller in (ADMIN, user("alice")):
        assert not may_use_bucket(caller, "statuette-state", owner="")


def test_a_user_names_his_own_and_unowned_buckets_the_admin_all(user):
    assert may_use_bucket(user("alice"), "data", owner="alice")
    assert may_use_bucket(user("alice"), "data", owner="")
    assert not may_use_bucket(user("alice"), "data", owner="bob")
    assert may_use_bucket(ADMIN, "data", owner="bob")


def test_the_platform_as_a_whole_is_the_administrators(user, token_of):
    check_platform(ADMIN)
    for other in (user("alice"), token_of("cat")):
        with pytest.raises(Forbidden, match="the administrator's"):
            check_platform(other)
