"""Real `sh` scripts under a supervisor: what they leave harms only themselves."""

import asyncio
import time

import pytest

from statuette.events.event import Event, EventKind
from statuette.events.jobs import Outcome

COPY = 'cp "$INPUT_FILE_PATH" "$TMP_OUTPUT_DIR/result"; echo copied; echo note >&2'


async def test_a_script_copies_its_input(real):
    report, kept = await real.serve(COPY)
    assert (report.outcome, report.exit_code) == (Outcome.PUBLISHED, 0)
    assert real.objects.kept["out/result"] == b"hello"
    assert sorted((await real.log()).split()) == [b"copied", b"note"]
    assert kept is True
    assert list((real.folder / "sealed").iterdir()) == []


async def test_job_after_job_in_one_runner_meets_nothing_of_the_last(real):
    runner = await real.stage.runner(
        'ls "$TMP_INPUT_DIR" "$TMP_OUTPUT_DIR" > "$TMP_OUTPUT_DIR/$(basename "$INPUT_FILE_PATH")"'
    )
    for number in range(5):
        real.add(runner, name=f"job-{number}")
    real.work.finished()
    assert await real.supervisor.serve(runner) is True
    assert {report.outcome for _, report in real.work.reports} == {Outcome.PUBLISHED}
    assert b"job-3" not in real.objects.kept["out/job-4"]


async def test_a_failing_script_is_a_failure_with_its_reason(real):
    report, _ = await real.serve("echo no such model >&2; touch $TMP_OUTPUT_DIR/half; exit 3")
    assert (report.outcome, report.exit_code) == (Outcome.SCRIPT_FAILED, 3)
    assert report.reason.endswith("exit code 3: no such model")
    assert "out/half" not in real.objects.kept


async def test_a_time_out_ends_the_script_and_its_children(real):
    begun = time.monotonic()
    report, _ = await real.serve("sleep 100 & sleep 100", timeout=0.5)
    assert report.outcome is Outcome.TIMED_OUT
    assert time.monotonic() - begun < 10


async def test_traps_in_the_output_folder_are_left_out(real):
    script = """
    cd "$TMP_OUTPUT_DIR"
    ln -s /etc/passwd link; ln -s / root; mkfifo fifo; mkdir -p a/b; echo good > a/b/good; chmod 0 a/b/good a
    mkdir "$TMP_INPUT_DIR/x"; ln -s / "$TMP_INPUT_DIR/y"
    """
    report, kept = await real.serve(script)
    assert report.outcome is Outcome.PUBLISHED
    assert [key for key in real.objects.kept if key.startswith("out/")] == ["out/a/b/good"]
    assert b"output 'link' is a symbolic link" in await real.log()
    assert kept is True


async def test_a_process_left_behind_writes_nothing_into_what_is_published(real):
    script = """
    (trap '' TERM HUP INT; while :; do echo late >> "$TMP_OUTPUT_DIR/result"; sleep 0.01; done) >/dev/null 2>&1 &
    echo early > "$TMP_OUTPUT_DIR/result"
    """
    report, _ = await real.serve(script)
    assert report.outcome is Outcome.PUBLISHED
    manifest = real.work.commits["job-1"].manifest
    assert manifest.entries[0].size == len(real.objects.kept["out/result"])


async def test_twenty_thousand_files_are_bad_output(real):
    report, _ = await real.serve('cd "$TMP_OUTPUT_DIR"; seq 20000 | xargs touch', timeout=60.0)
    assert report.outcome is Outcome.BAD_OUTPUT
    assert "more than 10000" in report.reason


async def test_a_cancelled_job_is_over_at_once(real):
    runner = await real.stage.runner("sleep 100")
    lease = real.add(runner, timeout=0.0)
    serving = asyncio.create_task(real.supervisor.serve(runner))
    await asyncio.sleep(0.5)
    real.work.withdraw(lease)
    real.work.finished()
    await asyncio.wait_for(serving, 10)
    assert real.work.reports[-1][1].outcome is Outcome.CANCELLED


async def test_a_manager_that_ends_gets_its_job_back(real):
    runner = await real.stage.runner("sleep 100")
    real.add(runner)
    serving = asyncio.create_task(real.supervisor.serve(runner))
    await asyncio.sleep(0.5)
    serving.cancel()
    assert await asyncio.wait_for(serving, 10) is False
    assert real.work.reports[-1][1].outcome is Outcome.RETURNED


@pytest.mark.parametrize("size", [0, 50_000, 200_000])
async def test_a_json_event_of_any_size_arrives(real, size):
    document = '{"x": "' + "'" * size + '"}'
    script = 'if [ -n "$EVENT_FILE" ]; then cat "$EVENT_FILE"; else printf %s "$EVENT"; fi > "$TMP_OUTPUT_DIR/event"'
    await real.serve(script, event=Event(kind=EventKind.JSON, payload=document.encode()))
    assert real.objects.kept["out/event"] == document.encode()
