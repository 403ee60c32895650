"""What all parts of a definition share."""

import pytest
from pydantic import Field, ValidationError

from statuette.spec.base import Part, Text, TextMap, Texts, Whole


class Sample(Part):
    _optional = frozenset({"last"})

    first: Text = ""
    count: Whole = 0
    many: Texts = Field(default_factory=list)
    named: TextMap = Field(default_factory=dict)
    last: Text = "z"


def test_spellings():
    assert Sample.spelling("FIRST") == "first"
    assert Sample.spelling("other") is None


def test_keys_in_any_case_and_null_for_the_default():
    assert Sample.model_validate({"First": 1, "COUNT": "7", "many": "x", "Named": {"A": None}, "last": None}) == Sample(
        first="1", count=7, many=["x"], named={"A": ""}
    )


@pytest.mark.parametrize(
    "data", [{"first": True}, {"first": []}, {"count": True}, {"count": 1.5}, {"count": 2**31}, {"first": "\ud800"}]
)
def test_what_cannot_be_meant_is_refused(data):
    with pytest.raises(ValidationError):
        Sample.model_validate(data)


def test_the_wire_leaves_out_optional_defaults_only():
    assert Sample().wire() == {"first": "", "count": 0, "many": [], "named": {}}
    assert list(Sample(last="y").wire()) == ["first", "count", "many", "named", "last"]


def test_the_wire_shares_nothing_with_the_part():
    part = Sample(many=["x"])
    part.wire()["many"].append("y")
    assert part.many == ["x"]


def test_errors_do_not_show_what_was_sent():
    with pytest.raises(ValidationError) as caught:
        Sample.model_validate({"named": {"A": ["s3cret"]}})
    assert "s3cret" not in str(caught.value)
