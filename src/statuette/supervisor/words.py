"""What a script says: into the log, the last of it into the reason, and for a call into files beside its outputs."""

import logging
import os
from collections.abc import Sequence
from errno import EDQUOT, ENOSPC
from pathlib import Path

from statuette.events.sealed import STREAMS, SealedFolder
from statuette.ports.errors import DiskFull
from statuette.ports.logs import LogSink
from statuette.ports.masking import masked

logger = logging.getLogger(__name__)

_TAIL = 4096
_REASON = 200
_IN_MEMORY = 64 * 1024
"""Bytes of a call's stream that wait in memory; what is more goes to the file at once."""
_CUT = b"\n[the rest was cut]\n"


class Words:
    """An `Output` that passes on to a log and remembers the end of stderr, or of stdout when stderr stays empty."""

    def __init__(self, sink: LogSink | None, *, secrets: Sequence[str]) -> None:
        self._sink = sink
        self._secrets = secrets
        self._tails = dict.fromkeys(STREAMS, b"")

    def __call__(self, stream: str, data: bytes) -> None:
        if self._sink is not None:
            self._sink.write(stream, data)
        tail = data if len(data) >= _TAIL else self._tails[stream] + data
        self._tails[stream] = tail[-_TAIL:]

    def tell(self, line: str) -> None:
        """The platform's own word, in the script's log."""
        if self._sink is not None:
            self._sink.write("stderr", f"statuette: {line}\n".encode("utf-8", "backslashreplace"))

    def last_line(self) -> str:
        """The last line of stderr with anything in it, masked, at most 200 characters; "" for none."""
        tail = self._tails["stderr"]
        cut = max((len(secret.encode()) for secret in self._secrets), default=0) if len(tail) == _TAIL else 0
        lines = masked(tail, self._secrets)[cut:].decode("utf-8", "replace").split("\n")
        said = next((line.strip() for line in reversed(lines) if line.strip()), "")
        return "".join(character if character.isprintable() else " " for character in said)[:_REASON]

    def close(self) -> None:
        if self._sink is not None:
            self._sink.close()


class CallWords(Words):
    """Words that are an answer: each stream goes to its file in the call's sealed folder, up to `limit` bytes, and no
    log is kept.
    """

    def __init__(self, *, secrets: Sequence[str], folder: Path, limit: int) -> None:
        super().__init__(None, secrets=secrets)
        self._folder = SealedFolder(folder)
        self._room = dict.fromkeys(STREAMS, limit)
        self._waiting = {name: bytearray() for name in STREAMS}
        self._spilled: set[str] = set()

    def __call__(self, stream: str, data: bytes) -> None:
        super().__call__(stream, data)
        room = self._room[stream]
        if room <= 0:
            return
        self._room[stream] = room - len(data)
        waiting = self._waiting[stream]
        waiting += data if len(data) <= room else data[:room] + _CUT
        if len(waiting) > _IN_MEMORY:
            try:
                self._write(stream)
            except OSError as error:
                # The script goes on: its answer is short of words, which `keep` will not be able to mend either.
                logger.warning("a call's words are lost: %s", error.strerror, extra={"action": "words_lost"})
                waiting.clear()
                self._room[stream] = 0

    def short(self, stream: str) -> bytes:
        """What the stream said, as far as it stayed in memory."""
        return bytes(self._waiting[stream])

    def keep(self) -> None:
        """Write the rest of the streams that went into files. Raises `DiskFull`."""
        try:
            for stream in tuple(self._spilled):
                self._write(stream)
        except OSError as error:
            if error.errno in (ENOSPC, EDQUOT):
                raise DiskFull from error
            raise

    def _write(self, stream: str) -> None:
        self._spilled.add(stream)
        self._folder.path.mkdir(mode=0o700, exist_ok=True)
        flags = os.O_WRONLY | os.O_CREAT | os.O_APPEND | os.O_NOFOLLOW | os.O_CLOEXEC
        with os.fdopen(os.open(self._folder.stream(stream), flags, 0o600), "wb") as file:
            file.write(self._waiting[stream])
        self._waiting[stream].clear()
