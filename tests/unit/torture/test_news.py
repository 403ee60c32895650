"""Progress, read from the manager's log."""

import json

from statuette.torture.news import News, Tail


def line(**fields):
    return json.dumps(fields).encode() + b"\n"


def test_a_growing_log_is_read_once_and_in_whole_lines(tmp_path):
    log, news = tmp_path / "log", News()
    tail = Tail(log, news)
    tail.read()
    published = line(action="report", state="published", message="attempt ended")
    log.write_bytes(published + published[:20])
    tail.read()
    assert news.states["published"] == 1
    with log.open("ab") as file:
        file.write(published[20:] + b"Error: no JSON\n{broken\n")
        file.write(line(action="sweep", message="swept for start: 9 objects, 4 recovered, 0 inputs failed"))
        file.write(line(action="x", message="y", exception="Traceback\n  …\nValueError: bad"))
    tail.read()
    tail.read()
    assert (news.states["published"], news.recovered) == (2, 4)
    assert news.broken == {"ValueError: bad": 1}


def test_a_gap_counts_only_while_there_is_work():
    news = News()
    news.last -= 100
    news.pause(idle=True)
    assert news.worst_gap < 1
    news.last -= 50
    news.pause(idle=False)
    assert 50 <= news.worst_gap < 51
