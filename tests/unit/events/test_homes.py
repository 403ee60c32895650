"""Whose a runner is."""

import pytest

from statuette.events.homes import home_of, is_upload_line, runner_name, upload_line


@pytest.mark.parametrize("home", ["", "a1b2"])
def test_a_runner_tells_its_manager(home):
    name = runner_name(home, "cat-0123")
    assert name.endswith("cat-0123")
    assert home_of(name) == home


def test_uploads_wait_apart_for_each_manager():
    lines = [upload_line(runner_name(home, "publisher")) for home in ("", "a", "b")]
    assert len(set(lines)) == 3
    assert upload_line(runner_name("a", "cat-1")) == lines[1]
    assert all(map(is_upload_line, lines))


def test_a_service_s_line_is_none_of_uploads():
    assert not is_upload_line("cat")
