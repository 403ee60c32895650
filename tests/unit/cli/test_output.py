"""Tables for pipes and terminals, times, sizes, YAML."""

from datetime import UTC, datetime

import pytest

from statuette.cli.output import as_json, as_yaml, coloured, plain_table, size, time


def test_a_table_in_a_pipe_is_padded_and_never_cut(capsys) -> None:
    plain_table(["NAME", "WHAT"], [["a", "x" * 200], ["longer", ""]])
    assert capsys.readouterr().out.splitlines() == ["NAME    WHAT", "a       " + "x" * 200, "longer"]


@pytest.mark.parametrize(
    ("count", "words"), [(0, "0 B"), (1023, "1023 B"), (1536, "1.5 KiB"), (3 * 2**30, "3.0 GiB"), (2**42, "4.0 TiB")]
)
def test_sizes_are_for_persons(count: int, words: str) -> None:
    assert size(count) == words


def test_a_time_that_has_not_come_is_empty() -> None:
    assert time(None) == ""
    assert len(time(datetime(2026, 1, 1, tzinfo=UTC))) == len("2026-01-01 00:00:00")


def test_texts_cannot_bring_markup() -> None:
    assert (coloured("Failed"), coloured("[red]x")) == ("[red]Failed[/red]", "\\[red]x")


def test_json_and_yaml_keep_letters_as_they_are(capsys) -> None:
    as_json({"a": "ü"})
    as_yaml({"script": "one\ntwo\n", "b": "ü"})
    assert capsys.readouterr().out == '{\n  "a": "ü"\n}\nscript: |\n  one\n  two\nb: ü\n'
