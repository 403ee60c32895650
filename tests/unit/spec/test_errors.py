"""How problems are told."""

import pytest

from statuette.spec.errors import InvalidDefinition, Problem, shown


def test_one_line_for_each_problem():
    error = InvalidDefinition([Problem("cpu", "is wrong"), Problem("input[0].path", "is missing")])
    assert error.problems == ["cpu: is wrong", "input[0].path: is missing"]
    assert str(error) == "cpu: is wrong\ninput[0].path: is missing"
    assert isinstance(error, ValueError)


@pytest.mark.parametrize("value", ["x", "a\nb", "\0", "é", "x" * 61, "\n" * 10_000, "\ud800"])
def test_shown_values_are_short_printable_and_on_one_line(value):
    text = shown(value)
    assert text.isprintable()
    assert len(text) < 250
    text.encode()
