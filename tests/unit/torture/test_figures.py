"""The figures, and what of them makes a torture fail."""

from statuette.torture.figures import Figures, rows
from statuette.torture.schedule import Kind, Part


def good():
    figures = Figures(store="embedded", files=10, wanted=10, recovered=1, seconds=60.0)
    for part in (Part.RUNNER, Part.STORE, Part.MANAGER):
        figures.delivered[Kind.KILL, part] = 2
    figures.delivered[Kind.STOP, Part.STORE] = 3
    figures.delivered[Kind.AHEAD, Part.STREAM] = 1
    return figures


def test_nothing_is_wrong_with_good_figures():
    figures = good()
    assert figures.wrong() == []
    assert (figures.kills(Part.MANAGER), figures.stops) == (3, 3)


def test_whatever_should_be_zero_and_is_not_is_wrong():
    figures = good()
    figures.verdict.lost.append("a")
    figures.verdict.duplicated.append("b")
    figures.verdict.corrupted.append("c")
    figures.left.append("d")
    figures.fell.append("e")
    assert figures.wrong() == [
        "lost: a",
        "duplicated: b",
        "corrupted: c",
        "left over: d",
        "the manager ended by itself: e",
    ]


def test_a_torture_that_hurt_nobody_is_wrong_itself():
    found = Figures(store="embedded", files=3, wanted=10).wrong()
    assert [line for line in found if "was killed" in line] == [
        f"the torture: no {part} was killed" for part in ("runner", "store", "manager")
    ]
    assert "the torture: no file was recovered by the sweep" in found
    assert "the torture: only 3 of 10 files were put" in found


def test_the_table_has_a_cell_for_each_platform():
    table = dict(rows([good(), good()]))
    assert table["lost"] == ["0", "0"]
    assert table["SIGKILL on a manager"] == ["3", "3"]
    assert table["fire, s"] == ["60.0", "60.0"]
    assert all(len(cells) == 2 for cells in table.values())
