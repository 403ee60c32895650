"""Sealed folders left behind are removed; those from which an upload goes on stay."""

import logging

from statuette.ports.errors import LedgerUnavailable
from statuette.supervisor import tidy


async def test_only_what_is_needed_stays(tmp_path):
    for name in ("ocr-1-1", "ocr-2-1"):
        (tmp_path / name).mkdir()
        (tmp_path / name / "out.txt").write_text("x")

    async def needed(name):
        return name == "ocr-2-1"

    assert await tidy(tmp_path, needed=needed) == 1
    assert [folder.name for folder in tmp_path.iterdir()] == ["ocr-2-1"]
    assert await tidy(tmp_path, needed=needed) == 0


async def test_without_an_answer_everything_stays(tmp_path, caplog):
    (tmp_path / "ocr-1-1").mkdir()

    async def needed(_):
        raise LedgerUnavailable("closed")

    with caplog.at_level(logging.WARNING):
        assert await tidy(tmp_path, needed=needed) == 0
    assert (tmp_path / "ocr-1-1").is_dir()
    assert "stays" in caplog.text
