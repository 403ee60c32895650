"""A store's answers become the platform's errors."""

import pytest

from statuette.adapters.store_s3.faults import fault_of
from statuette.ports.errors import BadInput, DiskFull, Fault, Forbidden, NotFound, ObjectGone, StoreUnavailable


@pytest.mark.parametrize(
    ("status", "code", "fault"),
    [
        (404, "NoSuchKey", ObjectGone),
        (404, "NoSuchBucket", NotFound),
        (412, "PreconditionFailed", ObjectGone),
        (403, "AccessDenied", Forbidden),
        (400, "KeyTooLongError", BadInput),
        (507, "XMinioStorageFull", DiskFull),
        (500, "InternalError", StoreUnavailable),
        (503, "SlowDown", StoreUnavailable),
    ],
)
def test_each_answer_has_its_error(status: int, code: str, fault: type[Fault]) -> None:
    assert type(fault_of(status, f"<Error><Code>{code}</Code></Error>", what="GET b")) is fault
