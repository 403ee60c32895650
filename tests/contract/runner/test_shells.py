"""`runner.sh` keeps its protocol under every shell it may meet, alone, as process 1 of a PID namespace."""

import os
import select
import shutil
import signal
import subprocess
import time
from pathlib import Path

import pytest

from statuette.backends.local.channel import assignments
from statuette.backends.local.sandbox import find_bubblewrap

SHELLS = {"dash": ["dash"], "bash": ["bash", "--posix"], "busybox": ["busybox", "sh"]}


class Loop:
    """A runner as its supervisor sees it: a folder, FIFOs, a process."""

    def __init__(self, shell, folder, *, script, life="die", door="fifo", watch="watch"):
        self.folder, self.door = folder, door
        self.control = folder / "control"
        for name in ("control", "config", "work", "left"):
            (folder / name).mkdir()
        for name in ("request", "answer", "life"):
            os.mkfifo(self.control / name)
        shutil.copy(pytest.runner_script, self.control / "runner.sh")
        (folder / "config" / "script.sh").write_text(script)
        self.control.chmod(0o755)
        self.open()
        self.heard = b""
        line = [shutil.which(shell[0]), *shell[1:], "/oscar/control/runner.sh", life, door, watch, "/oscar/control"]
        self.process = subprocess.Popen(
            [*self._sandbox(folder), *line, *(["/left/code"] if life == "linger" else [])],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
        )

    def _sandbox(self, folder):
        line = [find_bubblewrap(), "--unshare-pid", "--unshare-ipc", "--as-pid-1", "--die-with-parent"]
        for name in ("bin", "lib", "lib64"):
            host = Path("/", name)
            line += ["--symlink", host.readlink(), host] if host.is_symlink() else ["--ro-bind-try", host, host]
        line += ["--ro-bind", "/usr", "/usr", "--proc", "/proc", "--dev", "/dev"]
        line += ["--ro-bind", folder / "control", "/oscar/control", "--ro-bind", folder / "config", "/oscar/config"]
        return [*line, "--bind", folder / "work", "/work", "--bind", folder / "left", "/left", "--chdir", "/work"]

    def open(self):
        flags = os.O_RDWR | os.O_NONBLOCK
        self.request, self.answer, self.life = (
            os.open(self.control / name, flags) for name in ("request", "answer", "life")
        )

    def close(self):
        for descriptor in (self.request, self.answer, self.life):
            os.close(descriptor)
        self.request = self.answer = self.life = -1

    def say(self, line):
        if self.door == "stdin":
            self.process.stdin.write(line)
            self.process.stdin.flush()
        else:
            os.write(self.request, line)

    def run(self, name, **variables):
        (self.control / name).write_bytes(assignments(variables))
        self.say(b"run %b\n" % name.encode())

    def code(self, name, *, seconds=10):
        """The answer to a request, within `seconds`."""
        source = self.process.stdout.fileno() if self.door == "stdin" else self.answer
        wanted = (b"\n\x1edone %b " if self.door == "stdin" else b"\ndone %b ") % name.encode()
        deadline = time.monotonic() + seconds
        while wanted not in self.heard or not self.heard.endswith(b"\n"):
            ready, _, _ = select.select([source], [], [], max(0, deadline - time.monotonic()))
            assert ready, f"no answer to {name}: {self.heard!r}"
            self.heard += os.read(source, 65536)
        return int(self.heard.split(wanted)[1].split()[0])

    def output(self):
        """What the script has said, after the loop has ended."""
        self.process.stdin.close()
        if self.request >= 0:
            self.close()
        said = self.process.stdout.read(), self.process.stderr.read()
        self.process.wait(5)
        return said

    def end(self):
        self.process.kill()
        self.process.wait()
        for pipe in (self.process.stdin, self.process.stdout, self.process.stderr):
            pipe.close()
        if self.request >= 0:
            self.close()


@pytest.fixture(params=list(SHELLS))
def loop(request, tmp_path, need):
    shell = SHELLS[request.param]
    need(shutil.which(shell[0]) is not None, request.param)
    need(find_bubblewrap() is not None, "bubblewrap")
    made = []

    def make(script, **options):
        made.append(Loop(shell, tmp_path, script=script, **options))
        return made[-1]

    yield make
    for each in made:
        each.end()


@pytest.mark.parametrize("code", [0, 1, 2, 125, 126, 127, 255])
def test_exit_codes(loop, code):
    runner = loop('exit "$CODE"')
    runner.run("a1", CODE=str(code))
    assert runner.code("a1") == code


def test_every_exit_code_in_one_loop(loop):
    runner = loop('exit "$CODE"')
    for code in range(256):
        runner.run(f"n{code}", CODE=str(code))
        assert runner.code(f"n{code}") == code


@pytest.mark.parametrize(
    "number", [1, 9, 11, 15]
)  # not 2 and 3: shells ignore these in what they start in the background
def test_killed_by_a_signal(loop, number):
    runner = loop(f"kill -{number} $$; sleep 5")
    runner.run("a1")
    assert runner.code("a1") == 128 + number


def test_odd_variables(loop):
    odd = {
        "QUOTES": "it's \"so\" 'odd' '",
        "LINES": "\na\n\nb\n",
        "SHELL_WORDS": "$(id) `id` ${PATH} \\ \\n ! * ~ ; & | #",
        "UNICODE": "größe 日本 \U0001f5ff",
        "CONTROL": "".join(chr(number) for number in range(1, 32)),
        "BYTES": bytes(range(128, 256)).decode("utf-8", "surrogateescape"),
        "EMPTY": "",
        "LARGE": "x'" * (50 * 1024),
    }
    runner = loop("for n in QUOTES LINES SHELL_WORDS UNICODE CONTROL BYTES EMPTY LARGE; do printenv $n; done >out")
    runner.run("a1", **odd)
    assert runner.code("a1") == 0
    expected = b"".join(value.encode("utf-8", "surrogateescape") + b"\n" for value in odd.values())
    assert (runner.folder / "work" / "out").read_bytes() == expected


