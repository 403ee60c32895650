"""What a person sees."""

import io

from rich.console import Console

from statuette.torture.show import Show, View

VIEW = View("fire", 0.5, {"files": "3/10", "jobs done": "2"})


def test_elsewhere_than_on_a_terminal_there_is_a_line_now_and_then():
    text = io.StringIO()
    show = Show(Console(file=text, width=200))
    with show.showing():
        show.view(VIEW)
        show.view(VIEW)
    assert text.getvalue() == "fire 50%: files 3/10, jobs done 2\n"


def test_on_a_terminal_there_is_a_table_with_a_bar():
    text = io.StringIO()
    show = Show(Console(file=text, width=100, force_terminal=True))
    with show.showing():
        show.view(VIEW)
        show._live.refresh()
    assert "jobs done" in text.getvalue()
    assert "50 %" in text.getvalue()
