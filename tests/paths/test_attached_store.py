"""A store that somebody else runs: used, swept, never started or stopped."""

import json
from pathlib import Path

import pytest

from .platform import Platform, alive, running

COPY = 'cp "$INPUT_FILE_PATH" "$TMP_OUTPUT_DIR/"\n'


def test_files_in_an_attached_store_are_found_by_the_sweep(shared: Platform, tmp_path: Path, name: str) -> None:
    store = next(pid for pid in shared.children() if b"weed" in Path(f"/proc/{pid}/cmdline").read_bytes())
    root = json.loads((shared.state / "store" / "root.json").read_text())
    endpoint = shared.ask("GET", "/system/config").json()["minio_provider"]["endpoint"]
    settings = {
        "store_endpoint": endpoint,
        "store_access_key": root["access_key"],
        "store_secret_key": root["secret_key"],
        "sweep_every": "0.5",
    }
    with running(tmp_path / "other", **settings) as other:
        status = other.ask("GET", "/system/status").json()["statuette"]
        assert status["store"]["kind"] == "attached"
        assert not (other.state / "store").exists(), "no store of its own"
        other.deploy(name, COPY)
        other.put(f"{name}/in/x", b"far away")
        assert len(other.ended(name)) == 1
        assert other.get(f"{name}/out/x") == b"far away"
    assert alive(store), "the attached store goes on"
    assert shared.ask("GET", "/health").text == "Ok"


@pytest.mark.parametrize("fault", ["nobody there", "wrong key"])
def test_a_store_that_cannot_be_used_is_told_in_a_line(shared: Platform, tmp_path: Path, fault: str) -> None:
    endpoint = shared.ask("GET", "/system/config").json()["minio_provider"]["endpoint"]
    url, words = {
        "nobody there": ("http://127.0.0.1:9", "Error: the attached store does not answer"),
        "wrong key": (endpoint, "Error: the attached store does not take the key"),
    }[fault]
    other = Platform(tmp_path / "state", store_endpoint=url, store_access_key="a", store_secret_key="b")
    with pytest.raises(AssertionError, match="the manager ended") as ended:
        other.up(wait=30)
    assert other.down() == 1
    assert words in str(ended.value)
    assert "Traceback" not in str(ended.value)
