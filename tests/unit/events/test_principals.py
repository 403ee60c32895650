"""Who asks: the administrator is one fixed value, and nobody else becomes him by a name."""

from statuette.events.principals import ADMIN, ADMIN_ID, Principal, PrincipalKind


def test_the_administrator_has_the_contract_s_owner_id() -> None:
    assert (ADMIN.id, ADMIN.kind, ADMIN_ID) == ("cluster_admin", PrincipalKind.ADMIN, "cluster_admin")


def test_a_user_of_the_administrator_s_name_is_somebody_else() -> None:
    assert Principal(id=ADMIN_ID, kind=PrincipalKind.USER, name="oscar") != ADMIN
    assert Principal(id="x", kind=PrincipalKind.SERVICE) != Principal(id="x", kind=PrincipalKind.USER)
