"""Starting sandboxes for real: in their groups before they begin, behind a gate, ended as a whole."""

import os
import resource
import select
import signal
import threading
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from statuette.backends.local import processes
from statuette.backends.local.doctor import namespaces
from statuette.backends.local.sandbox import find_bubblewrap
from statuette.backends.local.spawn import Sandbox, Spawner, counts_per_namespace, start_sandbox
from statuette.backends.local.view import View
from statuette.ports.errors import BackendUnavailable

OPTIONS = ["--unshare-all", "--unshare-user", "--die-with-parent", "--as-pid-1", "--ro-bind", "/", "/"]
OPTIONS += ["--proc", "/proc", "--dev", "/dev"]
Start = Callable[..., Sandbox]


@pytest.fixture
def start(need: Callable[[bool, str], None]) -> Iterator[Start]:
    program = find_bubblewrap()
    need(program is not None and namespaces(program).ok, "bubblewrap makes no sandbox here")
    started: list[Sandbox] = []

    def run(script: str, *, groups: tuple[Path, ...] = (), prefix: tuple[str, ...] = ()) -> Sandbox:
        command = ["/bin/sh", "-c", script]
        assert program is not None
        sandbox = start_sandbox(program=program, options=OPTIONS, command=command, prefix=prefix, groups=groups)
        started.append(sandbox)
        return sandbox

    yield run
    for sandbox in started:
        sandbox.end()


def read(descriptor: int, *, within: float = 5.0) -> bytes:
    ready, _, _ = select.select([descriptor], [], [], within)
    return os.read(descriptor, 4096) if ready else b""


def test_process_1_begins_when_the_gate_opens(start: Start) -> None:
    sandbox = start("echo $$; echo wrong >&2; exec sleep 60")
    assert read(sandbox.stdout, within=0.1) == b""
    sandbox.open_gate()
    sandbox.open_gate()
    assert read(sandbox.stdout) == b"1\n"
    assert read(sandbox.stderr) == b"wrong\n"
    assert processes.alive(sandbox.loop, sandbox.loop_started)


def test_it_has_no_environment_of_ours(start: Start, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("STATUETTE_PASSWORD", "s3cret")
    sandbox = start("env; exec sleep 60")
    sandbox.open_gate()
    assert b"s3cret" not in read(sandbox.stdout)


def test_it_is_in_its_groups_before_it_is_made(start: Start, tmp_path: Path) -> None:
    groups = (tmp_path / "memory", tmp_path / "cpu")
    sandbox = start("exec sleep 60", groups=groups)
    assert [group.read_text() for group in groups] == [f"{sandbox.monitor.pid}\n"] * 2


def test_a_group_that_does_not_take_it_is_told(start: Start, tmp_path: Path) -> None:
    with pytest.raises(BackendUnavailable, match="missing/procs"):
        start("true", groups=(tmp_path / "missing" / "procs",))


def test_bubblewrap_s_own_words(need: Callable[[bool, str], None]) -> None:
    program = find_bubblewrap()
    need(program is not None, "no bubblewrap here")
    assert program is not None
    before = set(Path("/proc/self/fd").iterdir())
    with pytest.raises(BackendUnavailable, match=r"could not be made: .*--no-such-option"):
        start_sandbox(program=program, options=["--no-such-option"], command=["/bin/true"], prefix=(), groups=())
    assert set(Path("/proc/self/fd").iterdir()) == before


def test_the_end_ends_everything_inside_and_closes_everything(need: Callable[[bool, str], None]) -> None:
    program = find_bubblewrap()
    need(program is not None and namespaces(program).ok, "bubblewrap makes no sandbox here")
    assert program is not None
    before = set(Path("/proc/self/fd").iterdir())
    command = ["/bin/sh", "-c", "setsid sleep 60 & sleep 60 & echo up; wait"]
    sandbox = start_sandbox(program=program, options=OPTIONS, command=command, prefix=(), groups=())
    sandbox.open_gate()
    said = read(sandbox.stdout)
    inside = {pid: processes.stat(pid) for pid in processes.descendants(sandbox.loop)}
    sandbox.end()
    assert (said, len(inside)) == (b"up\n", 2)
    assert not any(found and processes.alive(pid, found.started) for pid, found in inside.items())
    assert not processes.alive(sandbox.loop, sandbox.loop_started)
    assert set(Path("/proc/self/fd").iterdir()) == before


def test_one_that_ended_by_itself_is_signalled_in_vain(start: Start) -> None:
    sandbox = start("exit 0")
    sandbox.open_gate()
    sandbox.monitor.wait()
    sandbox.signal(signal.SIGTERM)
    sandbox.limit_processes(5)


def test_the_number_of_processes_is_limited(start: Start) -> None:
    sandbox = start("ulimit -u; exec sleep 60")
    sandbox.limit_processes(7)
    if counts_per_namespace(os.uname().release):
        assert resource.prlimit(sandbox.loop, resource.RLIMIT_NPROC) == (7, 7)


def test_what_a_script_did_to_the_pipes_is_undone(start: Start) -> None:
    sandbox = start("exec sleep 60")
    for descriptor in sandbox.script_ends:
        os.set_blocking(descriptor, False)
    sandbox.clear_flags()
    assert all(os.get_blocking(descriptor) for descriptor in sandbox.script_ends)
    assert not os.get_blocking(sandbox.stdout)


@pytest.mark.parametrize(
    ("release", "counts"),
    [
        ("5.13.19-1-pve", False),
        ("5.14.0", True),
        ("5.4.0-150-generic", False),
        ("6.1.0-18-amd64", True),
        ("4.18.0", False),
    ],
)
def test_kernels_that_count_processes_per_namespace(release: str, counts: bool) -> None:
    assert counts_per_namespace(release) is counts


async def test_one_lasting_thread_starts_all() -> None:
    spawner = Spawner(View({}, private=False))
    threads = {await spawner.call(threading.get_native_id) for _ in range(3)}
    assert len(threads) == 1
    assert threads != {threading.get_native_id()}
    with pytest.raises(ZeroDivisionError):
        await spawner.call(lambda: 1 // 0)
    spawner.close()
