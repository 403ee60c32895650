"""Every class of the error tree has its status."""

import pytest

from statuette.ports import errors
from statuette.spec import InvalidDefinition, load_service
from statuette.web import PageNotFound, Unauthorized, refusal_of

CLASSES = [cls for cls in vars(errors).values() if isinstance(cls, type) and issubclass(cls, errors.Fault)]


@pytest.mark.parametrize("cls", [cls for cls in CLASSES if cls is not errors.Fault])
def test_no_class_is_left_out(cls):
    refusal = refusal_of(cls())
    assert refusal.known
    assert refusal.status in (400, 403, 404, 409, 413, 500, 502, 503)


def test_invalid_definitions_name_every_field():
    with pytest.raises(InvalidDefinition) as caught:
        load_service({"name": "", "cpu": 1.0})
    refusal = refusal_of(caught.value)
    assert refusal.status == 400
    assert len(refusal.text.splitlines()) >= 2


def test_all_problems_are_shown():
    refusal = refusal_of(errors.BadInput("not valid", problems=["name: missing", "cpu: not a quantity"]))
    assert refusal.text == "not valid\nname: missing\ncpu: not a quantity"


@pytest.mark.parametrize(("seconds", "header"), [(0, b"1"), (0.2, b"1"), (1, b"1"), (1.01, b"2"), (60, b"60")])
def test_retry_after_is_whole_seconds(seconds, header):
    assert refusal_of(errors.Busy(retry_after=seconds)).headers == ((b"retry-after", header),)


def test_challenge_only_where_basic_is_asked_for():
    assert refusal_of(Unauthorized(challenge=False)).headers == ()
    assert refusal_of(Unauthorized(challenge=True)).headers == (
        (b"www-authenticate", b'Basic realm="Authorization Required"'),
    )


def test_no_page_has_a_text_and_no_thing_has_none():
    assert refusal_of(PageNotFound()).text == "404 page not found"
    assert refusal_of(errors.NotFound("a thing")).text == ""


@pytest.mark.parametrize(
    "error", [ValueError("secret"), KeyError("secret"), OSError(5, "secret"), errors.Fault("secret")]
)
def test_unknown_errors_say_nothing(error):
    refusal = refusal_of(error)
    assert (refusal.status, refusal.text, refusal.known) == (500, "", False)
