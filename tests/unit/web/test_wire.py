"""JSON in and out."""

import pytest

from statuette.ports.errors import BadInput
from statuette.web import dump_json, load_object


def test_compact_in_the_order_given_and_escaped():
    assert dump_json({"b": 1, "a": "<&>\u2028é"}) == '{"b":1,"a":"\\u003c\\u0026\\u003e\\u2028é"}'.encode()


@pytest.mark.parametrize(
    ("data", "value"),
    [(b"{}", {}), (b' \n{"A": 1}', {"A": 1}), (b'{"a": 1} and more', {"a": 1}), (b'{"a": 1}{"b": 2}', {"a": 1})],
)
def test_first_object_is_read(data, value):
    assert load_object(data) == value


@pytest.mark.parametrize(
    ("data", "said"),
    [
        (b"", "empty"), (b" \n", "empty"), (b"[1]", "an array"), (b'"a"', "a string"), (b"null", "null"),
        (b"true", "a number or a boolean"), (b"1.5", "a number or a boolean"), (b"{", "not JSON"),
        (b"\xff{}", "not JSON"),
        (b'{"a": Infinity}', "not JSON"), (b'{"a": "\\udc00"}', "not JSON"), (b"[" * 100_000, "not JSON"),
        (b'{"a":' * 100_000, "not JSON"), (b'{"a": 1' + b"0" * 5000 + b"}x", "not JSON"),
        (b"\xef\xbb\xbf{}", "not JSON"),
    ],
    ids=lambda value: value[:12] if isinstance(value, str) else "",
)  # fmt: skip
def test_what_is_no_object_is_named(data, said):
    with pytest.raises(BadInput, match=said):
        load_object(data)
