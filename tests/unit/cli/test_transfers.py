"""Progress bars are for terminals only."""

from statuette.cli.transfers import progress_bar


def test_in_a_pipe_nothing_is_shown(capsys) -> None:
    with progress_bar("file", 10) as told:
        told(10)
    assert capsys.readouterr() == ("", "")


def test_on_a_terminal_a_bar_runs_unless_it_is_unwanted(capsys, monkeypatch) -> None:
    monkeypatch.setenv("FORCE_COLOR", "1")
    with progress_bar("file", 10, wanted=False) as told:
        told(10)
    assert capsys.readouterr().err == ""
    with progress_bar("file", 10) as told:
        told(10)
    assert "file" in capsys.readouterr().err
