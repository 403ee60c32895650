"""A short fire: two minutes in all, one platform with its own store and one with an attached store behind proxies."""

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

SEED = os.environ.get("TORTURE_SEED", "")
LIMIT = 480


@pytest.mark.slow
@pytest.mark.timeout(LIMIT + 60)
@pytest.mark.parametrize("store", ["embedded", "attached"])
def test_nothing_is_lost_doubled_corrupted_or_left(store: str, tmp_path: Path) -> None:
    page = tmp_path / "reliability.md"
    page.write_text("<!-- torture: begin -->\n<!-- torture: end -->\n")
    command = [sys.executable, "-m", "statuette.torture", "--minutes", "1", "--files", "600", "--store", store]
    command += ["--report", str(page), *(["--seed", SEED] if SEED else [])]
    environment = {**os.environ, "COLUMNS": "120"}
    ran = subprocess.run(command, capture_output=True, text=True, timeout=LIMIT, env=environment, check=False)
    assert ran.returncode == 0, f"{ran.stderr[-3000:]}\n{ran.stdout[-6000:]}"
    told = json.loads(page.with_suffix(".json").read_text())
    assert f"seed {told['seed']}" in page.read_text()
    [figures] = told["platforms"]
    assert set(figures["supposed_to_be_zero"].values()) == {0}
    assert figures["files"] == 600
    assert all(figures["delivered"][f"kill: {part}"] for part in ("runner", "store", "manager"))
    assert figures["recovered"] > 0
