"""The protocol spoken with `supervisor/runner.sh`, from outside: FIFOs, requests, answers, the file of variables."""

import contextlib
import logging
import os
import re
from collections.abc import Mapping
from pathlib import Path

from statuette.backends.local.folders import RunnerFolders

_log = logging.getLogger(__name__)

_NAME = re.compile(r"[A-Za-z_][A-Za-z0-9_]*\Z", re.ASCII)
_SHELL_OWN = frozenset(
    {"UID", "EUID", "PPID", "BASHOPTS", "SHELLOPTS", "BASH_VERSINFO", "OPTIND", "LINENO", "PWD", "OLDPWD", "_"}
)
"""Names that one of the shells refuses to have set, which would end it, or sets itself."""
_LONGEST = 128 * 1024
"""Linux passes no single `name=value` of 128 KiB or more to a program (MAX_ARG_STRLEN)."""
_TAIL = 4096
_LONGEST_CODE = 3


def assignments(variables: Mapping[str, str]) -> bytes:
    """The variables as lines of single-quoted assignments, byte for byte.

    Left out, with a line in our log: names no shell can have, values with NUL or of 128 KiB and more (`execve` takes
    neither).
    """
    lines = []
    for name, value in variables.items():
        content = value.encode("utf-8", "surrogateescape")
        if not _NAME.match(name) or name in _SHELL_OWN or b"\0" in content or len(name) + len(content) + 2 > _LONGEST:
            _log.warning(
                "a variable cannot be passed to the script", extra={"action": "variables", "variable": name[:64]}
            )
            continue
        lines.append(b"export %b='%b'\n" % (name.encode(), content.replace(b"'", b"'\\''")))
    return b"".join(lines)


class Answers:
    """Finds the one awaited answer among whatever the script may have written there."""

    def __init__(self) -> None:
        self._awaited = b""
        self._tail = b""

    def expect(self, request: str) -> None:
        """Forget what came; the next `code` is this request's."""
        self._awaited = request.encode()
        self._tail = b""

    def code(self, data: bytes) -> int | None:
        """The awaited exit code, once it has come; it is told once."""
        if not self._awaited:
            return None
        self._tail += data
        _, found, after = self._tail.partition(b"\ndone %b " % self._awaited)
        self._tail = self._tail[-_TAIL:]
        code, ended, _ = after.partition(b"\n")
        if not found or not ended or not code.isdigit() or len(code) > _LONGEST_CODE:
            return None
        self._awaited = b""
        return int(code)


class Channel:
    """Our ends of a runner's FIFOs. They are opened for both directions, so no open ever waits; we never block on
    them."""

    def __init__(self, folders: RunnerFolders) -> None:
        flags = os.O_RDWR | os.O_NONBLOCK | os.O_CLOEXEC
        self._control = folders.control
        self._request = os.open(folders.control / "request", flags)
        self.answer = os.open(folders.control / "answer", flags)
        self._life = os.open(folders.control / "life", flags)

    def put_variables(self, request: str, content: bytes) -> Path:
        """Lay down the variables of a run; the caller removes the file afterwards. Raises OSError (disk full)."""
        path = self._control / request
        try:
            path.write_bytes(content)
            path.chmod(0o644)
        except OSError:
            path.unlink(missing_ok=True)
            raise
        return path

    def send(self, word: str, request: str) -> bool:
        """Send a request; False when the FIFO is stuffed. The line starts with a line end, against a half line left
        in it."""
        try:
            os.write(self._request, f"\n{word} {request}\n".encode())
        except BlockingIOError:
            return False
        return True

    def drain(self) -> None:
        """Throw away what a script wrote into the FIFOs that only we write into."""
        for descriptor in (self._request, self._life):
            with contextlib.suppress(BlockingIOError):
                while os.read(descriptor, 65536):
                    continue

    def close(self) -> None:
        """Close our ends: end-of-file for the loop."""
        for descriptor in (self._request, self.answer, self._life):
            os.close(descriptor)
