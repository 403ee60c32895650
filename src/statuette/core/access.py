"""Who may do what: one place for all doors.

Today a cluster knows its administrator and the holders of service tokens; the rules for users are those of the public
contract's visibility table and hold as soon as an identity provider brings users.
"""

from statuette.events.principals import Principal, PrincipalKind
from statuette.ports.errors import Forbidden
from statuette.ports.services import ServiceRecord

PLATFORM_BUCKETS = "statuette-"
"""Buckets whose name starts like this are the platform's own; nobody else may name or touch them."""


def may_see(caller: Principal, record: ServiceRecord) -> bool:
    """Whether the caller may read the service, its jobs and logs."""
    if caller.kind is PrincipalKind.ADMIN:
        return True
    if caller.kind is PrincipalKind.SERVICE:
        return False
    definition = record.definition
    return (
        definition.visibility == "public"
        or record.owner == caller.id
        or (definition.visibility == "restricted" and caller.id in definition.allowed_users)
    )


def may_submit(caller: Principal, record: ServiceRecord) -> bool:
    """Whether the caller may send work to the service; a service's token may to its own."""
    if caller.kind is PrincipalKind.SERVICE:
        return caller.id == record.name
    return may_see(caller, record)


def check_change(caller: Principal, record: ServiceRecord) -> None:
    """Raises `Forbidden` unless the caller may update or delete the service."""
    if caller.kind is PrincipalKind.ADMIN or (caller.kind is PrincipalKind.USER and caller.id == record.owner):
        return
    raise Forbidden(f"the service {record.name} belongs to someone else")


def check_platform(caller: Principal) -> None:
    """Raises `Forbidden` unless the caller may act on the platform as a whole."""
    if caller.kind is not PrincipalKind.ADMIN:
        raise Forbidden("this is the administrator's to do; name one of your services instead")


def check_deploy(caller: Principal) -> None:
    """Raises `Forbidden` for callers that can only submit."""
    if caller.kind is PrincipalKind.SERVICE:
        raise Forbidden("a service's token cannot deploy services")


def may_use_bucket(caller: Principal, bucket: str, *, owner: str) -> bool:
    """Whether the caller may name the bucket in a definition; `owner` "" means nobody's yet."""
    if bucket.startswith(PLATFORM_BUCKETS):
        return False
    return caller.kind is PrincipalKind.ADMIN or owner in ("", caller.id)
