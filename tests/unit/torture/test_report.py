"""The figures on a page: a section is replaced, the text around it stays."""

import json

import pytest

from statuette.torture.figures import Figures
from statuette.torture.options import Options
from statuette.torture.report import BEGIN, END, NoPlace, write

OPTIONS = Options(seed=42, minutes=2.0)


def test_only_the_section_changes_and_json_lies_beside(tmp_path):
    page = tmp_path / "page.md"
    page.write_text(f"before\n{BEGIN}\nold\n{END}\nafter\n")
    figures = Figures(store="embedded", not_done=["filling the disk, for a reason"])
    for _ in range(2):
        write(page, OPTIONS, [figures])
    text = page.read_text()
    assert text.startswith(f"before\n{BEGIN}\n")
    assert text.endswith(f"{END}\nafter\n")
    assert text.count("seed 42") == 1
    assert "old" not in text
    assert "Not done: filling the disk, for a reason." in text
    told = json.loads(page.with_suffix(".json").read_text())
    assert told["seed"] == 42
    assert told["platforms"][0]["supposed_to_be_zero"] == {"lost": 0, "duplicated": 0, "corrupted": 0, "left over": 0}


def test_a_page_without_a_place_is_left_alone(tmp_path):
    page = tmp_path / "page.md"
    page.write_text(f"{BEGIN} and no end")
    with pytest.raises(NoPlace):
        write(page, OPTIONS, [Figures(store="embedded")])
    assert page.read_text() == f"{BEGIN} and no end"