def test_variables_of_one_run_are_not_the_next_ones(loop):
    runner = loop('echo "$A${B-none}"; exit 0')
    runner.run("a1", A="1", B="2")
    runner.code("a1")
    runner.run("a2", A="3")
    runner.code("a2")
    assert runner.output()[0] == b"12\n3none\n"


@pytest.mark.parametrize(
    "junk",
    [
        b"hello\n",
        b"run\n",
        b"run ../../etc/passwd\n",
        b"run none\n",
        b"run a b\n",
        b"\0\xff\n",
        b"\n\n",
        b"run $(id)\n",
    ],
)
def test_unknown_lines(loop, junk):
    runner = loop("exit 9")
    runner.say(junk)
    runner.run("a1")
    assert runner.code("a1") == 9


def test_a_run_is_not_repeated(loop):
    runner = loop("echo once")
    runner.run("a1")
    runner.code("a1")
    runner.say(b"run a1\n")
    runner.run("a2")
    runner.code("a2")
    assert runner.output()[0] == b"once\nonce\n"


def test_two_outputs_and_no_words_of_the_loop(loop):
    runner = loop("echo out; echo err >&2; kill -9 $$")
    runner.run("a1")
    runner.code("a1")
    assert runner.output() == (b"out\n", b"err\n")


def test_children_left_are_dead_before_the_answer(loop):
    runner = loop(
        "(trap '' TERM HUP; while :; do echo >>/work/beat; done) & (setsid sleep 100 &) ; sleep 0.2; exec 1>&-; exit 0"
    )
    runner.run("a1")
    assert runner.code("a1") == 0
    size = (runner.folder / "work" / "beat").stat().st_size
    time.sleep(0.1)
    assert (runner.folder / "work" / "beat").stat().st_size == size


def test_a_script_that_ends_the_loops_helpers(loop):
    runner = loop("kill -9 -1; exit 3")
    runner.run("a1")
    assert runner.code("a1") == 3


@pytest.mark.parametrize("door", ["fifo", "stdin"])
def test_kill_ends_a_script_that_ignores_signals(loop, door):
    runner = loop("trap '' TERM HUP INT; while :; do sleep 1; done", door=door)
    runner.run("a1")
    time.sleep(0.3)
    if door == "fifo":
        os.write(runner.life, b"kill other\nkill a1\n")
    else:
        runner.say(b"kill other\nkill a1\n")
    assert runner.code("a1", seconds=3) >= 128
    runner.run("a2", A="1")
    time.sleep(0.2)
    (runner.say if door == "stdin" else lambda line: os.write(runner.life, line))(b"kill a2\n")
    assert runner.code("a2", seconds=3) >= 128


@pytest.mark.parametrize("when", ["idle", "busy"])
@pytest.mark.parametrize("door", ["fifo", "stdin"])
def test_die_ends_with_its_supervisor(loop, when, door):
    runner = loop("sleep 60", door=door)
    runner.run("a0")
    time.sleep(0.3)
    if when == "idle":
        (runner.say if door == "stdin" else lambda line: os.write(runner.life, line))(b"kill a0\n")
        runner.code("a0")
    runner.process.stdin.close()
    runner.close()
    runner.process.wait(3)


def test_linger_outlives_its_supervisor_and_leaves_the_code(loop):
    runner = loop("sleep 0.5; exit 11", life="linger")
    runner.run("a1")
    time.sleep(0.2)
    runner.close()
    time.sleep(1)
    assert (runner.folder / "left" / "code").read_text() == "done a1 11\n"
    assert runner.process.poll() is None
    runner.open()
    runner.run("a2")
    assert runner.code("a2") == 11


def test_linger_hears_the_next_supervisor_during_a_run(loop):
    runner = loop("sleep 60", life="linger")
    runner.run("a1")
    time.sleep(0.3)
    runner.close()
    time.sleep(0.2)
    runner.open()
    os.write(runner.life, b"kill a1\n")
    assert runner.code("a1", seconds=3) >= 128


def test_stdin_carries_requests_and_stdout_answers(loop):
    runner = loop("cat; echo words; exit 2", door="stdin")
    runner.run("a1")
    assert runner.code("a1") == 2
    assert b"words\n" in runner.heard


def test_check_answers(loop):
    runner = loop(":")
    for word in (b"hello", b"check"):
        runner.say(word + b" c" + word + b"\n")
        assert runner.code(f"c{word.decode()}") == 0


def test_a_term_from_outside_ends_the_run_and_not_the_loop(loop):
    runner = loop('[ "$FAST" ] && exit 4; sleep 60', watch="reached")
    for name in ("a1", "a2"):
        runner.run(name)
        time.sleep(0.3)
        child = int(_children(runner.process.pid)[0])
        os.kill(child, signal.SIGTERM)
        assert runner.code(name, seconds=3) >= 128
        os.kill(child, signal.SIGTERM)
    runner.run("a3", FAST="1")
    assert runner.code("a3") == 4


def test_it_refuses_to_be_any_process_but_the_first(tmp_path):
    ended = subprocess.run(["sh", pytest.runner_script, "die", "fifo", "watch", tmp_path], check=False, timeout=5)
    assert ended.returncode == 125


def _children(pid):
    return Path(f"/proc/{pid}/task/{pid}/children").read_text().split()
