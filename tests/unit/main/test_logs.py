"""The manager's log: a line of JSON for each record, with what it carries beside its words."""

import json
import logging
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from statuette.main.logs import JsonLines, set_up_logging


def line(message: str, *args: object, **more: Any) -> dict[str, Any]:
    record = logging.makeLogRecord(
        {"name": "statuette.x", "levelno": 30, "levelname": "WARNING", "msg": message, "args": args, **more}
    )
    text = JsonLines().format(record)
    assert "\n" not in text
    entry: dict[str, Any] = json.loads(text)
    return entry


def test_words_level_logger_and_what_was_given_beside_them() -> None:
    entry = line("gone: %s", "a\nb", action="lost", job="j-1", path=Path("/x"))
    assert {name: entry[name] for name in ("level", "logger", "message", "action", "job", "path")} == {
        "level": "warning",
        "logger": "statuette.x",
        "message": "gone: a\nb",
        "action": "lost",
        "job": "j-1",
        "path": "/x",
    }
    assert set(entry) == {"time", "level", "logger", "message", "action", "job", "path"}


def test_the_time_is_utc_to_the_millisecond() -> None:
    assert line("x", created=1_750_000_000.25, msecs=250.0)["time"] == "2025-06-15T15:06:40.250Z"


def test_an_exception_is_on_the_same_line() -> None:
    try:
        int("what")
    except ValueError:
        entry = line("broken", exc_info=sys.exc_info())
    assert entry["exception"].endswith("ValueError: invalid literal for int() with base 10: 'what'")
    assert "exc_text" not in entry


@pytest.fixture
def root() -> Iterator[logging.Logger]:
    logger = logging.getLogger()
    handlers, level = logger.handlers[:], logger.level
    chatty = {name: logging.getLogger(name).level for name in ("httpx", "botocore", "uvicorn.error", "alembic")}
    chatty |= {name: logging.getLogger(name).level for name in ("urllib3", "httpcore", "asyncio")}
    logger.handlers = []
    yield logger
    logger.handlers = handlers
    logger.setLevel(level)
    for name, before in chatty.items():
        logging.getLogger(name).setLevel(before)


def test_all_logs_go_to_standard_error_and_the_chatty_are_silenced(
    root: logging.Logger, capsys: pytest.CaptureFixture[str]
) -> None:
    set_up_logging("info")
    logging.getLogger("statuette.y").info("said", extra={"action": "say"})
    logging.getLogger("statuette.y").debug("not said")
    logging.getLogger("httpx").info("GET http://x?token=secret")
    captured = capsys.readouterr()
    assert captured.out == ""
    assert [json.loads(text)["message"] for text in captured.err.splitlines()] == ["said"]
