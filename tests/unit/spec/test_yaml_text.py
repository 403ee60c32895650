"""YAML as literal text, with lines."""

import pytest

from statuette.spec.errors import InvalidDefinition
from statuette.spec.yaml_text import read


@pytest.mark.parametrize("text", ["1.0", "yes", "No", "0x10", "010", "1e3", "2024-01-01", "1:30", "TRUE", ".inf", "="])
def test_plain_scalars_keep_their_text(text):
    assert read(f"a: {text}", file="f").value == {"a": text}


@pytest.mark.parametrize(("text", "value"), [("", None), ("~", None), ("null", None), ("'null'", "null"), ('""', "")])
def test_what_is_nothing(text, value):
    assert read(f"a: {text}", file="f").value == {"a": value}


def test_merged_keys_do_not_override():
    document = read("b: &b {x: 1, y: 2}\nc: &c {x: 3}\nm: {<<: [*b, *c], y: 9}", file="f")
    assert document.value["m"] == {"x": "1", "y": "9"}


def test_lines_of_places_in_any_case():
    document = read("A:\n  b:\n  - c\n  - D: e\n", file="f")
    assert document.line(("a", "b", 1, "d")) == 4
    assert document.line(("a", "b", 1, "none", 0)) == 4
    assert document.line(("x",)) == 1


def test_tags_of_programs_are_refused():
    with pytest.raises(InvalidDefinition, match=r"f:2: the tag"):
        read("a: 1\nb: !!python/name:os.system x", file="f")
