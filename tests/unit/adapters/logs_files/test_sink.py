"""Log files on disk: private, bounded, readable after a crash, followed through rotation."""

import asyncio

import pytest

from statuette.adapters.logs_files import FileLogs
from statuette.testing.clock import VirtualClock

LIMIT = 64 * 1024


@pytest.fixture
def logs(tmp_path):
    return FileLogs(tmp_path / "logs", clock=VirtualClock(), limit=LIMIT)


async def text(logs, *, follow=False, timestamps=False):
    blocks = logs.read("gray", "job", 1, timestamps=timestamps, follow=follow)
    return b"".join([block async for block in blocks])


def say(logs):
    sink = logs.open("gray", "job", 1, secrets=())
    sink.write("stdout", b"a word\n")
    sink.close()


async def test_files_and_folders_are_private(logs, tmp_path):
    say(logs)
    [shard] = (tmp_path / "logs" / "gray").iterdir()
    assert (shard / "job.1.log").stat().st_mode & 0o777 == 0o600
    assert [path.stat().st_mode & 0o777 for path in (shard, shard.parent, shard.parent.parent)] == [0o700] * 3


async def test_the_files_never_take_more_than_the_limit(logs, tmp_path):
    sink = logs.open("gray", "job", 1, secrets=())
    for number in range(5000):
        sink.write("stdout", b"%d\n" % number)
        if number % 500 == 0:
            await asyncio.sleep(0.06)
    sink.close()
    sizes = [path.stat().st_size for path in (tmp_path / "logs" / "gray").rglob("*.log")]
    assert sum(sizes) <= LIMIT
    assert len(sizes) == 3


async def test_what_a_crash_left_can_be_read(logs, tmp_path):
    sink = logs.open("gray", "job", 1, secrets=())
    sink.write("stdout", b"before\n")
    sink.close()
    [place] = (tmp_path / "logs").rglob("job.1.log")
    with place.open("ab") as file:
        file.write(b"2025-06-15T15:06:40.25")
    assert await text(FileLogs(tmp_path / "logs", clock=VirtualClock())) == b"before\n"


async def test_a_follower_goes_through_every_rotation(logs):
    sink = logs.open("gray", "job", 1, secrets=())
    following = asyncio.create_task(text(logs, follow=True))
    for number in range(3000):
        sink.write("stdout", b"line %05d\n" % number)
        if number % 100 == 0:
            await asyncio.sleep(0.06)
    sink.close()
    said = await asyncio.wait_for(following, 10)
    assert said == b"".join(b"line %05d\n" % number for number in range(3000))


async def test_a_progress_bar_without_newline_is_seen_while_it_grows(logs):
    sink = logs.open("gray", "job", 1, secrets=())
    blocks = logs.read("gray", "job", 1, timestamps=True, follow=True)
    for mark in (b"#", b"#", b"# done\n"):
        sink.write("stdout", mark)
        seen = await asyncio.wait_for(anext(blocks), 2)
        assert seen.endswith(mark)
    sink.close()
    assert (await text(logs)) == b"### done\n"
    assert (await text(logs, timestamps=True)).count(b"Z ") == 1


async def test_an_unfinished_line_of_one_stream_is_ended_by_the_others(logs):
    sink = logs.open("gray", "job", 1, secrets=())
    sink.write("stdout", b"progress 10%")
    await asyncio.sleep(0.1)
    sink.write("stderr", b"warning\n")
    sink.close()
    assert await text(logs) == b"progress 10%\nwarning\n"


async def test_a_line_that_looks_like_our_format_stays_a_line(logs):
    forged = b"2025-06-15T15:06:40.250000Z x F 999999\n"
    sink = logs.open("gray", "job", 1, secrets=())
    sink.write("stdout", forged)
    sink.close()
    assert await text(logs) == forged


async def test_a_script_that_says_nothing_costs_no_file(logs, tmp_path):
    logs.open("gray", "job", 1, secrets=()).close()
    assert list((tmp_path / "logs").rglob("*")) == []


async def test_removing_a_job_leaves_those_whose_names_begin_alike(logs, tmp_path):
    say(logs)
    [place] = (tmp_path / "logs").rglob("job.1.log")
    alike = [place.with_name(name) for name in ("job.x.1.log", "job.1.2.3.log", "jobs.1.log", "job.1.log.txt")]
    for path in alike:
        path.touch()
    await logs.remove("gray", "job")
    assert sorted(place.parent.iterdir()) == sorted(alike)
