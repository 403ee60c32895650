"""What every back end keeps: `BackendSuite` for all, `IsolationSuite` for those that run strangers' scripts.

A test module subclasses a suite and gives it the fixture `backend`.
"""

import asyncio
import contextlib
import os
import secrets
import time
from collections.abc import AsyncIterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path

import pytest

from statuette.ports.backend import Backend, End, Environment, Preparation, Runner, RunnerOrder, RunOrder, RunResult
from statuette.ports.errors import BadInput

HOST = Environment(image="host")


def order(
    script: str, *, name: str = "", memory: int = 256 << 20, network: bool = False, **variables: str
) -> RunnerOrder:
    """An order for a runner of this script."""
    return RunnerOrder(
        id=name or secrets.token_hex(8),
        service="suite",
        revision=1,
        environment=HOST,
        cpu=1000,
        memory=memory,
        network=network,
        files={"script.sh": script.encode(), "function_config.yaml": b"name: suite\n"},
        variables=variables,
    )


@dataclass(slots=True)
class Heard:
    """What a run said, by stream, and when each piece came (monotonic seconds)."""

    stdout: bytearray = field(default_factory=bytearray)
    stderr: bytearray = field(default_factory=bytearray)
    times: list[float] = field(default_factory=list)

    def __call__(self, stream: str, data: bytes) -> None:
        self.times.append(time.monotonic())
        (self.stdout if stream == "stdout" else self.stderr).extend(data)


class Stage:
    """Starts runners and stops them all at the end of a test."""

    def __init__(self, backend: Backend) -> None:
        self.backend = backend
        self._ids: list[str] = []

    async def runner(self, script: str, *, memory: int = 256 << 20, network: bool = False, **variables: str) -> Runner:
        """A started runner."""
        wanted = order(script, memory=memory, network=network, **variables)
        self._ids.append(wanted.id)
        return await self.backend.start(wanted)

    async def close(self) -> None:
        """Stop every runner."""
        for identifier in self._ids:
            await self.backend.stop(identifier)


async def run(
    runner: Runner, *, timeout: float = 20.0, variables: Mapping[str, str] | None = None
) -> tuple[RunResult, Heard]:
    """One run; the time-out keeps a broken back end from hanging the suite."""
    heard = Heard()
    wanted = RunOrder(id=secrets.token_hex(16), variables=variables or {}, timeout=timeout)
    return await runner.run(wanted, heard), heard


