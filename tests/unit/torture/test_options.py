"""What can be asked for."""

from pathlib import Path

import pytest

from statuette.torture.options import parsed


def test_the_defaults_are_ten_minutes_on_both_stores_with_a_seed_of_its_own():
    given, again = parsed([]), parsed([])
    assert (given.minutes, given.files, given.stores) == (10.0, 10_000, ("embedded", "attached"))
    assert given.seed != again.seed


def test_everything_can_be_asked_for():
    words = "fdl.yaml --input a b --minutes 2 --files 5 --seed 9 --store attached --supervisor process --keep"
    given = parsed([*words.split(), "--report", "page.md", "--ledger", "postgresql://x"])
    assert (given.fdl, given.inputs) == (Path("fdl.yaml"), (Path("a"), Path("b")))
    assert (given.minutes, given.files, given.seed, given.stores) == (2.0, 5, 9, ("attached",))
    assert (given.supervisor, given.report, given.ledger) == ("process", Path("page.md"), "postgresql://x")
    assert given.keep


@pytest.mark.parametrize("words", ["--minutes 0", "fdl.yaml", "--input a", "--store other"])
def test_what_makes_no_sense_is_refused(words):
    with pytest.raises(SystemExit) as refused:
        parsed(words.split())
    assert refused.value.code == 2