class BackendSuite:
    """A subclass gives the fixture `backend`."""

    @pytest.fixture
    async def stage(self, backend: Backend) -> AsyncIterator[Stage]:
        stage = Stage(backend)
        async for _ in backend.prepare(HOST):
            continue
        yield stage
        await stage.close()

    async def test_a_script_runs_and_its_words_and_code_come_back(self, stage: Stage) -> None:
        runner = await stage.runner("echo out; echo err >&2; exit 3")
        result, heard = await run(runner)
        assert (result.end, result.exit_code) == (End.EXITED, 3)
        assert (bytes(heard.stdout), bytes(heard.stderr)) == (b"out\n", b"err\n")
        assert result.started <= result.ended <= time.time()

    async def test_the_shebang_is_ignored(self, stage: Stage) -> None:
        result, heard = await run(await stage.runner("#!/bin/false\necho still sh\n"))
        assert (result.exit_code, bytes(heard.stdout)) == (0, b"still sh\n")

    async def test_a_runner_is_used_many_times(self, stage: Stage) -> None:
        runner = await stage.runner('exit "$CODE"')
        codes = [(await run(runner, variables={"CODE": str(code)}))[0].exit_code for code in (0, 1, 2, 255)]
        assert codes == [0, 1, 2, 255]

    async def test_variables_of_the_runner_and_of_the_run(self, stage: Stage) -> None:
        runner = await stage.runner('printf "%s|%s|%s" "$A" "$B" "${C-none}"', A="of runner", B="of runner")
        odd = 'it\'s "odd"\n$(id) `id` \\ é'
        _, heard = await run(runner, variables={"B": odd, "C": "once"})
        assert heard.stdout.decode() == f"of runner|{odd}|once"
        _, heard = await run(runner)
        assert heard.stdout.decode() == "of runner|of runner|none"

    async def test_output_comes_while_the_script_runs(self, stage: Stage) -> None:
        _, heard = await run(await stage.runner("echo first; sleep 0.5; echo second"))
        assert bytes(heard.stdout) == b"first\nsecond\n"
        assert heard.times[-1] - heard.times[0] > 0.3

    async def test_binary_and_much_output_is_whole(self, stage: Stage) -> None:
        script = "head -c 3000000 /dev/zero | tr '\\0' '\\377'; printf 'a\\000b'"
        result, heard = await run(await stage.runner(script))
        assert result.exit_code == 0
        assert bytes(heard.stdout) == b"\xff" * 3_000_000 + b"a\0b"

    async def test_a_script_killed_by_a_signal(self, stage: Stage) -> None:
        result, _ = await run(await stage.runner("kill -9 $$"))
        assert (result.end, result.exit_code) == (End.EXITED, 137)

    async def test_files_pass_through_the_workspace(self, stage: Stage) -> None:
        runner = await stage.runner('cp "$IO/in/a b" "$IO/out/c"')
        given = runner.workspace.host / "in" / "a b"
        given.write_bytes(b"\0content")
        os.chown(given, *runner.workspace.owner)
        result, _ = await run(runner, variables={"IO": runner.workspace.guest})
        assert result.exit_code == 0
        assert (runner.workspace.host / "out" / "c").read_bytes() == b"\0content"

    async def test_a_time_out_ends_the_run_and_not_the_runner(self, stage: Stage) -> None:
        runner = await stage.runner('trap "" TERM; echo on; [ "$SLOW" ] && sleep 30; exit 0')
        begun = time.monotonic()
        result, heard = await run(runner, timeout=0.5, variables={"SLOW": "1"})
        assert (result.end, result.exit_code, bytes(heard.stdout)) == (End.TIMED_OUT, None, b"on\n")
        assert time.monotonic() - begun < 5
        assert await runner.reset()
        assert (await run(runner))[0].exit_code == 0

    async def test_kill_ends_the_run(self, stage: Stage) -> None:
        runner = await stage.runner("sleep 30")
        running = asyncio.ensure_future(run(runner))
        await asyncio.sleep(0.2)
        await runner.kill()
        result, _ = await asyncio.wait_for(running, 5)
        assert (result.end, result.exit_code) == (End.KILLED, None)

    async def test_kill_without_a_run_does_nothing(self, stage: Stage) -> None:
        runner = await stage.runner("exit 4")
        await runner.kill()
        assert (await run(runner))[0].exit_code == 4

    async def test_cancelling_kills_what_runs(self, stage: Stage) -> None:
        runner = await stage.runner(
            'while :; do echo >> ../io/out/beat 2>/dev/null || echo >>"$IO/out/beat"; sleep 0.05; done'
        )
        running = asyncio.ensure_future(run(runner, variables={"IO": runner.workspace.guest}))
        await asyncio.sleep(0.3)
        running.cancel()
        with pytest.raises(asyncio.CancelledError):
            await running
        size = _size(runner.workspace.host / "out" / "beat")
        await asyncio.sleep(0.3)
        assert _size(runner.workspace.host / "out" / "beat") == size > 0

    async def test_a_process_left_behind_is_ended(self, stage: Stage) -> None:
        runner = await stage.runner('(while :; do echo >>"$IO/out/beat"; sleep 0.02; done) >/dev/null 2>&1 & sleep 0.2')
        result, _ = await run(runner, variables={"IO": runner.workspace.guest})
        assert result.exit_code == 0
        size = _size(runner.workspace.host / "out" / "beat")
        await asyncio.sleep(0.2)
        assert _size(runner.workspace.host / "out" / "beat") == size

    async def test_reset_leaves_no_file(self, stage: Stage) -> None:
        runner = await stage.runner(
            'ls -A . "$TMPDIR" "$IO/in" "$IO/out" | grep -c left; touch left "$TMPDIR/left" "$IO/out/left"'
        )
        for _ in range(2):
            _, heard = await run(runner, variables={"IO": runner.workspace.guest})
            assert heard.stdout.strip() == b"0"
            assert await runner.reset()
        assert sorted(entry.name for entry in runner.workspace.host.iterdir()) == ["in", "out"]
        assert not any((runner.workspace.host / "out").iterdir())

    async def test_two_runners_at_once(self, stage: Stage) -> None:
        runners = [await stage.runner("sleep 0.3; echo $ME", ME=str(number)) for number in (1, 2)]
        begun = time.monotonic()
        heard = await asyncio.gather(*(run(runner) for runner in runners))
        assert [bytes(said.stdout) for _, said in heard] == [b"1\n", b"2\n"]
        assert time.monotonic() - begun < 2

    async def test_stop_ends_a_run_and_removes_all(self, stage: Stage) -> None:
        runner = await stage.runner("sleep 30")
        running = asyncio.ensure_future(run(runner))
        await asyncio.sleep(0.2)
        await stage.backend.stop(runner.id)
        result, _ = await asyncio.wait_for(running, 5)
        assert (result.end, result.exit_code) == (End.DIED, None)
        assert not runner.workspace.host.exists()
        assert (await run(runner))[0].end is End.DIED
        assert not await runner.reset()

    async def test_stop_is_idempotent(self, stage: Stage) -> None:
        runner = await stage.runner(":")
        for identifier in (runner.id, runner.id, "never-started"):
            await stage.backend.stop(identifier)

    async def test_an_image_that_cannot_be_had_is_refused(self, stage: Stage) -> None:
        steps = stage.backend.prepare(Environment(image="python:3.12"))
        with pytest.raises(BadInput, match="install"):
            await anext(steps)

    async def test_prepare_ends_ready(self, backend: Backend) -> None:
        steps = [progress.step async for progress in backend.prepare(HOST)]
        assert steps[-1] is Preparation.READY

    async def test_capacity_says_what_there_is(self, backend: Backend) -> None:
        capacity = backend.capacity()
        assert capacity.cpu >= 1000
        assert capacity.memory > 1 << 28
        assert capacity.runners > 1
        assert capacity.facts

    async def test_no_descriptor_is_left(self, stage: Stage) -> None:
        await stage.backend.stop((await stage.runner(":")).id)
        before = _descriptors()
        for _ in range(3):
            runner = await stage.runner(":")
            await run(runner)
            await stage.backend.stop(runner.id)
        assert _descriptors() == before


def _size(path: Path) -> int:
    with contextlib.suppress(FileNotFoundError):
        return path.stat().st_size
    return 0


def _descriptors() -> int:
    return sum(1 for _ in Path("/proc/self/fd").iterdir())
